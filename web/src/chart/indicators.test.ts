import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeIndicator, INDICATORS_MAX, parseIndicators, writeIndicator } from './indicators.ts';

test('a bar without a close has no value, and does not count for its neighbours', () => {
  const { lines } = computeIndicator({ kind: 'sma', length: 2 }, [1, null, 3, 5, null, 7]);
  assert.deepEqual(lines[0]?.values, [null, null, 2, 4, null, 6]);
});

test('every line has a value a bar, also where there are too few bars', () => {
  for (const written of ['sma5', 'ema5', 'rsi5', 'macd']) {
    const [indicator] = parseIndicators(written);
    assert.ok(indicator !== undefined);
    for (const closes of [[], [1], Array.from({ length: 60 }, (_, n) => 10 + Math.sin(n))]) {
      for (const line of computeIndicator(indicator, closes).lines) assert.equal(line.values.length, closes.length);
    }
  }
});

test('the lines of MACD differ by its histogram', () => {
  const closes = Array.from({ length: 80 }, (_, n) => 50 + 5 * Math.sin(n / 7));
  const { lines, pane } = computeIndicator({ kind: 'macd', length: 26 }, closes);
  assert.equal(pane, 'own');
  const [histogram, value, signal] = lines.map((line) => line.values.at(-1) ?? Number.NaN);
  assert.ok(Math.abs((value ?? 0) - (signal ?? 0) - (histogram ?? 0)) < 1e-12);
  assert.equal(new Set(lines.map((line) => line.id)).size, 3);
});

test('no more are taken than can be told apart', () => {
  const many = Array.from({ length: 20 }, (_, n) => `sma${n + 2}`).join(',');
  assert.deepEqual(parseIndicators(many).map(writeIndicator), many.split(',').slice(0, INDICATORS_MAX));
});
