import {
  type Adjust,
  type Bar,
  type BarsResponse,
  firstSessionOf,
  incompleteness,
  isWindow,
  lastSessionOf,
} from '../api/wire.ts';
import { compact, day, dayRange, percent, plural, price } from '../format.ts';

/** Text descriptions of charts and bars, for headings, legends and screen readers. */

export const ADJUST_LABELS: Readonly<Record<Adjust, string>> = {
  raw: 'unadjusted',
  split: 'adjusted for splits',
  total: 'adjusted for splits and dividends',
};

export function intervalLabel(interval: number): string {
  return interval === 1 ? 'daily bars' : `${interval}-session bars`;
}

/** Date of a session bar, date range of a window bar. */
export function datesOf(bar: Bar): string {
  return isWindow(bar) ? dayRange(bar.first_session, bar.last_session) : day(bar.session);
}

export function describeBar(bar: Bar): string {
  const { open, high, low, close, volume } = bar;
  const values = `open ${price(open)}, high ${price(high)}, low ${price(low)}, close ${price(close)}, volume ${compact(volume)}`;
  const state = windowStatus(bar);
  return state === '' ? values : `${values}, ${state}`;
}

/** Summary of the chart in one paragraph. */
export function summarize({ symbol, name, interval, adjust, bars }: BarsResponse): string {
  const all: readonly Bar[] = bars;
  const [first] = all;
  const last = all.at(-1);
  const title = `${symbol}${name === null ? '' : `, ${name}`}: ${intervalLabel(interval)}, ${ADJUST_LABELS[adjust]}`;
  if (first === undefined || last === undefined) return `${title}. No bars.`;
  let high: Bar = first;
  let low: Bar = first;
  for (const bar of all) {
    if ((bar.high ?? Number.NEGATIVE_INFINITY) > (high.high ?? Number.NEGATIVE_INFINITY)) high = bar;
    if ((bar.low ?? Number.POSITIVE_INFINITY) < (low.low ?? Number.POSITIVE_INFINITY)) low = bar;
  }
  const change = first.close === null || last.close === null ? undefined : (last.close / first.close - 1) * 100;
  const parts = [
    `${title}. ${plural(all.length, 'bar')} from ${day(firstSessionOf(first))} to ${day(lastSessionOf(last))}.`,
    `Last close ${price(last.close)}${change === undefined ? '' : `, ${percent(change)} over the whole period`}.`,
    `High ${price(high.high)}, ${datesOf(high)}. Low ${price(low.low)}, ${datesOf(low)}.`,
  ];
  const open = openWindowNote(last);
  if (open !== '') parts.push(open);
  return parts.join(' ');
}

/** State of a window that is not complete, with its number of sessions; empty for other bars. */
export function windowStatus(bar: Bar): string {
  if (!isWindow(bar)) return '';
  const count = `${bar.sessions} of ${bar.expected} sessions`;
  const state = incompleteness(bar);
  return state === undefined
    ? ''
    : state === 'open'
      ? `open window, ${count} so far`
      : `incomplete window, ${count} available`;
}

/** Sentence about an open window; empty for other bars. */
export function openWindowNote(bar: Bar): string {
  if (!isWindow(bar) || incompleteness(bar) !== 'open') return '';
  return `The last window is still open: ${bar.sessions} of ${bar.expected} sessions so far, ending ${day(bar.last_session)}.`;
}
