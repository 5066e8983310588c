import { PRICE_BELOW, SIZE_BELOW } from './exact-sum.ts';
import type { Trade } from './trade.ts';

const SYMBOL_CHARACTERS_MAX = 32;

/**
 * Returns what makes a trade unfit to be folded, as a phrase with the value found and what is allowed; undefined if
 * nothing does. Every trade of a feed must pass: bars rely on it, and sums are exact only within these bounds.
 */
export function tradeFault({ symbol, price, size, sequence, atMs, conditions }: Trade): string | undefined {
  if (symbol === '' || symbol.length > SYMBOL_CHARACTERS_MAX)
    return `a symbol of ${symbol.length} characters; allowed: 1 to ${SYMBOL_CHARACTERS_MAX}`;
  if (!(price > 0 && price < PRICE_BELOW)) return `the price ${price}; allowed: above 0, below ${PRICE_BELOW}`;
  if (!(Number.isInteger(size) && size >= 0 && size < SIZE_BELOW))
    return `a size of ${size} micro-shares; allowed: a whole number from 0 to below ${SIZE_BELOW}`;
  if (!Number.isSafeInteger(sequence)) return `the sequence ${sequence}; allowed: a whole number`;
  if (!Number.isSafeInteger(atMs)) return `the event time ${atMs}; allowed: whole milliseconds`;
  const id = conditions.find((condition) => !Number.isSafeInteger(condition));
  return id === undefined ? undefined : `the condition ${id}; allowed: whole numbers`;
}
