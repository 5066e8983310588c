import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import { RESTORED } from '#lake/restore.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { CommitRecord, Table } from '#lake/table.ts';
import { SESSIONS } from '#lake/tables.ts';

import { type LedgerReading, readLedger } from './ledger.ts';

/** Restores of a table that the ledger has not followed yet, read from the logs. */

/**
 * Returns the restores of a table after the one that the ledger has followed, newest first: more than one only if
 * processes died between a restore and its entry in the ledger.
 */
export async function pendingRestores(
  table: Table,
  head: Snapshot,
  followed: number | undefined,
): Promise<CommitRecord[]> {
  const pending: CommitRecord[] = [];
  let version = head.txns.get(RESTORED);
  while (version !== undefined && version > (followed ?? -1)) {
    const commit = await readable(async () => (await Array.fromAsync(table.commits(version ?? 0, version ?? 0)))[0]);
    if (commit === undefined) break;
    pending.push(commit);
    version = (await readable(() => table.at({ version: commit.version - 1 })))?.txns.get(RESTORED);
  }
  return pending;
}

/** Returns the commits that a restore has undone and that changed data, oldest first, as far as the log still has them. */
export function undoneCommits(table: Table, restore: CommitRecord): AsyncGenerator<CommitRecord> {
  return dataCommits(table, (restoredVersion(restore) ?? -1) + 1, restore.version - 1);
}

/** Returns the commits of these versions that changed data, oldest first, as far as the log still has them. */
export async function* dataCommits(table: Table, from: number, to: number): AsyncGenerator<CommitRecord> {
  try {
    for await (const commit of table.commits(from, to)) if (commit.dataChange) yield commit;
  } catch (cause) {
    if (!isForgotten(cause)) throw cause;
  }
}

/** Returns the version that a restore went back to; undefined if it emptied the table. */
export function restoredVersion({ info }: CommitRecord): number | undefined {
  const version = info.operationParameters?.['version'];
  return typeof version === 'number' ? version : undefined;
}

/**
 * Returns the ledger as it was before a commit of a table that it follows. At the very instant of the commit, it may
 * speak of the commit itself. Undefined if it can no longer be read.
 */
export function ledgerBefore(lake: Lake, commitMs: InstantMs): Promise<LedgerReading | undefined> {
  return readable(async () => readLedger(lake, await lake.table(SESSIONS).at({ asOfMs: commitMs - 1 })));
}

/** Returns undefined for what is no longer in a log. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (!isForgotten(cause)) throw cause;
    return undefined;
  }
}

function isForgotten(cause: unknown): boolean {
  return cause instanceof CondvestError && FORGOTTEN.has(cause.code);
}

const FORGOTTEN: ReadonlySet<string> = new Set(['lake-commit-missing', 'lake-as-of-too-old']);
