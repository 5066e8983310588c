import { assert } from '#base/assert.ts';
import type { MacdValue } from './indicators.ts';

/**
 * Indicators one bar at a time: bit for bit the values that `indicators.ts` has for the whole series, wherever it is
 * cut. A state is plain data that JSON brings back as it was, so an engine goes on where it stopped.
 *
 * The bar that is still forming is only looked at: `peek` gives the value it would have now, as often as it changes.
 * `push` adds a final bar.
 *
 * Sources: those of `indicators.ts`; ATR: J. Welles Wilder, New Concepts in Technical Trading Systems (1978), section
 * III; bands: John Bollinger, Bollinger on Bollinger Bands (2001), chapter 7.
 */
export type IndicatorState = SmaState | EmaState | RsiState | MacdState | AtrState | BollingerState;

/** One bar of the series. High and low are for the ATR alone, which takes the close as value. */
export interface Sample {
  readonly value: number;
  readonly high: number;
  readonly low: number;
}

export interface BollingerValue {
  readonly middle: number;
  readonly upper: number;
  readonly lower: number;
}

export type IndicatorValue = number | MacdValue | BollingerValue;

interface SmaState {
  readonly kind: 'sma';
  readonly window: number;
  /** The last values, fewer than the window, oldest first. */
  readonly last: number[];
}

interface EmaState {
  readonly kind: 'ema';
  readonly window: number;
  count: number;
  /** The sum of the first values until there are enough of them, then the average. */
  carried: number;
}

interface RsiState {
  readonly kind: 'rsi';
  readonly window: number;
  count: number;
  before: number;
  gain: number;
  loss: number;
}

interface MacdState {
  readonly kind: 'macd';
  readonly short: EmaState;
  readonly long: EmaState;
  readonly signal: EmaState;
}

interface AtrState {
  readonly kind: 'atr';
  readonly window: number;
  count: number;
  before: number;
  /** The sum of the first true ranges until there are enough of them, then the average. */
  carried: number;
}

interface BollingerState {
  readonly kind: 'bollinger';
  readonly mean: SmaState;
  /** Standard deviations between the middle and each band. */
  readonly deviations: number;
}

export function smaState(window: number): SmaState {
  return { kind: 'sma', window: checked(window), last: [] };
}

export function emaState(window: number): EmaState {
  return { kind: 'ema', window: checked(window), count: 0, carried: 0 };
}

export function rsiState(window: number): RsiState {
  return { kind: 'rsi', window: checked(window), count: 0, before: 0, gain: 0, loss: 0 };
}

export function macdState(windows: {
  readonly short: number;
  readonly long: number;
  readonly signal: number;
}): MacdState {
  return {
    kind: 'macd',
    short: emaState(windows.short),
    long: emaState(windows.long),
    signal: emaState(windows.signal),
  };
}

/** Wilder's average true range. Its first value is the mean of the first true ranges. */
export function atrState(window: number): AtrState {
  return { kind: 'atr', window: checked(window), count: 0, before: 0, carried: 0 };
}

/** A moving average, with bands a number of standard deviations (of the population) above and below. */
export function bollingerState(window: number, deviations: number): BollingerState {
  assert(deviations > 0, `bands at ${deviations} standard deviations`);
  return { kind: 'bollinger', mean: smaState(window), deviations };
}

/** Returns the value with one more bar, which may still change. Undefined while there are too few bars. */
export function peek(state: IndicatorState, sample: Sample): IndicatorValue | undefined {
  switch (state.kind) {
    case 'sma':
      return nextMean(state, sample.value);
    case 'ema':
      return nextAverage(state, sample.value);
    case 'rsi':
      return nextStrength(state, sample.value);
    case 'macd':
      return nextMacd(state, sample.value);
    case 'atr':
      return nextTrueRange(state, sample);
    case 'bollinger':
      return nextBands(state, sample.value);
  }
}

