/** Price changes, in dollars and in percent of the earlier price. */
export interface PriceChange {
  readonly amount: number;
  readonly percent: number;
}

/**
 * A double holds a price to 15 or 16 digits; the difference of two has only those that remain below the price's first
 * digit.
 */
const DIGITS = 12;

/**
 * Returns the change from one price to another without the binary noise of their difference: from 25 to 25.04 it is
 * 0.04, not 0.03999999999999915. Both prices are positive.
 */
export function priceChange(from: number, to: number): PriceChange {
  const decimals = DIGITS - Math.ceil(Math.log10(Math.max(from, to)));
  const amount = Number((to - from).toFixed(Math.min(Math.max(decimals, 0), 100)));
  return { amount, percent: Number(((amount / from) * 100).toPrecision(DIGITS - 2)) };
}

/** Two prices that differ by less are the same price on two share bases. */
const SAME = 1e-9;

export function isAbove(price: number, other: number): boolean {
  return price > other * (1 + SAME);
}
