import type { InstantMs } from '#base/dates.ts';

/** Requests that failed one after the other before the vendor is taken for down. */
const FAILURES_MAX = 8;
const COOL_DOWN_MS = 60_000;

/** Spares a vendor that is down, and those who wait for it: after some failures nothing is asked for a minute. */
export class CircuitBreaker {
  #failures = 0;
  #openUntilMs = 0;

  /** Until when nothing is asked; undefined where it may be. After the time one request probes. */
  openUntil(nowMs: InstantMs): InstantMs | undefined {
    return this.#failures >= FAILURES_MAX && nowMs < this.#openUntilMs ? this.#openUntilMs : undefined;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(nowMs: InstantMs): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) this.#openUntilMs = nowMs + COOL_DOWN_MS;
  }
}
