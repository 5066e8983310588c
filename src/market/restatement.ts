import type { InstantMs, IsoDate } from '#base/dates.ts';
import { BAR_FIELDS, type BarField, type DailyBar } from './bar.ts';

/** `settlement` while the session was provisional, `restatement` after it had settled. */
export type RestatementKind = 'settlement' | 'restatement';

/** A value of a daily bar that changed after it first arrived: a row of `bronze/restatements` without its version. */
export interface Restatement {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly kind: RestatementKind;
  readonly field: BarField;
  readonly old: number | null;
  readonly new: number | null;
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
  return BAR_FIELDS.filter((field) => before[field] !== after[field]).map((field) => ({
    symbol: after.symbol,
    session: after.session,
    kind,
    field,
    old: before[field],
    new: after[field],
    seenAtMs: after.fetchedAtMs,
  }));
}
