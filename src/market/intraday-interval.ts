/** Lengths of time windows, and the parts of a trading day that no such window mixes. */

export type IntradayInterval = '1s' | '1m' | '5m' | '15m' | '30m' | '1h' | '2h' | '4h';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Length of each interval, shortest first. */
export const INTRADAY_MS: Readonly<Record<IntradayInterval, number>> = {
  '1s': SECOND_MS,
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '4h': 4 * HOUR_MS,
};

export const INTRADAY_INTERVALS = Object.keys(INTRADAY_MS) as readonly IntradayInterval[];

/** Intervals of the bars that a vendor sends. */
export type VendorBarInterval = '1s' | '1m';

/** The interval of a live bar: a time window, or the whole session. */
export type LiveInterval = IntradayInterval | '1d';

/** Stretches of a trading day, in the order of time. `rth`: regular trading hours. */
export type Part = 'overnight' | 'pre' | 'rth' | 'post';

/**
 * Where time windows begin. `session`: at the open, and for each other part at its own beginning; the last one is cut
 * at the end of its part. `clock`: at midnight in New York, whatever part that is, as the vendor's hours do.
 */
export type Alignment = 'session' | 'clock';
