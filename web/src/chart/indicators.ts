import { ema, macd, rsi, sma } from '#market/indicators.ts';

/** Which indicators a chart shows, as its address writes them: `sma20,rsi14,macd`. */

export type IndicatorKind = 'sma' | 'ema' | 'rsi' | 'macd';

export interface Indicator {
  readonly kind: IndicatorKind;
  /** Bars it looks back; MACD's are 12, 26 and 9. */
  readonly length: number;
}

export const LENGTH_MAX = 500;
/** More than these cannot be told apart on one chart. */
export const INDICATORS_MAX = 8;

const MACD_WINDOWS = { short: 12, long: 26, signal: 9 } as const;

const WRITTEN = /^(sma|ema|rsi)(\d{1,3})$/;

export function parseIndicators(text: string | null): Indicator[] {
  const found = new Map<string, Indicator>();
  for (const part of (text ?? '').split(',')) {
    const indicator = parseIndicator(part);
    if (indicator !== undefined && found.size < INDICATORS_MAX) found.set(writeIndicator(indicator), indicator);
  }
  return [...found.values()];
}

function parseIndicator(text: string): Indicator | undefined {
  if (text === 'macd') return { kind: 'macd', length: 26 };
  const [, kind, digits] = WRITTEN.exec(text) ?? [];
  const length = Number(digits);
  if (kind === undefined || length < 2 || length > LENGTH_MAX) return undefined;
  return { kind: kind as IndicatorKind, length };
}

export function writeIndicator({ kind, length }: Indicator): string {
  return kind === 'macd' ? 'macd' : `${kind}${length}`;
}

export function nameOf({ kind, length }: Indicator): string {
  return kind === 'macd' ? 'MACD 12 26 9' : `${kind.toUpperCase()} ${length}`;
}

type Values = readonly (number | null | undefined)[];

/** One line of an indicator, a value a bar; null where it does not have enough bars yet. */
export interface IndicatorLine {
  readonly id: string;
  readonly name: string;
  readonly look: 'line' | 'signal' | 'histogram';
  /** Which of the palette's series it is drawn in, from 1 on; undefined: its colours go by the sign. */
  readonly series: number | undefined;
  readonly values: readonly (number | null)[];
}

export interface DrawnIndicator {
  readonly indicator: Indicator;
  readonly name: string;
  /** On the prices, or in a pane of its own. */
  readonly pane: 'price' | 'own';
  readonly lines: readonly IndicatorLine[];
}

const SERIES = 5;

/** Each line has the palette's next colour, so that the legend and the canvas agree. */
export function computeIndicators(
  indicators: readonly Indicator[],
  closes: readonly (number | null)[],
): DrawnIndicator[] {
  let count = 0;
  return indicators.map((indicator) => {
    const drawn = computeIndicator(indicator, closes);
    const lines = drawn.lines.map((line) =>
      line.look === 'histogram' ? line : { ...line, series: (count++ % SERIES) + 1 },
    );
    return { ...drawn, lines };
  });
}

/** Bars without a close are left out of what an indicator sees, and have no value. */
function computeIndicator(indicator: Indicator, closes: readonly (number | null)[]): DrawnIndicator {
  const id = writeIndicator(indicator);
  const name = nameOf(indicator);
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
  const line = (look: IndicatorLine['look'], title: string, values: Values): IndicatorLine => ({
    id: look === 'line' ? id : `${id}-${look}`,
    name: title,
    look,
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
      const lines = macd(known, MACD_WINDOWS);
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
