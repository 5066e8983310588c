import type { Clock } from '#ports/clock.ts';

const WINDOW_MS = 60_000;

/** At most so many requests in any 60 seconds. Callers are let through in the order in which they came. */
export class RequestBudget {
  readonly #clock: Clock;
  readonly #perMinute: number;
  /** When the requests of the last minute were let through, ascending. */
  #granted: number[] = [];
  #last: Promise<void> = Promise.resolve();

  /** `perMinute` 0: no limit. */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
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
      const nowMs = this.#clock.nowMs();
      // A clock that was set back must not let the whole minute through again.
      this.#granted = this.#granted.filter((atMs) => atMs > nowMs - WINDOW_MS);
      const oldest = this.#granted.at(-this.#perMinute);
      if (oldest === undefined) {
        this.#granted.push(nowMs);
        return;
      }
      await this.#clock.sleep(Math.min(WINDOW_MS, oldest + WINDOW_MS - nowMs + 1), signal);
    }
  }
}
