import { type Bar, type EventsAnswer, firstSessionOf, lastSessionOf } from '../api/wire.ts';

/** Splits and dividends put on the bars in which they took effect. */

export interface Mark {
  /** Position of the bar among those drawn. */
  readonly bar: number;
  readonly kind: 'split' | 'dividend';
  readonly exDate: string;
  /** `4 for 1`, `$0.25`. */
  readonly terms: string;
  /** A split that is known but not applied, and why. */
  readonly heldBack: string | undefined;
}

/**
 * An event acts from its ex-date on: its bar is the first that ends on or after it. Events before the first bar or after the
 * last have none.
 */
export function marksOf(bars: readonly Bar[], events: EventsAnswer): Mark[] {
  const marks: Mark[] = [];
  const [first] = bars;
  if (first === undefined) return marks;
  const begin = firstSessionOf(first);
  const put = (exDate: string, mark: Omit<Mark, 'bar' | 'exDate'>): void => {
    if (exDate < begin) return;
    const bar = firstEndingFrom(bars, exDate);
    if (bar < bars.length) marks.push({ bar, exDate, ...mark });
  };
  for (const { ex_date, split_from, split_to, applied, reason } of events.splits) {
    put(ex_date, {
      kind: 'split',
      terms: `${ratio(split_to)} for ${ratio(split_from)}`,
      heldBack: applied ? undefined : (reason ?? 'not applied'),
    });
  }
  for (const { ex_date, cash_amount } of events.dividends) {
    put(ex_date, { kind: 'dividend', terms: `$${cash_amount}`, heldBack: undefined });
  }
  return marks.sort((a, b) => a.bar - b.bar || (a.exDate < b.exDate ? -1 : 1));
}

/** Vendors write 7.000007: five digits say which split it was; the facts of a bar have all of them. */
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
