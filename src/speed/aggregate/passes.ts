import type { InstantMs } from '#base/dates.ts';

/**
 * Where in the journal the watermark passed the end of each window. Ends are multiples of one length. Only those of the
 * last `keptMs` are kept: after a longer silence, windows before that are final, and nothing corrects them.
 */
export class Passes {
  readonly #lengthMs: number;
  readonly #keptMs: number;
  readonly #positions = new Map<InstantMs, number>();
  #markMs: InstantMs | undefined;

  constructor(lengthMs: number, keptMs: number) {
    this.#lengthMs = lengthMs;
    this.#keptMs = keptMs;
  }

  /** Moves the watermark. Returns whether it passed an end: not at first, since nothing was heard of what is before. */
  advance(markMs: InstantMs, position: number): boolean {
    const from = this.#markMs;
    if (from !== undefined && markMs <= from) return false;
    this.#markMs = markMs;
    if (from === undefined) return false;
    const first = this.#nextEnd(Math.max(from, markMs - this.#keptMs));
    for (let endMs = first; endMs <= markMs; endMs += this.#lengthMs) this.#positions.set(endMs, position);
    return this.#nextEnd(from) <= markMs;
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

  #nextEnd(afterMs: InstantMs): InstantMs {
    return afterMs - (afterMs % this.#lengthMs) + this.#lengthMs;
  }
}

export interface PassesSnapshot {
  readonly markMs: InstantMs | null;
  readonly positions: readonly (readonly [endMs: InstantMs, position: number])[];
}
