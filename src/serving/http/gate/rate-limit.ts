import { LRUCache } from 'lru-cache';
import type { InstantMs } from '#base/dates.ts';

/**
 * Token buckets by name: so many requests a minute, and as many at once after a pause. The table is bounded: the name not seen
 * for longest is forgotten, which at worst gives it a full bucket again.
 */
export class RateLimit {
  readonly #buckets: LRUCache<string, { tokens: number; atMs: InstantMs }>;

  constructor(options: { readonly namesMax: number }) {
    this.#buckets = new LRUCache({ max: options.namesMax });
  }

  /** Takes one token; undefined where there was one, otherwise the milliseconds until there is one again. */
  take(name: string, perMinute: number, nowMs: InstantMs): number | undefined {
    const perMs = perMinute / MINUTE_MS;
    const bucket = this.#filled(name, perMinute, nowMs);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return undefined;
    }
    return Math.ceil((1 - bucket.tokens) / perMs);
  }

  /** As `take` would say, without taking anything. */
  wait(name: string, perMinute: number, nowMs: InstantMs): number | undefined {
    const { tokens } = this.#filled(name, perMinute, nowMs);
    return tokens >= 1 ? undefined : Math.ceil((1 - tokens) / (perMinute / MINUTE_MS));
  }

  #filled(name: string, perMinute: number, nowMs: InstantMs): { tokens: number; atMs: InstantMs } {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = { tokens: perMinute, atMs: nowMs };
      this.#buckets.set(name, bucket);
    }
    // A clock that was set back gives nothing and takes nothing.
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(perMinute, bucket.tokens + (passedMs * perMinute) / MINUTE_MS);
    bucket.atMs = nowMs;
    return bucket;
  }
}

const MINUTE_MS = 60_000;
