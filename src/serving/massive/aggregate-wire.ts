import { newYorkMidnight } from '#market/calendar/new-york-midnight.ts';
import type { Grain, SeriesBar } from '../read/bar-series.ts';
import type { Aggregate } from './shapes/aggregates.ts';

/** Returns how bars of a grain are written. */
export function wireOf({ unit }: Grain): (bar: SeriesBar) => Aggregate {
  return unit === 'session' ? sessionBar : calendarBar;
}

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
function sessionBar(bar: SeriesBar): Aggregate {
  const { last, rows, isPartial } = bar;
  return { ...calendarBar(bar), end: newYorkMidnight(last), sessions: rows, partial: isPartial };
}
