import type { InstantMs, IsoDate } from '#base/dates.ts';

/** The values of a bar, whatever span it covers. Prices in US dollars, volume in shares. */
export interface BarValues {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Shares; zero is allowed, with a warning. Fractional only after a split was applied. */
  readonly volume: number;
  /** Volume-weighted average price; null if the vendor gave none. */
  readonly vwap: number | null;
  /** Number of trades; null if the vendor gave none. */
  readonly trades: number | null;
}

export type BarField = keyof BarValues;

/** The fields of `BarValues`, in the order in which tables and reports show them. */
export const BAR_FIELDS: readonly BarField[] = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'];

/** Values of a bar of which any may be unknown. */
export type MaybeBarValues = { readonly [Field in BarField]: number | null };

/** Bars as columns, one a field: the values of many symbols without an object for each. */
export type BarColumns = { readonly [Field in BarField]: readonly BarValues[Field][] };

/** One bar of one symbol and session, as traded: a row of `bronze/daily_bars`. */
export interface DailyBar extends BarValues {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly source: string | null;
  /** When these values first arrived. */
  readonly fetchedAtMs: InstantMs;
}

/**
 * Returns the values on another share basis, with dividends reinvested if `priceFactor` includes them. Trades stay the
 * same.
 */
export function scaled<T extends BarValues>(bar: T, priceFactor: number, volumeFactor: number): T {
  if (priceFactor === 1 && volumeFactor === 1) return bar;
  return {
    ...bar,
    open: bar.open * priceFactor,
    high: bar.high * priceFactor,
    low: bar.low * priceFactor,
    close: bar.close * priceFactor,
    volume: bar.volume * volumeFactor,
    vwap: bar.vwap === null ? null : bar.vwap * priceFactor,
  };
}
