import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ATR, BollingerBands } from 'trading-signals';

import {
  atrState,
  bollingerState,
  emaState,
  type IndicatorState,
  type IndicatorValue,
  macdState,
  peek,
  push,
  rsiState,
  type Sample,
  smaState,
} from './indicator-state.ts';
import { ema, macd, rsi, sma } from './indicators.ts';

const samples = fc.array(
  fc.tuple(...[1, 2, 3].map(() => fc.double({ min: 0.01, max: 1000, noNaN: true }))).map((prices): Sample => {
    const [low = 0, value = 0, high = 0] = prices.toSorted((a, b) => a - b);
    return { value, high, low };
  }),
  { maxLength: 90 },
);
const window = fc.integer({ min: 1, max: 20 });

type Batch = (values: readonly Sample[]) => readonly (IndicatorValue | undefined)[];

const valuesOf = (series: readonly Sample[]): number[] => series.map(({ value }) => value);

/** An empty state, with the batch form of its indicator. */
const indicator: fc.Arbitrary<[() => IndicatorState, Batch]> = fc.oneof(
  window.map((n): [() => IndicatorState, Batch] => [() => smaState(n), (series) => sma(valuesOf(series), n)]),
  window.map((n): [() => IndicatorState, Batch] => [() => emaState(n), (series) => ema(valuesOf(series), n)]),
  window.map((n): [() => IndicatorState, Batch] => [() => rsiState(n), (series) => rsi(valuesOf(series), n)]),
  fc
    .record({ short: window, long: window, signal: window })
    .map((windows): [() => IndicatorState, Batch] => [
      () => macdState(windows),
      (series) => macd(valuesOf(series), windows),
    ]),
  window.map((n): [() => IndicatorState, Batch] => [() => atrState(n), (series) => atrOf(series, n)]),
  window.map((n): [() => IndicatorState, Batch] => [() => bollingerState(n, 2), (series) => bandsOf(series, n)]),
);

/** Wilder's ATR of a whole series. */
function atrOf(series: readonly Sample[], n: number): (number | undefined)[] {
  const ranges = series.map(({ high, low }, i) => {
    const before = series[i - 1]?.value;
    return before === undefined ? high - low : Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
  });
  let average = 0;
  return ranges.map((range, i) => {
    if (i < n - 1) return undefined;
    const first = ranges.slice(0, n).reduce((sum, one) => sum + one, 0) / n;
    average = i === n - 1 ? first : (average * (n - 1) + range) / n;
    return average;
  });
}

function bandsOf(series: readonly Sample[], n: number): (IndicatorValue | undefined)[] {
  return sma(valuesOf(series), n).map((middle, i) => {
    if (middle === undefined) return undefined;
    const inside = valuesOf(series).slice(i - n + 1, i + 1);
    // The newest first: a sum of squares may be rounded by its order.
    const squares = [inside.at(-1) ?? 0, ...inside.slice(0, -1)].map((value) => (value - middle) ** 2);
    const width = 2 * Math.sqrt(squares.reduce((sum, one) => sum + one) / n);
    return { middle, upper: middle + width, lower: middle - width };
  });
}

test('a state has the values of the whole series at every bar, saved and restored anywhere', () => {
  const property = fc.property(
    indicator,
    samples,
    fc.infiniteStream(fc.boolean()),
    ([create, batch], series, choices) => {
      let state = create();
      const found = series.map((sample) => {
        if (choices.next().value === true) state = JSON.parse(JSON.stringify(state)) as IndicatorState;
        return push(state, sample);
      });
      assert.deepEqual(found, batch(series));
    },
  );
  fc.assert(property, { numRuns: 1000 });
});

test('the forming bar may change as often as it likes', () => {
  const property = fc.property(indicator, samples, samples, ([create, batch], series, forming) => {
    const state = create();
    for (const sample of series) push(state, sample);
    const before = JSON.stringify(state);
    for (const sample of forming) assert.deepEqual(peek(state, sample), batch([...series, sample]).at(-1));
    assert.equal(JSON.stringify(state), before);
  });
  fc.assert(property, { numRuns: 300 });
});

const near = (found: number | undefined, wanted: number | undefined): void => {
  if (found === undefined || wanted === undefined) assert.equal(found, wanted);
  else assert.ok(Math.abs(found - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted)), `${found}, not ${wanted}`);
};

test('ATR and Bollinger bands agree with trading-signals', () => {
  const property = fc.property(samples, window, (series, n) => {
    const [atr, bands] = [atrState(n), bollingerState(n, 2)];
    const [otherAtr, otherBands] = [new ATR(n), new BollingerBands(n, 2)];
    for (const sample of series) {
      const { value, high, low } = sample;
      near(push(atr, sample) as number | undefined, otherAtr.add({ high, low, close: value }) ?? undefined);
      const found = push(bands, sample) as { upper: number; lower: number } | undefined;
      const wanted = otherBands.add(value) ?? undefined;
      near(found?.upper, wanted?.upper);
      near(found?.lower, wanted?.lower);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('the ATR by hand', () => {
  // True ranges: 4; max(3, |12 - 10|, |9 - 10|) = 3; max(2, |16 - 11|, |14 - 11|) = 5. Mean of two 3.5, then (3.5 + 5) / 2.
  const state = atrState(2);
  const bars: readonly Sample[] = [
    { high: 12, low: 8, value: 10 },
    { high: 12, low: 9, value: 11 },
    { high: 16, low: 14, value: 15 },
  ];
  assert.deepEqual(
    bars.map((bar) => push(state, bar)),
    [undefined, 3.5, 4.25],
  );
});

test('the bands by hand', () => {
  // Mean of 2, 4, 6 is 4, the variance (4 + 0 + 4) / 3.
  const state = bollingerState(3, 3);
  const sampleOf = (value: number): Sample => ({ value, high: value, low: value });
  push(state, sampleOf(2));
  push(state, sampleOf(4));
  const width = 3 * Math.sqrt(8 / 3);
  assert.deepEqual(push(state, sampleOf(6)), { middle: 4, upper: 4 + width, lower: 4 - width });
});
