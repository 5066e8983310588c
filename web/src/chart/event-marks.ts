import { type Bar, type EventsResponse, firstSessionOf, lastSessionOf } from '../api/wire.ts';

/** Splits and dividends placed on the bars in which they take effect. */

export interface EventMark {
  /** Index of the bar. */
  readonly bar: number;
  readonly kind: 'split' | 'dividend';
  readonly exDate: string;
  /** `4 for 1`, `$0.25`. */
  readonly terms: string;
  /** Reason why a known split is not applied. */
  readonly heldBack: string | undefined;
}

/**
 * Places each event on the first bar that ends on or after its ex-date. Leaves out events before the first bar or after
 * the last one.
 */
export function marksOf(bars: readonly Bar[], events: EventsResponse): EventMark[] {
  const marks: EventMark[] = [];
  const [first] = bars;
  if (first === undefined) return marks;
  const start = firstSessionOf(first);
  const add = (exDate: string, mark: Omit<EventMark, 'bar' | 'exDate'>): void => {
    if (exDate < start) return;
    const bar = firstEndingFrom(bars, exDate);
    if (bar < bars.length) marks.push({ bar, exDate, ...mark });
  };
  for (const { ex_date, split_from, split_to, applied, reason } of events.splits) {
    add(ex_date, {
      kind: 'split',
      terms: `${ratio(split_to)} for ${ratio(split_from)}`,
      heldBack: applied ? undefined : (reason ?? 'not applied'),
    });
  }
  for (const { ex_date, cash_amount } of events.dividends) {
    add(ex_date, { kind: 'dividend', terms: `$${cash_amount}`, heldBack: undefined });
  }
  return marks.sort((a, b) => a.bar - b.bar || (a.exDate < b.exDate ? -1 : 1));
}

/** Rounds to five digits, since vendors report ratios such as 7.000007. The bar details show the exact ratio. */
function ratio(value: number): string {
  return String(Number(value.toPrecision(5)));
}

function firstEndingFrom(bars: readonly Bar[], date: string): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const bar = bars[middle];
    if (bar !== undefined && lastSessionOf(bar) < date) low = middle + 1;
    else high = middle;
  }
  return low;
}
