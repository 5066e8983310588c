import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import {
  addMoney,
  addSize,
  addSum,
  averagePrice,
  type ExactSum,
  PRICE_BELOW,
  SIZE_BELOW,
  sharesOf,
  toMicroShares,
} from './exact-sum.ts';

const zero = (): ExactSum => ({ high: 0, low: 0 });
const wholeOf = ({ high, low }: ExactSum): bigint => BigInt(high) * 10n ** 15n + BigInt(low);

/** Prices as tapes have them: whole micro-dollars. */
const microDollars = fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: PRICE_BELOW * 1e6 - 1 }));
const size = fc.oneof(
  fc.integer({ min: 0, max: 1e6 }).map((shares) => shares * 1e6),
  fc.integer({ min: 0, max: SIZE_BELOW - 1 }),
);

test('sums of sizes and of money are those of bigints, whatever the order', () => {
  const property = fc.property(fc.array(fc.tuple(microDollars, size), { maxLength: 40 }), (trades) => {
    const [sizes, money, half, otherHalf] = [zero(), zero(), zero(), zero()];
    for (const [i, [micros, shares]] of trades.entries()) {
      addSize(sizes, shares);
      addMoney(money, micros / 1e6, shares);
      addMoney(i % 2 === 0 ? half : otherHalf, micros / 1e6, shares);
    }
    assert.equal(
      wholeOf(sizes),
      trades.reduce((sum, [, shares]) => sum + BigInt(shares), 0n),
    );
    assert.equal(
      wholeOf(money),
      trades.reduce((sum, [micros, shares]) => sum + BigInt(micros) * BigInt(shares), 0n),
    );
    addSum(otherHalf, half);
    assert.deepEqual(otherHalf, money, 'each sum has one form');
  });
  fc.assert(property, { numRuns: 500 });
});

test('a day of the largest trades stays exact', () => {
  const [sizes, money] = [zero(), zero()];
  for (let i = 0; i < 1000; i += 1) {
    addSize(sizes, SIZE_BELOW - 1);
    addMoney(money, PRICE_BELOW - 1e-6, SIZE_BELOW - 1);
  }
  assert.equal(wholeOf(sizes), 1000n * (10n ** 15n - 1n));
  assert.equal(wholeOf(money), 1000n * (5n * 10n ** 12n - 1n) * (10n ** 15n - 1n));
  assert.ok(Number.isSafeInteger(money.high));
});

test('shares and average prices are what was put in', () => {
  const [sizes, money] = [zero(), zero()];
  assert.equal(averagePrice(money, sizes), null);
  addSize(sizes, toMicroShares(0.1));
  addSize(sizes, toMicroShares(0.2));
  assert.equal(sharesOf(sizes), 0.3);
  addMoney(money, 150.01, toMicroShares(0.3));
  assert.equal(averagePrice(money, sizes), 150.01);
  for (let i = 0; i < 12; i += 1) addSize(sizes, toMicroShares(900_000_000));
  assert.equal(sharesOf(sizes), 10_800_000_000.3);
});

test('a price finer than a millionth of a dollar is rounded on its own, before anything is added', () => {
  const [fine, rounded] = [zero(), zero()];
  addMoney(fine, 10.0000004, 1e6);
  addMoney(rounded, 10, 1e6);
  assert.deepEqual(fine, rounded);
});
