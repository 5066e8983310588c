import type { Clock } from '#ports/clock.ts';

/** A second beyond the minute: requests take their time to arrive, and some arrive sooner than others. */
export const WINDOW_MS = 61_000;

/** Where it is kept when requests were let through. */
export interface Grants {
  /** Lets a request through and answers 0, or answers in how many milliseconds to ask again. */
  take(nowMs: number, perMinute: number): number;
}

/** At most so many requests in any 60 seconds. Callers are let through in the order in which they came. */
export class RequestBudget {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #grants: Grants;
  #last: Promise<void> = Promise.resolve();

  /** `perMinute` 0: no limit. `grants` are shared by those who use the same key; of this process alone unless given. */
  constructor(clock: Clock, perMinute: number, grants: Grants = new OwnGrants()) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#grants = grants;
  }

  /** Resolves when a request may be made. It counts from then on, whatever becomes of it. */
  take(signal?: AbortSignal): Promise<void> {
    if (this.#perMinute === 0) return Promise.resolve();
    const turn = this.#last.then(() => this.#wait(signal));
    // One caller that gives up does not stop those behind it.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const waitMs = this.#grants.take(this.#clock.nowMs(), this.#perMinute);
      if (waitMs === 0) return;
      await this.#clock.sleep(waitMs, signal);
    }
  }
}

class OwnGrants implements Grants {
  /** When the requests of the last minute were let through, ascending. */
  #granted: readonly number[] = [];

  take(nowMs: number, perMinute: number): number {
    const recent = recentGrants(this.#granted, nowMs);
    const waitMs = waitFor(recent, nowMs, perMinute);
    this.#granted = waitMs === 0 ? [...recent, nowMs] : recent;
    return waitMs;
  }
}

/** Those that still count. What lies ahead was granted before the clock was set back: it counts as of now, and not for an hour. */
export function recentGrants(granted: readonly number[], nowMs: number): number[] {
  return granted.filter((atMs) => atMs > nowMs - WINDOW_MS).map((atMs) => Math.min(atMs, nowMs));
}

/** Milliseconds until one more is allowed; `recent` is ascending. */
export function waitFor(recent: readonly number[], nowMs: number, perMinute: number): number {
  const oldest = recent.at(-perMinute);
  return oldest === undefined ? 0 : oldest + WINDOW_MS - nowMs + 1;
}
