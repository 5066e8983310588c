import type { InstantMs } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';

import type { DeltaLog } from './log.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Readable versions of a table. The log describes each one from its oldest checkpoint on, and vacuum records, before it
 * deletes, the oldest version whose files it spares.
 */

/**
 * Application id under which vacuum records that version: a `txn` survives checkpoints and changes only in a commit.
 */
export const OLDEST_READABLE = 'condvest:oldest-readable';

/**
 * Returns the last version that is not later than the instant; undefined if the table is younger. Throws if it is gone.
 */
export async function versionAsOf(log: DeltaLog, head: Snapshot, asOfMs: InstantMs): Promise<number | undefined> {
  if (asOfMs >= head.timestampMs) return head.version;
  const oldest = (await log.span())?.oldest ?? 0;
  const found = await lastNotLater(log, oldest, head.version, asOfMs);
  if (found === undefined && oldest === 0) return undefined;
  if (found === undefined || found < oldestReadable(head)) {
    throw await tooOld(log, head, new Date(asOfMs).toISOString());
  }
  return found;
}

/** Returns `version` if the table has it and can still read it. */
export async function versionChecked(log: DeltaLog, head: Snapshot, version: number): Promise<number> {
  if (!Number.isSafeInteger(version) || version < 0 || version > head.version) {
    throw new UsageError({
      code: 'lake-version-unknown',
      message: `Table ${log.table} has no such version`,
      found: String(version),
      allowed: `0 to ${head.version}`,
    });
  }
  if (version < oldestReadable(head)) throw await tooOld(log, head, `version ${version}`);
  return version;
}

export async function tooOld(log: DeltaLog, head: Snapshot, found: string): Promise<UsageError> {
  const oldest = Math.max((await log.span())?.oldest ?? 0, oldestReadable(head));
  const oldestMs = await log.timestampOf(oldest);
  const since = oldestMs === undefined ? '' : `, which is ${new Date(oldestMs).toISOString()} or later`;
  return new UsageError({
    code: 'lake-as-of-too-old',
    message: `Table ${log.table} can no longer be read as of then`,
    found,
    allowed: `version ${oldest} or later${since}`,
  });
}

export function oldestReadable(head: Snapshot): number {
  return head.txns.get(OLDEST_READABLE) ?? 0;
}

/**
 * Returns the last of the versions `oldest` to `newest` that is not later than the instant, or undefined if all are
 * later. Commit instants increase strictly with the version, so a binary search works.
 */
export async function lastNotLater(
  log: DeltaLog,
  oldest: number,
  newest: number,
  instantMs: InstantMs,
): Promise<number | undefined> {
  let low = oldest - 1;
  let high = newest + 1;
  // No version up to `low` is later; every version from `high` on is.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const middleMs = await log.timestampOf(middle);
    // Only the oldest can lack its commit file (its checkpoint is enough to read it); its instant is then unknown.
    if (middleMs !== undefined && middleMs <= instantMs) low = middle;
    else if (middleMs === undefined && middle > oldest) low = middle;
    else high = middle;
  }
  return low < oldest ? undefined : low;
}
