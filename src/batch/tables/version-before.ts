import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { CommitRecord } from '#lake/table.ts';
import { DAILY_BARS } from '#lake/tables.ts';

/** Commits searched. */
const COMMITS_MAX = 1000;

/**
 * Returns the version of the daily bars before the first commit that meets a condition; -1 before the very first one,
 * undefined if it is not among the last commits.
 */
export async function versionBefore(
  lake: Lake,
  { version }: Snapshot,
  isIt: (commit: CommitRecord) => boolean,
): Promise<number | undefined> {
  for await (const commit of lake.table(DAILY_BARS).commits(Math.max(0, version - COMMITS_MAX), version)) {
    if (isIt(commit)) return commit.version - 1;
  }
  return undefined;
}
