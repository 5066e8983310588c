import type { InstantMs, IsoDate } from '#base/dates.ts';
import { BAR_FIELDS, type BarField, type DailyBar } from './bar.ts';

/**
 * `settlement` while the session was provisional, `restatement` after it had settled; `restore` if a person restored an
 * earlier version of the bars.
 */
export type RestatementKind = 'settlement' | 'restatement' | 'restore';

/** A value of a daily bar that changed after it first arrived: a row of `bronze/restatements` without its version. */
export interface Restatement {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly kind: RestatementKind;
  readonly field: BarField;
  readonly old: number | null;
  readonly new: number | null;
  /** When the new value first arrived; of a restored one, when it was restored. */
  readonly seenAtMs: InstantMs;
}

/**
 * Returns the values in which a new row differs from the one it replaced, in column order. `wasSettled`: the session
 * was settled in the ledger before; a value confirmed by the settling fetch was final even if it had arrived earlier.
 */
export function restatementsOf(
  before: DailyBar,
  after: DailyBar,
  settlesAtMs: InstantMs,
  wasSettled = false,
): Restatement[] {
  const kind = before.fetchedAtMs < settlesAtMs && !wasSettled ? 'settlement' : 'restatement';
  return differences(before, after, kind, after.fetchedAtMs);
}

/** Returns the values in which a restored row differs from the one in whose place it is back. */
export function restoredValues(before: DailyBar, after: DailyBar, restoredAtMs: InstantMs): Restatement[] {
  return differences(before, after, 'restore', restoredAtMs);
}

function differences(before: DailyBar, after: DailyBar, kind: RestatementKind, seenAtMs: InstantMs): Restatement[] {
  return BAR_FIELDS.filter((field) => before[field] !== after[field]).map((field) => ({
    symbol: after.symbol,
    session: after.session,
    kind,
    field,
    old: before[field],
    new: after[field],
    seenAtMs,
  }));
}
