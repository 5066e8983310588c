import type { Clock } from '#ports/clock.ts';

/** A clock that advances only when code sleeps or a test moves it. Sleeping takes no real time. */
export class VirtualClock implements Clock {
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return Math.floor(this.#nowMs);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#nowMs += ms;
    // Yield to other tasks, as a real sleep would.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the current time forward or, as real clocks do, backward. */
  move(ms: number): void {
    this.#nowMs += ms;
  }
}
