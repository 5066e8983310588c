/**
 * Pseudo-random numbers that are the same on every machine: integer arithmetic of our own, and of `Math` only functions that
 * V8 computes itself (log, cos, exp, sqrt), not the machine's library.
 */
export class RandomSource {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare: number | undefined;

  /** Streams of different names are independent of each other, however long each of them is used. */
  constructor(seed: number, stream: string) {
    let hash = 0x811c9dc5 ^ seed;
    const mix = (value: number): number => {
      hash = Math.imul(hash ^ value, 0x01000193);
      hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
      return (hash ^ (hash >>> 13)) >>> 0;
    };
    for (let i = 0; i < stream.length; i += 1) mix(stream.charCodeAt(i));
    this.#a = mix(1);
    this.#b = mix(2);
    this.#c = mix(3);
    for (let i = 0; i < 12; i += 1) this.#next32();
  }

  /** Uniform in [0, 1), in steps of 2^-32. */
  uniform(): number {
    return this.#next32() / 4294967296;
  }

  /** A whole number in [min, max]. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.uniform() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.uniform() * items.length)] ?? items[0];
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Heavier in the tails than the normal: now and then its spread is a multiple. Variance about 1. */
  shock(): number {
    const spread = this.uniform() < 0.04 ? 2.8 : 0.85;
    return this.normal() * spread;
  }

  /** sfc32 (Chris Doty-Humphrey, PractRand). */
  #next32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
    this.#c |= 0;
    return result >>> 0;
  }
}
