import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { RandomSource } from './random-source.ts';

const DRAWS = 200_000;

function moments(draw: () => number): { mean: number; variance: number; kurtosis: number } {
  const values = Array.from({ length: DRAWS }, draw);
  const mean = values.reduce((sum, x) => sum + x, 0) / DRAWS;
  const power = (n: number): number => values.reduce((sum, x) => sum + (x - mean) ** n, 0) / DRAWS;
  return { mean, variance: power(2), kurtosis: power(4) / power(2) ** 2 };
}

describe('a source of random numbers', () => {
  test('gives the same numbers for the same seed and stream, and others for others', () => {
    const first = (seed: number, stream: string): number[] => {
      const random = new RandomSource(seed, stream);
      return Array.from({ length: 8 }, () => random.uniform());
    };
    assert.deepEqual(first(1, 'a'), first(1, 'a'));
    const starts = [first(1, 'a'), first(2, 'a'), first(1, 'b'), first(1, 'security 1'), first(1, 'security 11')];
    assert.equal(new Set(starts.map(String)).size, starts.length);
    assert.equal(new Set(starts.flat()).size, 40);
  });

  test('keeps tens of thousands of streams apart', () => {
    const starts = new Set<number>();
    for (let seed = 0; seed < 4; seed += 1) {
      for (let i = 0; i < 12_000; i += 1) {
        const random = new RandomSource(seed, `security ${i}`);
        starts.add(random.uniform() * 2 ** 32 + random.uniform());
      }
    }
    assert.equal(starts.size, 48_000);
  });

  test('is uniform in [0, 1)', () => {
    const random = new RandomSource(3, 'uniform');
    const counts = new Array<number>(20).fill(0);
    for (let i = 0; i < DRAWS; i += 1) {
      const bin = Math.floor(random.uniform() * 20);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    assert.equal(counts.length, 20);
    const expected = DRAWS / 20;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 19 degrees of freedom: 43.8 is passed once in a thousand seeds, and ours is fixed.
    assert.ok(chiSquare < 43.8, `χ² ${chiSquare}`);
  });

  test('has normal numbers that are normal, and shocks with heavier tails', () => {
    const random = new RandomSource(4, 'normal');
    const normal = moments(() => random.normal());
    assert.ok(Math.abs(normal.mean) < 0.01 && Math.abs(normal.variance - 1) < 0.01, JSON.stringify(normal));
    assert.ok(Math.abs(normal.kurtosis - 3) < 0.06, JSON.stringify(normal));
    const shock = moments(() => random.shock());
    assert.ok(Math.abs(shock.mean) < 0.01 && Math.abs(shock.variance - 1) < 0.03, JSON.stringify(shock));
    assert.ok(shock.kurtosis > 6, JSON.stringify(shock));
  });

  test('has whole numbers that reach both ends and no further', () => {
    const random = new RandomSource(5, 'whole');
    const seen = new Set(Array.from({ length: 1000 }, () => random.whole(3, 7)));
    assert.deepEqual([...seen].sort(), [3, 4, 5, 6, 7]);
  });
});
