import type { InstantMs } from '#base/dates.ts';

/** Consecutive failed requests before the vendor is considered down. */
const FAILURES_MAX = 8;
const COOL_DOWN_MS = 60_000;

/**
 * Spares a vendor that is down, and the callers waiting for it: after several failures, no requests are made for a
 * minute.
 */
export class CircuitBreaker {
  #failures = 0;
  #openUntilMs = 0;

  /** End of the pause, or undefined if requests are allowed. After it, one request probes. */
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
