import type { InstantMs } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';

import type { DeltaLog } from './log.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Which versions of a table can be read again. The log says what each was made of, from its oldest checkpoint on; and vacuum
 * records, before it deletes, the oldest version whose files it spares.
 */

/** Application id under which vacuum records that version: a `txn` survives checkpoints and moves only in a commit. */
export const OLDEST_READABLE = 'condvest:oldest-readable';

/** The last version that is not later than the instant; undefined where the table is younger. Throws where it is gone. */
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

/** `version` itself, where it is one that this table has and can still read. */
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
    message: `Table ${log.table} can no longer be read as it was then`,
    found,
    allowed: `version ${oldest} or later${since}`,
  });
}

export function oldestReadable(head: Snapshot): number {
  return head.txns.get(OLDEST_READABLE) ?? 0;
}

/**
 * The last of the versions `oldest` to `newest` that is not later than the instant, undefined where all are later. Commit
 * instants rise strictly with the version, so it takes as many reads as the count of versions has binary digits.
 */
export async function lastNotLater(
  log: DeltaLog,
  oldest: number,
  newest: number,
  instantMs: InstantMs,
): Promise<number | undefined> {
  let low = oldest - 1;
  let high = newest + 1;
  // No version up to `low` is later, every version from `high` on is.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const middleMs = await log.timestampOf(middle);
    // Only the oldest can lack its commit file (its checkpoint is enough to read it), and then its instant is unknown.
    if (middleMs !== undefined && middleMs <= instantMs) low = middle;
    else if (middleMs === undefined && middle > oldest) low = middle;
    else high = middle;
  }
  return low < oldest ? undefined : low;
}
