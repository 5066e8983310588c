import { href } from '../address.ts';
import type { Adjust } from '../api/wire.ts';
import { formatIndicator, type Indicator, parseIndicators } from './indicators.ts';

/** Chart state as URL parameters. Invalid parameters fall back to their defaults. */

export interface ChartAddress {
  /** Undefined if the page picks one. */
  readonly symbol: string | undefined;
  /** Sessions per bar. */
  readonly interval: number;
  readonly adjust: Adjust;
  /** Visible range, inclusive. Undefined for the default range, which ends at the last bar. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly indicators: readonly Indicator[];
  /** Logarithmic price scale. */
  readonly isLogarithmic: boolean;
  /** Shows the data as it was known on this date. */
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
