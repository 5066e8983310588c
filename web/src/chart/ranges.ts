import { minusMonths, plusDays, weekdaysBetween } from '../format.ts';
import type { ChartAddress } from './chart-address.ts';

/** The part of a security's history that a chart shows. */

export const RANGES = [
  { name: '6m', label: '6M', accessibleName: '6 months', months: 6 },
  { name: '1y', label: '1Y', accessibleName: '1 year', months: 12 },
  { name: '3y', label: '3Y', accessibleName: '3 years', months: 36 },
  { name: '5y', label: '5Y', accessibleName: '5 years', months: 60 },
  { name: 'all', label: 'All', accessibleName: 'All bars', months: Number.POSITIVE_INFINITY },
] as const;

export type RangeName = (typeof RANGES)[number]['name'];

/** Dates in sight, inclusive. An undefined end is the newest bar; two are the newest bars at a readable width. */
export interface DateSpan {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** First and last session of a security's bars. */
export interface History {
  readonly first: string;
  readonly last: string;
}

/** The span that a chart's address asks for. A named range counts back from the last bar. */
export function spanOf({ range, from, to }: ChartAddress, history: History | undefined): DateSpan {
  if (range === undefined) return { from, to };
  const months = RANGES.find(({ name }) => name === range)?.months ?? 12;
  if (history === undefined) return { from: undefined, to: undefined };
  const start = Number.isFinite(months) ? minusMonths(history.last, months) : history.first;
  return { from: start < history.first ? history.first : start, to: undefined };
}

export const INTERVALS = [1, 3, 5, 8, 13, 21, 34] as const;

/** Narrowest spacing at which bars can still be told apart. */
const BAR_PX_MIN = 2;

/** The shortest interval, but none shorter than `interval`, whose bars of a whole history fit a chart of this width. */
export function fittingInterval({ first, last }: History, interval: number, widthPx: number): number {
  const sessions = weekdaysBetween(first, last);
  const fits = (n: number): boolean => (sessions / n) * BAR_PX_MIN <= widthPx;
  return INTERVALS.find((n) => n >= interval && fits(n)) ?? Math.max(interval, INTERVALS.at(-1) ?? interval);
}

/** Fewest bars to load at once. */
const BARS_MIN = 400;
/** The server's limit. */
const BARS_MAX = 20_000;
/** Bars loaded on either side of those in sight. */
const MARGIN_BARS = 120;

/** A request for the bars of a span: the newest `limit` up to a date. */
export interface BarsPart {
  readonly to: string | undefined;
  readonly limit: number;
}

/**
 * The bars to load for a span: those in sight, some on either side, and those that indicators need before them.
 *
 * @param warmUp Bars that the indicators need before the first one in sight.
 * @param last Last published session.
 */
export function partFor(span: DateSpan, interval: number, warmUp: number, last: string): BarsPart {
  const margin = plusDays(span.to ?? last, Math.ceil((MARGIN_BARS * interval * 7) / 5));
  const to = span.to === undefined || margin >= last ? undefined : margin;
  const inSight = span.from === undefined ? 0 : Math.ceil(weekdaysBetween(span.from, to ?? last) / interval);
  return { to, limit: Math.min(BARS_MAX, Math.max(BARS_MIN, inSight + MARGIN_BARS) + warmUp) };
}

export const everythingUpTo = (to: string | undefined): BarsPart => ({ to, limit: BARS_MAX });
