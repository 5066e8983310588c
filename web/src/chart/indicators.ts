import { ema, macd, rsi, sma } from '#market/indicators.ts';

/** Indicators of a chart, written in its URL as `sma20,rsi14,macd`. */

export type IndicatorKind = 'sma' | 'ema' | 'rsi' | 'macd';

export interface Indicator {
  readonly kind: IndicatorKind;
  /** Length in bars. For MACD, which always uses 12, 26 and 9, the longest. */
  readonly length: number;
}

export const LENGTH_MAX = 500;
/** Most indicators on one chart. */
export const INDICATORS_MAX = 8;

const MACD_LENGTHS = { short: 12, long: 26, signal: 9 } as const;

const PATTERN = /^(sma|ema|rsi)(\d{1,3})$/;

export function parseIndicators(text: string | null): Indicator[] {
  const found = new Map<string, Indicator>();
  for (const part of (text ?? '').split(',')) {
    const indicator = parseIndicator(part);
    if (indicator !== undefined && found.size < INDICATORS_MAX) found.set(formatIndicator(indicator), indicator);
  }
  return [...found.values()];
}

function parseIndicator(text: string): Indicator | undefined {
  if (text === 'macd') return { kind: 'macd', length: 26 };
  const [, kind, digits] = PATTERN.exec(text) ?? [];
  const length = Number(digits);
  if (kind === undefined || length < 2 || length > LENGTH_MAX) return undefined;
  return { kind: kind as IndicatorKind, length };
}

export function formatIndicator({ kind, length }: Indicator): string {
  return kind === 'macd' ? 'macd' : `${kind}${length}`;
}

export function indicatorName({ kind, length }: Indicator): string {
  return kind === 'macd' ? 'MACD 12 26 9' : `${kind.toUpperCase()} ${length}`;
}

type Values = readonly (number | null | undefined)[];

/** One line of an indicator, with a value per bar; null where there are not enough bars yet. */
export interface IndicatorLine {
  readonly id: string;
  readonly name: string;
  readonly style: 'line' | 'signal' | 'histogram';
  /** Series color of the palette, counted from 1; undefined for histograms, which are colored by sign. */
  readonly series: number | undefined;
  readonly values: readonly (number | null)[];
}

export interface ComputedIndicator {
  readonly indicator: Indicator;
  readonly name: string;
  /** Drawn over the prices, or in its own pane. */
  readonly pane: 'price' | 'own';
  readonly lines: readonly IndicatorLine[];
}

export const SERIES_COLORS = 8;

/**
 * Bars after which an indicator no longer depends on where its history begins: to less than a millionth of the first
 * value for those that weigh all bars before. An SMA has no value until it has all of its bars.
 */
export function warmUpOf({ kind, length }: Indicator): number {
  if (kind === 'sma') return length;
  return kind === 'rsi' ? 14 * length : 7 * (kind === 'macd' ? MACD_LENGTHS.long + MACD_LENGTHS.signal : length);
}

/**
 * Computes all lines and assigns each the palette's next series color, for both legend and canvas. Values that would
 * depend on bars before the first one are left out, unless the history begins with it.
 */
export function computeIndicators(
  indicators: readonly Indicator[],
  closes: readonly (number | null)[],
  { isFromStart = true }: { readonly isFromStart?: boolean } = {},
): ComputedIndicator[] {
  let count = 0;
  return indicators.map((indicator) => {
    const computed = computeIndicator(indicator, closes);
    const firstSure = isFromStart || indicator.kind === 'sma' ? 0 : warmUpOf(indicator);
    const lines = computed.lines.map((line) => ({
      ...line,
      series: line.style === 'histogram' ? undefined : (count++ % SERIES_COLORS) + 1,
      values: firstSure === 0 ? line.values : line.values.map((value, n) => (n < firstSure ? null : value)),
    }));
    return { ...computed, lines };
  });
}

/** Skips bars without a close, which get no value. */
function computeIndicator(indicator: Indicator, closes: readonly (number | null)[]): ComputedIndicator {
  const id = formatIndicator(indicator);
  const name = indicatorName(indicator);
  const known: number[] = [];
  const at: number[] = [];
  closes.forEach((close, n) => {
    if (close === null) return;
    known.push(close);
    at.push(n);
  });
  const spread = (values: Values): (number | null)[] => {
    const all: (number | null)[] = new Array(closes.length).fill(null);
    at.forEach((n, k) => {
      all[n] = values[k] ?? null;
    });
    return all;
  };
  const line = (style: IndicatorLine['style'], title: string, values: Values): IndicatorLine => ({
    id: style === 'line' ? id : `${id}-${style}`,
    name: title,
    style,
    series: undefined,
    values: spread(values),
  });
  switch (indicator.kind) {
    case 'sma':
      return { indicator, name, pane: 'price', lines: [line('line', name, sma(known, indicator.length))] };
    case 'ema':
      return { indicator, name, pane: 'price', lines: [line('line', name, ema(known, indicator.length))] };
    case 'rsi':
      return { indicator, name, pane: 'own', lines: [line('line', name, rsi(known, indicator.length))] };
    case 'macd': {
      const lines = macd(known, MACD_LENGTHS);
      return {
        indicator,
        name,
        pane: 'own',
        lines: [
          line(
            'histogram',
            'Histogram',
            lines.map((item) => item?.histogram),
          ),
          line(
            'line',
            'MACD',
            lines.map((item) => item?.value),
          ),
          line(
            'signal',
            'Signal',
            lines.map((item) => item?.signal),
          ),
        ],
      };
    }
  }
}
