import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { Coverage } from './coverage.ts';

describe('coverage of trades', () => {
  test('a minute is covered only if it was listened to from its first to its last instant', () => {
    const coverage = new Coverage();
    coverage.open('AAA', 1000);
    assert.equal(coverage.has('AAA', 1000, 61_000), true, 'open: everything from here on');
    assert.equal(coverage.has('AAA', 999, 1001), false);
    coverage.close('AAA', 30_000);
    assert.equal(coverage.has('AAA', 1000, 30_000), true);
    assert.equal(coverage.has('AAA', 1000, 30_001), false);
    assert.equal(coverage.has('BBB', 1000, 2000), false);
  });

  test('a lost connection ends the coverage of every symbol', () => {
    const coverage = new Coverage();
    coverage.open(null, 0);
    coverage.open('AAA', 0);
    coverage.closeAll(500);
    for (const symbol of ['AAA', 'BBB']) {
      assert.equal(coverage.has(symbol, 0, 500), true);
      assert.equal(coverage.has(symbol, 0, 501), false);
    }
  });

  test('what was recovered closes a gap for its symbol alone', () => {
    const coverage = new Coverage();
    coverage.open(null, 0);
    coverage.closeAll(100);
    coverage.open(null, 200);
    coverage.recovered('AAA', 90, 210);
    assert.equal(coverage.has('AAA', 0, 300), true);
    assert.equal(coverage.has('BBB', 0, 300), false);
  });

  test('has equals the union of all stretches, instant by instant', () => {
    const stretch = fc.tuple(fc.constantFrom('AAA', null), fc.nat(40), fc.nat(40));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 12 }), fc.nat(40), fc.nat(12), (stretches, from, length) => {
        const coverage = new Coverage();
        const heard = new Set<number>();
        for (const [symbol, a, b] of stretches) {
          const [fromMs, toMs] = [Math.min(a, b), Math.max(a, b)];
          if (symbol === null) {
            coverage.open(null, fromMs);
            coverage.close(null, toMs);
          } else coverage.recovered(symbol, fromMs, toMs);
          for (let ms = fromMs; ms < toMs; ms += 1) heard.add(ms);
        }
        const wanted = Array.from({ length }, (_, index) => from + index);
        assert.equal(
          coverage.has('AAA', from, from + length),
          wanted.every((ms) => heard.has(ms)),
        );
      }),
    );
  });

  test('forgetting the past changes nothing that begins later', () => {
    const coverage = new Coverage();
    coverage.recovered('AAA', 0, 100);
    coverage.recovered('AAA', 200, 300);
    coverage.forget(150);
    assert.equal(coverage.has('AAA', 0, 100), false);
    assert.equal(coverage.has('AAA', 200, 300), true);
  });
});