/** Adds a final bar, and returns the value with it. */
export function push(state: IndicatorState, sample: Sample): IndicatorValue | undefined {
  const value = peek(state, sample);
  switch (state.kind) {
    case 'sma':
      pushMean(state, sample.value);
      break;
    case 'ema':
      pushAverage(state, sample.value);
      break;
    case 'rsi':
      pushStrength(state, sample.value);
      break;
    case 'macd':
      pushMacd(state, sample.value);
      break;
    case 'atr':
      pushTrueRange(state, sample);
      break;
    case 'bollinger':
      pushMean(state.mean, sample.value);
      break;
  }
  return value;
}

function nextMean({ window, last }: SmaState, value: number): number | undefined {
  if (last.length < window - 1) return undefined;
  let sum = 0;
  for (const before of last) sum += before;
  return (sum + value) / window;
}

function pushMean({ window, last }: SmaState, value: number): void {
  last.push(value);
  if (last.length >= window) last.shift();
}

function nextAverage({ window, count, carried }: EmaState, value: number): number | undefined {
  if (count < window - 1) return undefined;
  return count < window ? (carried + value) / window : (value - carried) * (2 / (window + 1)) + carried;
}

function pushAverage(state: EmaState, value: number): void {
  state.carried = nextAverage(state, value) ?? state.carried + value;
  state.count += 1;
}

function nextStrength(state: RsiState, value: number): number | undefined {
  if (state.count < state.window) return undefined;
  const { gain, loss } = smoothed(state, value);
  if (loss === 0) return gain === 0 ? 50 : 100;
  return 100 - 100 / (1 + gain / loss);
}

function pushStrength(state: RsiState, value: number): void {
  if (state.count > 0) Object.assign(state, smoothed(state, value));
  state.before = value;
  state.count += 1;
}

/** The average gain and loss with one more value, which is not the first. */
function smoothed({ window, count, before, gain, loss }: RsiState, value: number): { gain: number; loss: number } {
  const up = Math.max(value - before, 0);
  const down = Math.max(before - value, 0);
  if (count <= window) return { gain: gain + up / window, loss: loss + down / window };
  return { gain: (gain * (window - 1) + up) / window, loss: (loss * (window - 1) + down) / window };
}

function nextMacd(state: MacdState, sample: number): MacdValue | undefined {
  const value = nextLine(state, sample);
  const signal = value === undefined ? undefined : nextAverage(state.signal, value);
  return value === undefined || signal === undefined ? undefined : { value, signal, histogram: value - signal };
}

function pushMacd(state: MacdState, sample: number): void {
  const line = nextLine(state, sample);
  if (line !== undefined) pushAverage(state.signal, line);
  pushAverage(state.short, sample);
  pushAverage(state.long, sample);
}

function nextLine({ short, long }: MacdState, sample: number): number | undefined {
  const fast = nextAverage(short, sample);
  const slow = nextAverage(long, sample);
  return fast === undefined || slow === undefined ? undefined : fast - slow;
}

function nextTrueRange(state: AtrState, sample: Sample): number | undefined {
  const { window, count, carried } = state;
  if (count < window - 1) return undefined;
  const range = trueRange(state, sample);
  return count < window ? (carried + range) / window : (carried * (window - 1) + range) / window;
}

function pushTrueRange(state: AtrState, sample: Sample): void {
  state.carried = nextTrueRange(state, sample) ?? state.carried + trueRange(state, sample);
  state.before = sample.value;
  state.count += 1;
}

function trueRange({ count, before }: AtrState, { high, low }: Sample): number {
  return count === 0 ? high - low : Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
}

function nextBands({ mean, deviations }: BollingerState, value: number): BollingerValue | undefined {
  const middle = nextMean(mean, value);
  if (middle === undefined) return undefined;
  let squares = (value - middle) ** 2;
  for (const before of mean.last) squares += (before - middle) ** 2;
  const width = deviations * Math.sqrt(squares / mean.window);
  return { middle, upper: middle + width, lower: middle - width };
}

function checked(window: number): number {
  assert(Number.isInteger(window) && window >= 1, `an indicator over ${window} values`);
  return window;
}
