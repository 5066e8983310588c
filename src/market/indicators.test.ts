import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EMA, MACD, RSI, SMA } from 'trading-signals';

import { ema, macd, rsi, sma } from './indicators.ts';

const near = (found: number | undefined, wanted: number | undefined, tolerance = 1e-9): void => {
  if (wanted === undefined || found === undefined) assert.equal(found, wanted);
  else assert.ok(Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `${found}, not ${wanted}`);
};

const series = fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 0, maxLength: 120 });
const window = fc.integer({ min: 1, max: 30 });

test('the SMA is the mean of the last values', () => {
  assert.deepEqual(sma([1, 2, 3, 4, 10], 3), [undefined, undefined, 2, 3, 17 / 3]);
  assert.deepEqual(sma([1, 2], 3), [undefined, undefined]);
  assert.deepEqual(sma([], 3), []);
});

test('the EMA begins with the mean of its first values', () => {
  // Weight 2 / (3 + 1): 2, then 2 + (4 - 2) / 2, then 3 + (10 - 3) / 2.
  assert.deepEqual(ema([1, 2, 3, 4, 10], 3), [undefined, undefined, 2, 3, 6.5]);
  assert.deepEqual(ema([5, 6], 1), [5, 6]);
});

test('the RSI is that of the published worked example', () => {
  // The 14-day example that charting sites print for Wilder's method: closes of 33 days and their RSI to two places.
  const closes = [
    44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.1, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28, 46.0, 46.03,
    46.41, 46.22, 45.64, 46.21,
  ];
  const wanted = [70.46, 66.25, 66.48, 69.35, 66.29, 57.92, 62.88];
  const found = rsi(closes, 14);
  assert.deepEqual(found.slice(0, 14), Array(14).fill(undefined));
  for (const [i, value] of wanted.entries()) near(found[14 + i], value, 2e-4);
});

test('the RSI of a series that only rises is 100, that only falls 0, that stands still 50', () => {
  assert.equal(rsi([1, 2, 3, 4], 3)[3], 100);
  assert.equal(rsi([4, 3, 2, 1], 3)[3], 0);
  assert.equal(rsi([4, 4, 4, 4], 3)[3], 50);
});

test('the MACD by hand', () => {
  // Short: 1.5, 2.5, 4.1667, 7.3889, …; long: 2, 3, 5, 8.5. The difference begins with the long one, its signal two later.
  const found = macd([1, 2, 3, 5, 9, 12], { short: 2, long: 3, signal: 2 });
  const short = ema([1, 2, 3, 5, 9, 12], 2);
  const long = ema([1, 2, 3, 5, 9, 12], 3);
  const line = [2, 3, 4, 5].map((i) => (short[i] ?? Number.NaN) - (long[i] ?? Number.NaN));
  const first = ((line[0] ?? 0) + (line[1] ?? 0)) / 2;
  const second = first + ((line[2] ?? 0) - first) * (2 / 3);
  assert.deepEqual(found.slice(0, 3), [undefined, undefined, undefined]);
  near(found[3]?.signal, first);
  near(found[4]?.value, line[2]);
  near(found[4]?.signal, second);
  near(found[4]?.histogram, (line[2] ?? 0) - second);
});

test('all agree with trading-signals, the EMA once both have the same beginning', () => {
  const property = fc.property(series, window, (values, length) => {
    const otherSma = new SMA(length);
    const found = sma(values, length);
    for (const [i, value] of values.entries()) near(found[i], otherSma.add(value) ?? undefined);
    const otherRsi = new RSI(length);
    const strengths = rsi(values, length);
    for (const [i, value] of values.entries()) {
      const wanted = otherRsi.add(value) ?? undefined;
      // Theirs is 100 where nothing moved; the smallest differences decide nothing where all is nearly still.
      if (wanted !== undefined && strengths[i] !== 50) near(strengths[i], wanted, 1e-6);
    }
    const averages = ema(values, length);
    const otherEma = new EMA(length);
    for (const [i, value] of values.entries()) {
      if (i < length - 1) continue;
      near(averages[i], otherEma.add(i === length - 1 ? (averages[i] ?? Number.NaN) : value) ?? undefined);
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test('the MACD agrees with trading-signals once the beginnings are forgotten', () => {
  const values = Array.from({ length: 2000 }, (_, i) => 100 + 10 * Math.sin(i / 9) + 3 * Math.sin(i * i));
  const found = macd(values, { short: 12, long: 26, signal: 9 });
  const other = new MACD(new EMA(12), new EMA(26), new EMA(9));
  for (const [i, value] of values.entries()) {
    const wanted = other.add(value);
    if (i < 1000 || wanted === null) continue;
    near(found[i]?.value, wanted.macd);
    near(found[i]?.signal, wanted.signal);
    near(found[i]?.histogram, wanted.histogram);
  }
});
