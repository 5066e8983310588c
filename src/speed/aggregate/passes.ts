import type { InstantMs } from '#base/dates.ts';

/** Where in the journal the watermark passed the end of each window. Ends are multiples of one length. */
export class Passes {
  readonly #lengthMs: number;
  readonly #positions = new Map<InstantMs, number>();
  #markMs: InstantMs | undefined;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** Moves the watermark. Returns the ends that it passed, ascending: none at first, since nothing was heard of them. */
  advance(markMs: InstantMs, position: number): InstantMs[] {
    const passed: InstantMs[] = [];
    const from = this.#markMs;
    if (from !== undefined && markMs <= from) return passed;
    this.#markMs = markMs;
    if (from === undefined) return passed;
    for (let endMs = from - (from % this.#lengthMs) + this.#lengthMs; endMs <= markMs; endMs += this.#lengthMs) {
      this.#positions.set(endMs, position);
      passed.push(endMs);
    }
    return passed;
  }

  /** The last end of a window that the watermark has reached. */
  get reachedMs(): InstantMs | undefined {
    return this.#markMs === undefined ? undefined : this.#markMs - (this.#markMs % this.#lengthMs);
  }

  /** Returns whether the watermark has reached the end of a window. */
  has(endMs: InstantMs): boolean {
    return this.#markMs !== undefined && this.#markMs >= endMs;
  }

  /** Returns the position at which it did. Infinite for a window that ended before anything was heard. */
  positionOf(endMs: InstantMs): number {
    return this.#positions.get(endMs) ?? Number.POSITIVE_INFINITY;
  }

  forget(beforeMs: InstantMs): void {
    for (const endMs of this.#positions.keys()) {
      if (endMs >= beforeMs) return;
      this.#positions.delete(endMs);
    }
  }

  snapshot(): PassesSnapshot {
    return { markMs: this.#markMs ?? null, positions: [...this.#positions] };
  }

  restore({ markMs, positions }: PassesSnapshot): void {
    this.#markMs = markMs ?? undefined;
    for (const [endMs, position] of positions) this.#positions.set(endMs, position);
  }
}

export interface PassesSnapshot {
  readonly markMs: InstantMs | null;
  readonly positions: readonly (readonly [endMs: InstantMs, position: number])[];
}
