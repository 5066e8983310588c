import { log } from './portable-math.ts';

/**
 * A stream of pseudo-random numbers that is the same on every machine: 32-bit integer and IEEE 754 arithmetic only.
 */
export class RandomSource {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare: number | undefined;

  /** Streams with different names are independent of each other, however long they run. */
  constructor(seed: number, stream: string) {
    this.#a = hashOf(1, seed, stream);
    this.#b = hashOf(2, seed, stream);
    this.#c = hashOf(3, seed, stream);
    for (let i = 0; i < 12; i += 1) this.#next32();
  }

  /** Uniform in [0, 1), in steps of 2^-32. */
  uniform(): number {
    return this.#next32() / 4_294_967_296;
  }

  /** Returns an integer in [min, max]. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.uniform() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.uniform() * items.length)] ?? items[0];
  }

  /** Standard normal (G. Marsaglia's polar method, which needs no sine). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    // Draw a point in the unit circle; four draws in five succeed.
    let x: number;
    let y: number;
    let square: number;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * log(square)) / square);
    this.#spare = y * scale;
    return x * scale;
  }

  /**
   * Fatter tails than the normal distribution, as returns have: occasionally the spread is a multiple. Variance about
   * 1.
   */
  shock(): number {
    return this.normal() * (this.uniform() < 0.04 ? 2.8 : 0.85);
  }

  /** sfc32 (Chris Doty-Humphrey, PractRand). */
  #next32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }
}

/**
 * Returns 32 bits derived from a salt, a seed and a name. Three salts give the 96 bits that keep thousands of streams
 * apart.
 */
function hashOf(salt: number, seed: number, name: string): number {
  let hash = 0x811c9dc5;
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  };
  mix(salt);
  mix(seed);
  for (let i = 0; i < name.length; i += 1) mix(name.charCodeAt(i));
  mix(name.length);
  return hash | 0;
}
