import type { Clock } from '#ports/clock.ts';

/** Time that passes only when somebody sleeps or a test moves it. Sleeping takes no real time. */
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
    // Others get their turn, as they would during a real sleep.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the present, forward or (as real clocks do) backward. */
  move(ms: number): void {
    this.#nowMs += ms;
  }
}
