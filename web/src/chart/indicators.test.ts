import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeIndicators, formatIndicator, INDICATORS_MAX, parseIndicators } from './indicators.ts';

test('a bar without a close has no value and is skipped in the values of others', () => {
  const [drawn] = computeIndicators([{ kind: 'sma', length: 2 }], [1, null, 3, 5, null, 7]);
  assert.deepEqual(drawn?.lines[0]?.values, [null, null, 2, 4, null, 6]);
});

test('every line has one value per bar, even if there are too few bars', () => {
  for (const text of ['sma5', 'ema5', 'rsi5', 'macd']) {
    const [indicator] = parseIndicators(text);
    assert.ok(indicator !== undefined);
    for (const closes of [[], [1], Array.from({ length: 60 }, (_, n) => 10 + Math.sin(n))]) {
      const drawn = computeIndicators([indicator], closes);
      for (const line of drawn.flatMap(({ lines }) => lines)) assert.equal(line.values.length, closes.length);
    }
  }
});

test('the MACD histogram is the difference of its two lines', () => {
  const closes = Array.from({ length: 80 }, (_, n) => 50 + 5 * Math.sin(n / 7));
  const [drawn] = computeIndicators([{ kind: 'macd', length: 26 }], closes);
  assert.ok(drawn !== undefined);
  const { lines, pane } = drawn;
  assert.equal(pane, 'own');
  const [histogram, value, signal] = lines.map((line) => line.values.at(-1) ?? Number.NaN);
  assert.ok(Math.abs((value ?? 0) - (signal ?? 0) - (histogram ?? 0)) < 1e-12);
  assert.equal(new Set(lines.map((line) => line.id)).size, 3);
});

test('lines take the series colors in legend order', () => {
  const drawn = computeIndicators(parseIndicators('sma5,macd,ema5,rsi5'), [1, 2, 3]);
  assert.deepEqual(
    drawn.map(({ lines }) => lines.map(({ series }) => series)),
    [[1], [undefined, 2, 3], [4], [5]],
  );
});

test('indicators beyond the maximum are ignored', () => {
  const many = Array.from({ length: 20 }, (_, n) => `sma${n + 2}`).join(',');
  assert.deepEqual(parseIndicators(many).map(formatIndicator), many.split(',').slice(0, INDICATORS_MAX));
});

test('values that depend on bars that are not loaded are left out; the others are those of the whole history', () => {
  const closes = Array.from({ length: 3000 }, (_, n) => 100 + 60 * Math.sin(n / 40) + (n % 7));
  const indicators = parseIndicators('ema50,rsi14,macd,sma20');
  const whole = computeIndicators(indicators, closes);
  const part = computeIndicators(indicators, closes.slice(1800), { isFromStart: false });
  for (const [n, { name, lines }] of part.entries()) {
    for (const [k, line] of lines.entries()) {
      const all = whole[n]?.lines[k]?.values.slice(1800) ?? [];
      const shown = line.values.flatMap((value, at) => (value === null ? [] : [Math.abs(value - (all[at] ?? 0))]));
      assert.ok(shown.length > 400, name);
      assert.ok(Math.max(...shown) < 0.001, `${name}: off by ${Math.max(...shown)}`);
    }
  }
});
