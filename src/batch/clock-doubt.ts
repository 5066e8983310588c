import { type InstantMs, MS_PER_DAY } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';

/**
 * The newest commit may be this much later than the clock: clocks of two machines differ, and commits that come quickly
 * get an instant a millisecond after the one before.
 */
export const CLOCKS_APART_MS_MAX = 10 * 60_000;
/** A lake may rest this long before the clock is doubted: a season in which nobody ran it. */
export const PAUSE_DAYS_MAX = 100;

/** Evidence in the lake against the clock. */
export interface ClockDoubt {
  /** `behind`: there are commits of the future, so a clock was ahead or this one is behind. `ahead`: a long jump. */
  readonly kind: 'behind' | 'ahead';
  /** The newest commit of any table. */
  readonly newestMs: InstantMs;
}

/** Compares the clock with the newest commit of a lake. Undefined if there is no reason to doubt it. */
export async function doubtOfClock(lake: Lake, nowMs: InstantMs): Promise<ClockDoubt | undefined> {
  const newestMs = await newestCommitMs(lake);
  if (newestMs === undefined) return undefined;
  if (newestMs > nowMs + CLOCKS_APART_MS_MAX) return { kind: 'behind', newestMs };
  return nowMs > newestMs + PAUSE_DAYS_MAX * MS_PER_DAY ? { kind: 'ahead', newestMs } : undefined;
}

/** Tables whose log is damaged are left out: whoever needs them says so. */
async function newestCommitMs(lake: Lake): Promise<InstantMs | undefined> {
  let newestMs: InstantMs | undefined;
  for (const table of await lake.knownTables()) {
    try {
      const timestampMs = (await table.head())?.timestampMs;
      if (timestampMs !== undefined) newestMs = Math.max(newestMs ?? timestampMs, timestampMs);
    } catch (cause) {
      if (!(cause instanceof CondvestError) || cause.kind !== 'corrupt') throw cause;
    }
  }
  return newestMs;
}
