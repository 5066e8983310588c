import { assert } from '#base/assert.ts';

/**
 * Indicators over a series of values, ascending by time. Each result has the length of its input and is `undefined`
 * where there are not enough earlier values. Every value depends on the whole series before it (except for the SMA), so
 * a series should begin as early as possible.
 *
 * Sources: moving averages are standard; RSI and its smoothing: J. Welles Wilder, New Concepts in Technical Trading
 * Systems (1978), section VI; MACD: Gerald Appel, Technical Analysis (2005), chapter 8.
 */

export type Indicated = readonly (number | undefined)[];

/** Mean of the last `window` values. */
export function sma(values: readonly number[], window: number): Indicated {
  checkWindow(window);
  return values.map((_, i) => (i < window - 1 ? undefined : meanOf(values, i - window + 1, window)));
}

/**
 * Exponential moving average with weight 2 / (window + 1), seeded with the mean of the first `window` values as on
 * charting platforms. Seeding with the first value would differ for several window lengths.
 */
export function ema(values: readonly number[], window: number): Indicated {
  checkWindow(window);
  const weight = 2 / (window + 1);
  let average: number | undefined;
  return values.map((value, i) => {
    if (i < window - 1) return undefined;
    average = average === undefined ? meanOf(values, 0, window) : (value - average) * weight + average;
    return average;
  });
}

/**
 * Wilder's relative strength index, 0 to 100. The first average gain and loss are means of `window` changes, so the
 * first result belongs to value number `window + 1`; later ones are smoothed by 1 / window. It is 100 without any loss
 * and 50 without any change.
 */
export function rsi(values: readonly number[], window: number): Indicated {
  checkWindow(window);
  let gain = 0;
  let loss = 0;
  return values.map((value, i) => {
    const before = values[i - 1];
    if (before === undefined) return undefined;
    const up = Math.max(value - before, 0);
    const down = Math.max(before - value, 0);
    if (i <= window) {
      gain += up / window;
      loss += down / window;
    } else {
      gain = (gain * (window - 1) + up) / window;
      loss = (loss * (window - 1) + down) / window;
    }
    if (i < window) return undefined;
    if (loss === 0) return gain === 0 ? 50 : 100;
    return 100 - 100 / (1 + gain / loss);
  });
}

export interface MacdValue {
  /** Short EMA minus long EMA. */
  readonly value: number;
  /** EMA of `value`, seeded with the mean of its first values. */
  readonly signal: number;
  readonly histogram: number;
}

/** Moving average convergence/divergence. Results start once the signal line does. */
export function macd(
  values: readonly number[],
  windows: { readonly short: number; readonly long: number; readonly signal: number },
): readonly (MacdValue | undefined)[] {
  const short = ema(values, windows.short);
  const long = ema(values, windows.long);
  const lines: number[] = [];
  for (const [i, slow] of long.entries()) {
    const fast = short[i];
    if (slow !== undefined && fast !== undefined) lines.push(fast - slow);
  }
  const before = values.length - lines.length;
  const signals = ema(lines, windows.signal);
  return values.map((_, i) => {
    const value = lines[i - before];
    const signal = signals[i - before];
    if (i < before || value === undefined || signal === undefined) return undefined;
    return { value, signal, histogram: value - signal };
  });
}

function meanOf(values: readonly number[], first: number, count: number): number {
  let sum = 0;
  for (let i = first; i < first + count; i += 1) sum += values[i] ?? Number.NaN;
  return sum / count;
}

function checkWindow(window: number): void {
  assert(Number.isInteger(window) && window >= 1, `an indicator over ${window} values`);
}
