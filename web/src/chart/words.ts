import {
  type Adjust,
  type Bar,
  type BarsAnswer,
  firstSessionOf,
  incompleteness,
  isWindow,
  lastSessionOf,
} from '../api/wire.ts';
import { compact, day, percent, plural, price } from '../format.ts';

/** What a chart says in words: for screen readers, headings and legends. */

export const ADJUST_WORDS: Readonly<Record<Adjust, string>> = {
  raw: 'as traded',
  split: 'adjusted for splits',
  total: 'adjusted for splits and dividends',
};

export function intervalWords(interval: number): string {
  return interval === 1 ? 'daily bars' : `${interval}-session bars`;
}

export function spanOf(bar: Bar): string {
  return isWindow(bar) ? `${day(bar.first_session)} to ${day(bar.last_session)}` : day(bar.session);
}

export function describeBar(bar: Bar): string {
  const { open, high, low, close, volume } = bar;
  const values = `open ${price(open)}, high ${price(high)}, low ${price(low)}, close ${price(close)}, volume ${compact(volume)}`;
  const words = windowWords(bar);
  return words === '' ? values : `${values}, ${words}`;
}

/** One paragraph that says what the chart shows. */
export function summarize({ symbol, name, interval, adjust, bars }: BarsAnswer): string {
  const all: readonly Bar[] = bars;
  const [first] = all;
  const last = all.at(-1);
  const title = `${symbol}${name === null ? '' : `, ${name}`}: ${intervalWords(interval)} ${ADJUST_WORDS[adjust]}`;
  if (first === undefined || last === undefined) return `${title}. There are none.`;
  let high: Bar = first;
  let low: Bar = first;
  for (const bar of all) {
    if ((bar.high ?? Number.NEGATIVE_INFINITY) > (high.high ?? Number.NEGATIVE_INFINITY)) high = bar;
    if ((bar.low ?? Number.POSITIVE_INFINITY) < (low.low ?? Number.POSITIVE_INFINITY)) low = bar;
  }
  const change = first.close === null || last.close === null ? undefined : (last.close / first.close - 1) * 100;
  const parts = [
    `${title}. ${plural(all.length, 'bar')} from ${day(firstSessionOf(first))} to ${day(lastSessionOf(last))}.`,
    `The last closes at ${price(last.close)}${change === undefined ? '' : `, ${percent(change)} over all of them`}.`,
    `Highest ${price(high.high)} in ${spanOf(high)}, lowest ${price(low.low)} in ${spanOf(low)}.`,
  ];
  const open = openWindowWords(last);
  if (open !== '') parts.push(open);
  return parts.join(' ');
}

/** Of a window that is not whole: which way, and how much of it there is. */
export function windowWords(bar: Bar): string {
  if (!isWindow(bar)) return '';
  const count = `${bar.sessions} of ${bar.expected} sessions`;
  const state = incompleteness(bar);
  return state === undefined
    ? ''
    : state === 'open'
      ? `open window, ${count} so far`
      : `incomplete window, ${count} in the lake`;
}

export function openWindowWords(bar: Bar): string {
  if (!isWindow(bar) || incompleteness(bar) !== 'open') return '';
  return `The last window is still open: ${bar.sessions} of ${bar.expected} sessions, ending ${day(bar.last_session)}.`;
}
