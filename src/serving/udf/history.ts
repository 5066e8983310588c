import type { HistoryShape } from './shapes.ts';

/** The bars of one symbol and resolution, column by column, ascending. Immutable. */
export interface ChartSeries {
  /** Time of the bar: its first trading day at 00:00 UTC, Unix seconds. */
  readonly times: Float64Array;
  /** The last day of the bar at 00:00 UTC, Unix seconds. */
  readonly lastDays: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  /** Sessions that went into the bar. */
  readonly rows: Uint16Array;
  /** 1 for bars whose values will still change: more sessions come into them. */
  readonly partial: Uint8Array;
}

export interface HistoryRequest {
  /** Unix seconds; `to` is not included. */
  readonly from: number;
  readonly to: number;
  /** So many bars before `to`, wherever `from` lies. */
  readonly countback: number | undefined;
}

/**
 * The part of a series that a chart asks for.
 *
 * With `countback` it is that many bars before `to`, fewer where there are no more; `from` is of no matter then. Without it,
 * what lies in [from, to). An empty part is `no_data`: with the time of the newest bar before `from`, to which the chart goes
 * on; without one where there is nothing older, after which it asks no more.
 */
export function sliceHistory(series: ChartSeries, { from, to, countback }: HistoryRequest): HistoryShape {
  const end = firstNotBefore(series.times, to);
  const first = firstNotBefore(series.times, from);
  const start = countback === undefined ? Math.min(first, end) : Math.max(0, end - countback);
  if (start < end) {
    const part = (column: Float64Array): number[] => [...column.subarray(start, end)];
    const { times, open, high, low, close, volume } = series;
    return { s: 'ok', t: part(times), o: part(open), h: part(high), l: part(low), c: part(close), v: part(volume) };
  }
  // With `countback`, an empty part means that there is nothing before `to`.
  const before = countback === undefined ? series.times[first - 1] : undefined;
  return before === undefined ? { s: 'no_data' } : { s: 'no_data', nextTime: before };
}

/** The index of the first time that is not before `time`; the length where all are. */
export function firstNotBefore(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
