import { href } from '../address.ts';
import type { Adjust } from '../api/wire.ts';
import { formatIndicator, type Indicator, parseIndicators } from './indicators.ts';
import { INTERVALS, RANGES, type RangeName } from './ranges.ts';

/** Chart state as URL parameters. Invalid parameters fall back to their defaults. */

export interface ChartAddress {
  /** Undefined if the page picks one. */
  readonly symbol: string | undefined;
  /** Sessions per bar. */
  readonly interval: number;
  readonly adjust: Adjust;
  /** Named range in sight, up to the last bar. Takes the place of `from` and `to`. */
  readonly range: RangeName | undefined;
  /** First and last date in sight, inclusive. Undefined for the newest bars. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** The day on which the security had the symbol; undefined for today. */
  readonly at: string | undefined;
  readonly indicators: readonly Indicator[];
  /** Logarithmic price scale. */
  readonly isLogarithmic: boolean;
  /** Shows the data as it was known on this date. */
  readonly asOf: string | undefined;
}

const ADJUSTS: readonly string[] = ['raw', 'split', 'total'];
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function readChart(query: URLSearchParams): ChartAddress {
  const interval = Number(/^(\d+)d?$/i.exec(query.get('interval') ?? '')?.[1] ?? 1);
  const adjust = query.get('adjust') ?? '';
  const range = RANGES.find(({ name }) => name === query.get('range'))?.name;
  let [from, to] = range === undefined ? [dateOf(query.get('from')), dateOf(query.get('to'))] : [];
  if (from !== undefined && to !== undefined && from > to) [from, to] = [to, from];
  return {
    symbol: query.get('symbol')?.trim() || undefined,
    interval: (INTERVALS as readonly number[]).includes(interval) ? interval : 1,
    adjust: ADJUSTS.includes(adjust) ? (adjust as Adjust) : 'split',
    range,
    from,
    to,
    at: dateOf(query.get('at')),
    indicators: parseIndicators(query.get('indicators')),
    isLogarithmic: query.get('scale') === 'log',
    asOf: dateOf(query.get('as_of')),
  };
}

export function writeChart({
  symbol,
  interval,
  adjust,
  range,
  from,
  to,
  at,
  indicators,
  isLogarithmic,
  asOf,
}: ChartAddress): string {
  return href('chart', {
    symbol,
    interval: interval === 1 ? undefined : `${interval}d`,
    adjust: adjust === 'split' ? undefined : adjust,
    range,
    from,
    to,
    at,
    indicators: indicators.map(formatIndicator).join(','),
    scale: isLogarithmic ? 'log' : undefined,
    as_of: asOf,
  });
}

function dateOf(text: string | null): string | undefined {
  if (text === null || !DATE.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) ? text : undefined;
}
