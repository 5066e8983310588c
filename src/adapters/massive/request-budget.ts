import type { Clock } from '#ports/clock.ts';

/** One second beyond the minute, because latency varies between requests. */
export const WINDOW_MS = 61_000;

/** Record of when requests were let through. */
export interface Grants {
  /** Lets a request through and returns 0, or returns the number of milliseconds to wait before asking again. */
  take(nowMs: number, perMinute: number): number;
}

/** Limits requests in any 60 seconds. Callers are let through in order of arrival. */
export class RequestBudget {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #grants: Grants;
  #last: Promise<void> = Promise.resolve();

  /** `perMinute` 0 means no limit. `grants` are shared by users of the same key; default: this process alone. */
  constructor(clock: Clock, perMinute: number, grants: Grants = new OwnGrants()) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#grants = grants;
  }

  /** Resolves when a request may be made. It counts from then on, whatever its outcome. */
  take(signal?: AbortSignal): Promise<void> {
    if (this.#perMinute === 0) return Promise.resolve();
    const turn = this.#last.then(() => this.#wait(signal));
    // A caller that gives up does not stop the ones behind it.
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
  /** Instants of the requests of the last minute, ascending. */
  #granted: readonly number[] = [];

  take(nowMs: number, perMinute: number): number {
    const recent = recentGrants(this.#granted, nowMs);
    const waitMs = waitFor(recent, nowMs, perMinute);
    this.#granted = waitMs === 0 ? [...recent, nowMs] : recent;
    return waitMs;
  }
}

/**
 * Returns the grants that still count. One in the future was granted before the clock was set back: it counts as of
 * now, not for an hour.
 */
export function recentGrants(granted: readonly number[], nowMs: number): number[] {
  return granted.filter((atMs) => atMs > nowMs - WINDOW_MS).map((atMs) => Math.min(atMs, nowMs));
}

/** Returns the milliseconds until one more is allowed; `recent` is ascending. */
export function waitFor(recent: readonly number[], nowMs: number, perMinute: number): number {
  const oldest = recent.at(-perMinute);
  return oldest === undefined ? 0 : oldest + WINDOW_MS - nowMs + 1;
}
