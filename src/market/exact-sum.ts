/**
 * Sums of sizes and of money without rounding, so that they do not depend on the order of their terms. A sum is a whole
 * number in two parts, `high` · 10¹⁵ + `low`, each a safe integer: twice as fast as a bigint, and it allocates nothing.
 *
 * Sizes are in micro-shares. Money is in 10⁻¹² dollars: the product of micro-shares and micro-dollars, the finest prices
 * that the tapes carry. A finer price is rounded to that before it is multiplied, which again depends on nothing else.
 */

export interface ExactSum {
  high: number;
  /** From 0 to 10¹⁵ - 1. */
  low: number;
}

/** Micro-shares in a share, and micro-dollars in a dollar. */
const MICRO = 1e6;
const BASE = 1e15;
/** A product of two micro-units in dollars. */
const PICO = 1e12;

/** One trade has fewer micro-shares than this: a billion shares. */
export const SIZE_BELOW = BASE;
/** One trade has a price below this, in dollars: six times that of the dearest stock. Keeps products exact. */
export const PRICE_BELOW = 5e6;

export function toMicroShares(shares: number): number {
  return Math.round(shares * MICRO);
}

/** Adds a size below `SIZE_BELOW`. */
export function addSize(sum: ExactSum, size: number): void {
  const low = sum.low + size;
  if (low < BASE) {
    sum.low = low;
  } else {
    sum.high += 1;
    sum.low = low - BASE;
  }
}

/** Adds price · size, both below their limits. */
export function addMoney(sum: ExactSum, price: number, size: number): void {
  const microDollars = Math.round(price * MICRO);
  const dollars = Math.floor(microDollars / MICRO);
  const priceRest = microDollars - dollars * MICRO;
  const shares = Math.floor(size / MICRO);
  const sizeRest = size - shares * MICRO;
  // In units of 10¹², 10⁶ and 1. Each product is below 2⁵³.
  const upper = dollars * shares;
  const middle = priceRest * shares + dollars * sizeRest;
  const upperHigh = Math.floor(upper / (BASE / PICO));
  const middleHigh = Math.floor(middle / (BASE / MICRO));
  const upperLow = (upper - upperHigh * (BASE / PICO)) * PICO;
  const middleLow = (middle - middleHigh * (BASE / MICRO)) * MICRO;
  carry(sum, upperHigh + middleHigh, sum.low + upperLow + middleLow + priceRest * sizeRest);
}

export function addSum(sum: ExactSum, other: ExactSum): void {
  carry(sum, other.high, sum.low + other.low);
}

/** Returns a sum of micro-shares as shares. */
export function sharesOf({ high, low }: ExactSum): number {
  return high === 0 ? low / MICRO : high * (BASE / MICRO) + low / MICRO;
}

/** Returns dollars per share, or null without shares. */
export function averagePrice(money: ExactSum, size: ExactSum): number | null {
  if (size.high === 0 && size.low === 0) return null;
  return (money.high * BASE + money.low) / (size.high * BASE + size.low) / MICRO;
}

/** `low` is below nine times the base. */
function carry(sum: ExactSum, addedHigh: number, low: number): void {
  const carried = low < BASE ? 0 : Math.floor(low / BASE);
  sum.high += addedHigh + carried;
  sum.low = low - carried * BASE;
}
