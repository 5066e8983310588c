/**
 * Sums of sizes and of money without rounding, so that they do not depend on the order of their terms. A sum is a whole
 * number in two parts, high · 10¹⁵ + low, each a safe integer and low below 10¹⁵: unlike a bigint it allocates nothing.
 * Its parts are two consecutive elements of an array of numbers.
 *
 * Sizes are in micro-shares. Money is in 10⁻¹² dollars: the product of micro-shares and micro-dollars, the finest prices
 * that the tapes carry. A finer price is rounded to that before it is multiplied, which depends on nothing else.
 */

/** Micro-shares in a share, and micro-dollars in a dollar. */
const MICRO = 1e6;
const BASE = 1e15;

/** One trade has fewer micro-shares than this: a billion shares. */
export const SIZE_BELOW = BASE;
/** One trade has a price below this, in dollars: six times that of the dearest stock. Keeps products exact. */
export const PRICE_BELOW = 5e6;

export function toMicroShares(shares: number): number {
  return Math.round(shares * MICRO);
}

/** Adds a size below `SIZE_BELOW` to the sum at an index. */
export function addSize(sums: number[], at: number, size: number): void {
  add(sums, at, 0, size);
}

/** Adds price · size, both below their limits, to the sum at an index. */
export function addMoney(sums: number[], at: number, price: number, size: number): void {
  const microDollars = Math.round(price * MICRO);
  const dollars = Math.floor(microDollars / MICRO);
  const priceRest = microDollars - dollars * MICRO;
  const shares = Math.floor(size / MICRO);
  const sizeRest = size - shares * MICRO;
  // In units of 10¹² and 10⁶. Each product is below 2⁵³.
  const upper = dollars * shares;
  const middle = priceRest * shares + dollars * sizeRest;
  const upperHigh = Math.floor(upper / 1e3);
  const middleHigh = Math.floor(middle / 1e9);
  const low = (upper - upperHigh * 1e3) * 1e12 + (middle - middleHigh * 1e9) * 1e6 + priceRest * sizeRest;
  const lowHigh = Math.floor(low / BASE);
  add(sums, at, upperHigh + middleHigh + lowHigh, low - lowHigh * BASE);
}

/** Adds the sum at the same index of other sums. */
export function addSum(sums: number[], at: number, others: readonly number[]): void {
  add(sums, at, others[at] ?? 0, others[at + 1] ?? 0);
}

function add(sums: number[], at: number, high: number, low: number): void {
  const sum = (sums[at + 1] ?? 0) + low;
  const isOver = sum >= BASE;
  sums[at] = (sums[at] ?? 0) + high + (isOver ? 1 : 0);
  sums[at + 1] = isOver ? sum - BASE : sum;
}

/** Returns the sum of sizes at an index in shares. */
export function sharesAt(sums: readonly number[], at: number): number {
  const [high, low] = [sums[at] ?? 0, sums[at + 1] ?? 0];
  return high === 0 ? low / MICRO : high * (BASE / MICRO) + low / MICRO;
}

/** Returns dollars per share of a sum of money and a sum of sizes, or null without shares. */
export function averagePrice(sums: readonly number[], moneyAt: number, sizeAt: number): number | null {
  const size = (sums[sizeAt] ?? 0) * BASE + (sums[sizeAt + 1] ?? 0);
  return size === 0 ? null : ((sums[moneyAt] ?? 0) * BASE + (sums[moneyAt + 1] ?? 0)) / size / MICRO;
}
