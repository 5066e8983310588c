import type { IsoDate } from '#base/dates.ts';
import type { MaybeBarValues } from './bar.ts';
import type { Calendar } from './calendar/calendar.ts';
import type { AppliedSplit } from './corporate-actions.ts';

/**
 * Reasons for rejecting a daily row. A row is accepted as is, or quarantined with the first reason that applies, in
 * this order; nothing is silently dropped or repaired. `duplicate with other values` is found by comparing rows of one
 * import and comes last.
 */
export const QUARANTINE_REASONS = [
  'missing or non-finite field',
  'price not positive',
  'low or high out of order',
  'negative volume',
  'not a session',
  'session in the future',
  'malformed symbol',
  'duplicate with other values',
] as const;

export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** A row as received, with its values cast to their types if possible. */
export interface RawDailyRow extends MaybeBarValues {
  readonly symbol: string | null;
  readonly session: IsoDate | null;
}

export interface DailyRowRules {
  readonly calendar: Calendar;
  /** The newest session that may have a bar. */
  readonly lastSession: IsoDate;
}

/**
 * A letter, then up to 19 letters, digits, dots, slashes or hyphens: `BRK.B`, `BACpB`, `ABC.WS`. Vendors mark share
 * classes and preferred stock with lower-case letters and dots, so case matters.
 */
export const SYMBOL_PATTERN = '[A-Za-z][A-Za-z0-9./-]{0,19}';

const SYMBOL = new RegExp(`^${SYMBOL_PATTERN}$`);

export function isSymbol(text: string): boolean {
  return SYMBOL.test(text);
}

/** A larger number is not a count: it is indistinguishable from its neighbors, and no column can hold it. */
export const TRADES_MAX = Number.MAX_SAFE_INTEGER;

/** Returns the reason for rejecting a row, or undefined if it is accepted. */
export function rejectionOf(row: RawDailyRow, rules: DailyRowRules): QuarantineReason | undefined {
  const { symbol, session, open, high, low, close, volume, vwap, trades } = row;
  if (
    symbol === null ||
    session === null ||
    open === null ||
    high === null ||
    low === null ||
    close === null ||
    volume === null ||
    ![open, high, low, close, volume, vwap ?? 0, trades ?? 0].every(Number.isFinite) ||
    Math.abs(trades ?? 0) > TRADES_MAX
  ) {
    return 'missing or non-finite field';
  }
  if (Math.min(open, high, low, close) <= 0) return 'price not positive';
  // Vendors write 0 for the average price of no shares.
  if (vwap !== null && (vwap < 0 || (vwap === 0 && volume > 0))) return 'price not positive';
  if (low > open || low > close || high < open || high < close) return 'low or high out of order';
  if (volume < 0 || (trades !== null && trades < 0)) return 'negative volume';
  if (!rules.calendar.isSession(session)) return 'not a session';
  if (session > rules.lastSession) return 'session in the future';
  return isSymbol(symbol) ? undefined : 'malformed symbol';
}

/** A warning about an accepted row. Reported once per symbol and session. */
export interface QualityWarning {
  readonly kind: 'jump-without-split' | 'split-without-jump';
  readonly symbol: string;
  readonly session: IsoDate;
  /** The finding, in words with its figures. */
  readonly detail: string;
}

/** A session whose rows differ from its neighbors' median by more than this fraction raises a warning. */
const OFF_MEDIAN_SHARE = 0.1;

export function isOffMedian(rows: number, median: number | null): boolean {
  return median !== null && Math.abs(rows - median) > OFF_MEDIAN_SHARE * median;
}

/** A close outside these multiples of the previous close is a jump. */
export const JUMP_UP = 1.8;
export const JUMP_DOWN = 0.55;
/** A split outside these ratios must show in the prices. */
const VISIBLE_SPLIT_UP = 1.25;
const VISIBLE_SPLIT_DOWN = 0.8;

/** A close of a security, and the one before it. */
export interface PriceStep {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly close: number;
  readonly sessionBefore: IsoDate;
  readonly closeBefore: number;
}

/**
 * Returns whether the splits between two closes show in the prices: undoing them makes the step smaller. Undefined if there
 * are none, or if their ratio is too close to 1 to tell. A split during a halt shows at the first bar after it.
 */
export function splitShows(step: PriceStep, splits: readonly AppliedSplit[]): boolean | undefined {
  const ratio = ratioBetween(step, splits);
  if (ratio === undefined || (ratio <= VISIBLE_SPLIT_UP && ratio >= VISIBLE_SPLIT_DOWN)) return undefined;
  const change = step.close / step.closeBefore;
  return Math.abs(Math.log(change * ratio)) <= Math.abs(Math.log(change));
}

function ratioBetween({ sessionBefore, session }: PriceStep, splits: readonly AppliedSplit[]): number | undefined {
  const between = splits.filter(({ exDate }) => sessionBefore < exDate && exDate <= session);
  if (between.length === 0) return undefined;
  return between.reduce((product, { splitFrom, splitTo }) => product * (splitTo / splitFrom), 1);
}

/** Returns the warning about a step between two raw closes of a security, given its splits. */
export function warningOfStep(step: PriceStep, splits: readonly AppliedSplit[]): QualityWarning | undefined {
  const { symbol, session, close, closeBefore } = step;
  const ratio = ratioBetween(step, splits);
  if (ratio === undefined) {
    const change = close / closeBefore;
    if (change <= JUMP_UP && change >= JUMP_DOWN) return undefined;
    const detail = `close ${closeBefore} → ${close}, ${change.toFixed(3)}×, and no split`;
    return { kind: 'jump-without-split', symbol, session, detail };
  }
  if (splitShows(step, splits) !== false) return undefined;
  const detail = `split of ratio ${ratio}, but close ${closeBefore} → ${close}`;
  return { kind: 'split-without-jump', symbol, session, detail };
}
