import { newYorkMidnight } from '#market/calendar/new-york-midnight.ts';
import type { SeriesBar } from '../read/bar-series.ts';
import type { Aggregate } from './shapes/aggregates.ts';

/** A bar of a window of calendar time, as the vendor writes it. */
export function calendarBar({ open, high, low, close, volume, vwap, trades, first }: SeriesBar): Aggregate {
  return {
    v: volume,
    vw: vwap ?? undefined,
    o: open,
    c: close,
    h: high,
    l: low,
    t: newYorkMidnight(first),
    n: trades ?? undefined,
  };
}

/** A bar of a window of sessions: the same, and what the window is. */
export function sessionBar(bar: SeriesBar): Aggregate {
  const { last, rows, isPartial } = bar;
  return { ...calendarBar(bar), end: newYorkMidnight(last), sessions: rows, partial: isPartial };
}
