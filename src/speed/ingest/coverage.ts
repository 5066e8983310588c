import { assert } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';

/**
 * The stretches of time over which the trades of each symbol were listened to without a gap. A minute is built from
 * trades only if all of it is covered.
 *
 * Instants are event time. Stretches of one symbol are ascending and never touch; they are forgotten as minutes are sealed.
 */
export class Coverage {
  readonly #all = new Stretches();
  readonly #symbols = new Map<string, Stretches>();

  /** Trades of a symbol, or of all if it is null, are heard from an instant on. */
  open(symbol: string | null, fromMs: InstantMs): void {
    this.#of(symbol).open(fromMs);
  }

  /** They are no longer heard from an instant on. */
  close(symbol: string | null, toMs: InstantMs): void {
    this.#of(symbol).close(toMs);
  }

  /** The connection was lost: nothing is heard from an instant on. */
  closeAll(toMs: InstantMs): void {
    this.#all.close(toMs);
    for (const stretches of this.#symbols.values()) stretches.close(toMs);
  }

  /** Nothing between two instants counts as heard; what is open goes on after it. */
  interrupt(fromMs: InstantMs, toMs: InstantMs): void {
    for (const stretches of [this.#all, ...this.#symbols.values()]) stretches.interrupt(fromMs, toMs);
  }

  /** All trades of a stretch are known, since they were fetched. */
  recovered(symbol: string, fromMs: InstantMs, toMs: InstantMs): void {
    this.#of(symbol).add(fromMs, toMs);
  }

  /** Returns whether every trade of a symbol between two instants was heard, or recovered. */
  has(symbol: string, fromMs: InstantMs, toMs: InstantMs): boolean {
    const own = this.#symbols.get(symbol);
    let atMs = fromMs;
    // Its own stretches and those of all symbols complement each other.
    for (let reachedMs = Number.NEGATIVE_INFINITY; atMs < toMs && atMs > reachedMs; ) {
      reachedMs = atMs;
      atMs = Math.max(this.#all.endOf(atMs), own?.endOf(atMs) ?? atMs);
    }
    return atMs >= toMs;
  }

  /** Forgets what ended before an instant. */
  forget(beforeMs: InstantMs): void {
    this.#all.forget(beforeMs);
    for (const [symbol, stretches] of this.#symbols) {
      stretches.forget(beforeMs);
      if (stretches.isEmpty) this.#symbols.delete(symbol);
    }
  }

  snapshot(): CoverageSnapshot {
    return {
      all: this.#all.snapshot(),
      symbols: [...this.#symbols].map(([symbol, stretches]) => [symbol, stretches.snapshot()]),
    };
  }

  restore({ all, symbols }: CoverageSnapshot): void {
    this.#all.restore(all);
    for (const [symbol, stretches] of symbols) this.#of(symbol).restore(stretches);
  }

  #of(symbol: string | null): Stretches {
    if (symbol === null) return this.#all;
    let stretches = this.#symbols.get(symbol);
    if (stretches === undefined) {
      stretches = new Stretches();
      this.#symbols.set(symbol, stretches);
    }
    return stretches;
  }
}

export interface CoverageSnapshot {
  readonly all: StretchesSnapshot;
  readonly symbols: readonly (readonly [symbol: string, stretches: StretchesSnapshot])[];
}

interface StretchesSnapshot {
  readonly ended: readonly Stretch[];
  readonly openFromMs: InstantMs | null;
}

interface Stretch {
  readonly fromMs: InstantMs;
  readonly toMs: InstantMs;
}

class Stretches {
  /** Ended ones, ascending. */
  #ended: readonly Stretch[] = [];
  /** Where the one begins that has not ended. */
  #openFromMs: InstantMs | undefined;

  get isEmpty(): boolean {
    return this.#ended.length === 0 && this.#openFromMs === undefined;
  }

  open(fromMs: InstantMs): void {
    this.#openFromMs ??= fromMs;
  }

  close(toMs: InstantMs): void {
    const fromMs = this.#openFromMs;
    this.#openFromMs = undefined;
    if (fromMs !== undefined && toMs > fromMs) this.add(fromMs, toMs);
  }

  interrupt(fromMs: InstantMs, toMs: InstantMs): void {
    if (this.#openFromMs === undefined) return;
    this.close(fromMs);
    this.open(toMs);
  }

  /** Adds a stretch, joined with those that it touches. */
  add(fromMs: InstantMs, toMs: InstantMs): void {
    assert(fromMs <= toMs, `a stretch from ${fromMs} to ${toMs}`);
    if (fromMs === toMs) return;
    const touching = this.#ended.filter((other) => other.toMs >= fromMs && other.fromMs <= toMs);
    this.#ended = [
      ...this.#ended.filter((other) => other.toMs < fromMs),
      {
        fromMs: Math.min(fromMs, ...touching.map((other) => other.fromMs)),
        toMs: Math.max(toMs, ...touching.map((other) => other.toMs)),
      },
      ...this.#ended.filter((other) => other.fromMs > toMs),
    ];
  }

  /** Returns the end of the stretch that has an instant, or the instant itself if none has. */
  endOf(atMs: InstantMs): InstantMs {
    if (this.#openFromMs !== undefined && atMs >= this.#openFromMs) return Number.POSITIVE_INFINITY;
    return this.#ended.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)?.toMs ?? atMs;
  }

  forget(beforeMs: InstantMs): void {
    this.#ended = this.#ended.filter(({ toMs }) => toMs > beforeMs);
  }

  snapshot(): StretchesSnapshot {
    return { ended: this.#ended, openFromMs: this.#openFromMs ?? null };
  }

  restore({ ended, openFromMs }: StretchesSnapshot): void {
    this.#ended = ended;
    this.#openFromMs = openFromMs ?? undefined;
  }
}
