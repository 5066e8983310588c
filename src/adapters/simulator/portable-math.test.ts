import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { exp, log } from './portable-math.ts';

describe('portable mathematics', () => {
  test('is as near to the platform as doubles allow', () => {
    fc.assert(
      fc.property(fc.double({ min: -40, max: 40, noNaN: true }), (x) => {
        assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-14, `exp(${x})`);
        const y = Math.exp(x);
        assert.ok(Math.abs(log(y) - Math.log(y)) <= 1e-15 * Math.max(1, Math.abs(Math.log(y))), `log(${y})`);
      }),
      { numRuns: 2000 },
    );
    assert.equal(exp(0), 1);
    assert.equal(log(1), 0);
    assert.ok(Math.abs(log(2 ** -32) + 32 * Math.LN2) < 1e-13);
  });

  test('refuses what has no value', () => {
    for (const x of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => log(x), RangeError);
    for (const x of [1e4, -1e4, Number.NaN]) assert.throws(() => exp(x), RangeError);
  });
});
