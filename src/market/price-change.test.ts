import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { isAbove, priceChange } from './price-change.ts';

test('a change has the digits of its prices, and no binary noise', () => {
  assert.deepEqual(priceChange(25, 25.04), { amount: 0.04, percent: 0.16 });
  assert.deepEqual(priceChange(512.34, 512.3), { amount: -0.04, percent: -0.007807315455 });
  assert.deepEqual(priceChange(700_000.04, 700_000.08), { amount: 0.04, percent: 0.000005714285388 });
  assert.deepEqual(priceChange(0.0003, 0.0001), { amount: -0.0002, percent: -66.66666667 });
  assert.deepEqual(priceChange(100 / 3, 100 / 3), { amount: 0, percent: 0 });
});

test('prices of whole ten-thousandths change by whole ten-thousandths, as exactly as decimals write them', () => {
  const price = fc.integer({ min: 1, max: 9_999_999_999 });
  fc.assert(
    fc.property(price, price, (from, to) => {
      assert.equal(priceChange(from / 10_000, to / 10_000).amount, (to - from) / 10_000);
    }),
  );
});

test('a price is not above itself in another share count', () => {
  assert.ok(0.1 * 3 > 0.3 && !isAbove(0.1 * 3, 0.3));
  assert.ok(isAbove(0.3001, 0.3) && !isAbove(0.3, 0.3001));
});
