import { href } from '../address.ts';
import type { Adjust } from '../api/wire.ts';
import { type Indicator, parseIndicators, writeIndicator } from './indicators.ts';

/** What a chart shows, to and from the address bar. What cannot be read gives way to the default. */

export interface ChartAddress {
  /** Undefined: the page chooses one. */
  readonly symbol: string | undefined;
  /** Sessions a bar. */
  readonly interval: number;
  readonly adjust: Adjust;
  /** First and last day in sight; undefined: the usual stretch up to the last bar. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly indicators: readonly Indicator[];
  /** Prices on a logarithmic scale. */
  readonly isLogarithmic: boolean;
  /** Everything as it was known on this day. */
  readonly asOf: string | undefined;
}

export const INTERVALS = [1, 3, 5, 8, 13, 21, 34] as const;
const ADJUSTS: readonly string[] = ['raw', 'split', 'total'];
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function readChart(query: URLSearchParams): ChartAddress {
  const interval = Number(/^(\d+)d?$/i.exec(query.get('interval') ?? '')?.[1] ?? 1);
  const adjust = query.get('adjust') ?? '';
  return {
    symbol: query.get('symbol')?.trim() || undefined,
    interval: (INTERVALS as readonly number[]).includes(interval) ? interval : 1,
    adjust: ADJUSTS.includes(adjust) ? (adjust as Adjust) : 'split',
    from: dateOf(query.get('from')),
    to: dateOf(query.get('to')),
    indicators: parseIndicators(query.get('indicators')),
    isLogarithmic: query.get('scale') === 'log',
    asOf: dateOf(query.get('as_of')),
  };
}

export function writeChart({
  symbol,
  interval,
  adjust,
  from,
  to,
  indicators,
  isLogarithmic,
  asOf,
}: ChartAddress): string {
  return href('chart', {
    symbol,
    interval: interval === 1 ? undefined : `${interval}d`,
    adjust: adjust === 'split' ? undefined : adjust,
    from,
    to,
    indicators: indicators.map(writeIndicator).join(','),
    scale: isLogarithmic ? 'log' : undefined,
    as_of: asOf,
  });
}

function dateOf(text: string | null): string | undefined {
  if (text === null || !DATE.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text) ? text : undefined;
}
