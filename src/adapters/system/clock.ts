import { setTimeout as sleepFor } from 'node:timers/promises';

import type { Clock } from '#ports/clock.ts';

/** The machine's clock and timers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      // Node rejects with its own AbortError; the port guarantees the signal's reason.
      signal?.throwIfAborted();
      throw cause;
    }
  },
};
