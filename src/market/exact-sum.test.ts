import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import {
  addMoney,
  addSize,
  addSum,
  averagePrice,
  PRICE_BELOW,
  SIZE_BELOW,
  sharesAt,
  toMicroShares,
} from './exact-sum.ts';

/** Two sums: of sizes, and of money. */
const SIZES = 0;
const MONEY = 2;
const zero = (): number[] => [0, 0, 0, 0];
const wholeOf = (sums: readonly number[], at: number): bigint =>
  BigInt(sums[at] ?? 0) * 10n ** 15n + BigInt(sums[at + 1] ?? 0);

/** Prices as tapes have them: whole micro-dollars. */
const microDollars = fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: PRICE_BELOW * 1e6 - 1 }));
const size = fc.oneof(
  fc.integer({ min: 0, max: 1e6 }).map((shares) => shares * 1e6),
  fc.integer({ min: 0, max: SIZE_BELOW - 1 }),
);

test('sums of sizes and of money are those of bigints, whatever the order', () => {
  const property = fc.property(fc.array(fc.tuple(microDollars, size), { maxLength: 40 }), (trades) => {
    const [all, half, otherHalf] = [zero(), zero(), zero()];
    for (const [i, [micros, shares]] of trades.entries()) {
      for (const sums of [all, i % 2 === 0 ? half : otherHalf]) {
        addSize(sums, SIZES, shares);
        addMoney(sums, MONEY, micros / 1e6, shares);
      }
    }
    assert.equal(
      wholeOf(all, SIZES),
      trades.reduce((sum, [, shares]) => sum + BigInt(shares), 0n),
    );
    assert.equal(
      wholeOf(all, MONEY),
      trades.reduce((sum, [micros, shares]) => sum + BigInt(micros) * BigInt(shares), 0n),
    );
    for (const at of [SIZES, MONEY]) addSum(half, at, otherHalf);
    assert.deepEqual(half, all, 'a sum has one form only');
  });
  fc.assert(property, { numRuns: 500 });
});

test('a sum that reaches the base of its parts exactly is carried', () => {
  const sums = zero();
  addSize(sums, SIZES, SIZE_BELOW - 1);
  addSize(sums, SIZES, 1);
  assert.deepEqual(sums, [1, 0, 0, 0]);
});

test('a day of the largest trades stays exact', () => {
  const sums = zero();
  for (let i = 0; i < 1000; i += 1) {
    addSize(sums, SIZES, SIZE_BELOW - 1);
    addMoney(sums, MONEY, PRICE_BELOW - 1e-6, SIZE_BELOW - 1);
  }
  assert.equal(wholeOf(sums, SIZES), 1000n * (10n ** 15n - 1n));
  assert.equal(wholeOf(sums, MONEY), 1000n * (5n * 10n ** 12n - 1n) * (10n ** 15n - 1n));
  assert.ok(sums.every(Number.isSafeInteger));
});

test('shares and average prices are what was put in', () => {
  const sums = zero();
  assert.equal(averagePrice(sums, MONEY, SIZES), null);
  addSize(sums, SIZES, toMicroShares(0.1));
  addSize(sums, SIZES, toMicroShares(0.2));
  assert.equal(sharesAt(sums, SIZES), 0.3);
  addMoney(sums, MONEY, 150.01, toMicroShares(0.3));
  assert.equal(averagePrice(sums, MONEY, SIZES), 150.01);
  for (let i = 0; i < 12; i += 1) addSize(sums, SIZES, toMicroShares(900_000_000));
  assert.equal(sharesAt(sums, SIZES), 10_800_000_000.3);
});

test('a price finer than a millionth of a dollar is rounded on its own, before anything is added', () => {
  const [fine, rounded] = [zero(), zero()];
  addMoney(fine, MONEY, 10.0000004, 1e6);
  addMoney(rounded, MONEY, 10, 1e6);
  assert.deepEqual(fine, rounded);
});
