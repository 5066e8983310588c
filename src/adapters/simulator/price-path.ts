import type { RandomSource } from './random-source.ts';

/** Price levels of a session's minutes in regular trading hours, in cents with fractions, between its low and its high. */

export interface PathEnds {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** The minutes of the high and of the low, from 0. */
  readonly highAt: number;
  readonly lowAt: number;
}

/**
 * Returns a random path that begins at the open, touches high and low in their minutes, and ends at the close.
 */
export function drawPath(random: RandomSource, ends: PathEnds, minutes: number): Float64Array {
  const { open, high, low, close, highAt, lowAt } = ends;
  const path = new Float64Array(minutes);
  const knots: [at: number, price: number][] = [
    [0, open],
    [highAt, high],
    [lowAt, low],
    [minutes - 1, close],
  ];
  knots.sort(([a], [b]) => a - b);
  for (const [at, price] of knots) path[at] = price;
  const spread = (high - low) / (2 * Math.sqrt(minutes));
  for (let index = 1; index < knots.length; index += 1) {
    bridge(path, knots[index - 1]?.[0] ?? 0, knots[index]?.[0] ?? 0, (from, to, mean) => {
      const noise = 2 * (random.uniform() + random.uniform() + random.uniform() - 1.5);
      return inside(mean + noise * spread * Math.sqrt((to - from) / 4), low, high);
    });
  }
  return path;
}

/** Fills in the minutes between two, from the middle out. */
function bridge(
  path: Float64Array,
  from: number,
  to: number,
  draw: (from: number, to: number, mean: number) => number,
): void {
  if (to - from < 2) return;
  const middle = (from + to) >> 1;
  path[middle] = draw(from, to, ((path[from] ?? 0) + (path[to] ?? 0)) / 2);
  bridge(path, from, middle, draw);
  bridge(path, middle, to, draw);
}

/** Reflects at the bounds, as long as that suffices. */
function inside(price: number, low: number, high: number): number {
  const reflected = price > high ? 2 * high - price : price < low ? 2 * low - price : price;
  return Math.min(high, Math.max(low, reflected));
}

/** Fraction of the minutes at either end in which a path is moved less than in between. */
const FADE = 1 / 12;

/**
 * Moves a path toward its low or its high, so that its average by `weights` becomes `average`, or as near to it as the
 * bounds allow. The ends stay where they are if that suffices.
 */
export function movePath(
  path: Float64Array,
  weights: ArrayLike<number>,
  average: number,
  low: number,
  high: number,
): void {
  const now = averageOf(path, weights);
  if (now === undefined || now === average) return;
  const bound = average > now ? high : low;
  const fade = (index: number): number => {
    const at = (index + 0.5) / path.length;
    return Math.min(1, at / FADE, (1 - at) / FADE);
  };
  const faded = move(path, weights, average - now, bound, fade);
  if (!faded) move(path, weights, average - now, bound, () => 1);
}

/** Moves every minute by the same share of its distance to a bound, times its factor. Returns whether that suffices. */
function move(
  path: Float64Array,
  weights: ArrayLike<number>,
  by: number,
  bound: number,
  factor: (index: number) => number,
): boolean {
  let reach = 0;
  let total = 0;
  for (let index = 0; index < path.length; index += 1) {
    const weight = weights[index] ?? 0;
    total += weight;
    reach += weight * factor(index) * (bound - (path[index] ?? 0));
  }
  const isEnough = reach !== 0 && Math.abs(by * total) <= Math.abs(reach);
  // A path that cannot be moved far enough with its ends in place is left to the next attempt.
  if (!isEnough && factor(0) < 1) return false;
  const share = isEnough ? (by * total) / reach : 1;
  for (let index = 0; index < path.length; index += 1) {
    path[index] = (path[index] ?? 0) + share * factor(index) * (bound - (path[index] ?? 0));
  }
  return true;
}

function averageOf(path: Float64Array, weights: ArrayLike<number>): number | undefined {
  let sum = 0;
  let total = 0;
  for (let index = 0; index < path.length; index += 1) {
    sum += (weights[index] ?? 0) * (path[index] ?? 0);
    total += weights[index] ?? 0;
  }
  return total === 0 ? undefined : sum / total;
}
