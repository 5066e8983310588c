import { href } from '../address.ts';

/** The chart around a day, of the security that had the symbol then. */
export function chartOn(symbol: string, date: string): string {
  return href('chart', { symbol, from: date, to: date, at: date });
}
