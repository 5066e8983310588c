/**
 * Logarithm and exponential built from additions, multiplications and divisions only, whose results IEEE 754 defines to
 * the last bit. `Math.log` and `Math.exp` may differ in that bit between engines and processors, and a market must be
 * the same everywhere. Errors are below 1e-15 of the result, or of 1 for a logarithm near zero.
 */

const LN2 = Math.LN2;
const SQRT_HALF = Math.SQRT1_2;
/** Beyond 2 to this power, a result is neither a price nor a volume. */
const EXPONENT_MAX = 1000;

/** Returns the natural logarithm of a number > 0. */
export function log(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) throw new RangeError(`no logarithm of ${x}`);
  // x = m · 2^k with m from √½ to √2.
  let m = x;
  let k = 0;
  while (m > 2 * SQRT_HALF) {
    m /= 2;
    k += 1;
  }
  while (m < SQRT_HALF) {
    m *= 2;
    k -= 1;
  }
  // ln m = 2 artanh((m − 1) / (m + 1)) = 2 (s + s³/3 + s⁵/5 + …), where |s| < 0.172.
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = sum * z + 1 / n;
  return k * LN2 + 2 * s * sum;
}

/** Returns e to the power of x. */
export function exp(x: number): number {
  const k = Math.round(x / LN2);
  if (!(Math.abs(k) <= EXPONENT_MAX)) throw new RangeError(`e to the power of ${x} is out of range`);
  const r = x - k * LN2;
  // Taylor series for |r| < 0.347, summed from its small end.
  let sum = 1;
  for (let n = 14; n >= 1; n -= 1) sum = 1 + (sum * r) / n;
  for (let i = 0; i < k; i += 1) sum *= 2;
  for (let i = 0; i > k; i -= 1) sum /= 2;
  return sum;
}
