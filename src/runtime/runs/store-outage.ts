import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Notice, NoticeEvent } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';
import { unstoredNotice } from './unstored-notice.ts';

export interface StoreOutageDeps {
  readonly notifiers: () => Promise<readonly Notifier[]>;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Tells that the store of runs and notices is away, and that it is back. It cannot remember that itself, so this process does: each
 * channel is told once of each, as far as it can be reached.
 */
export class StoreOutage {
  readonly #deps: StoreOutageDeps;
  #notice: Notice | undefined;
  #told = new Set<string>();

  constructor(deps: StoreOutageDeps) {
    this.#deps = deps;
  }

  async away(error: CondvestError): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    this.#notice ??= unstoredNotice(
      {
        id: this.#deps.random.uuid(),
        key: 'run-failed:store',
        kind: 'run-failed',
        severity: 'error',
        title: 'The daily run cannot begin: the store of runs and notices is away',
        text: `${error.message}\nIt is tried again every half an hour. Market data is not affected.`,
      },
      nowMs,
    );
    for (const notifier of await this.#deps.notifiers()) {
      if (this.#told.has(notifier.channel)) continue;
      if (await isTaken(notifier, { event: 'opened', notice: this.#notice })) this.#told.add(notifier.channel);
    }
  }

  async back(): Promise<void> {
    if (this.#notice === undefined) return;
    const notice: Notice = { ...this.#notice, state: 'resolved', resolvedMs: this.#deps.clock.nowMs() };
    const told = this.#told;
    this.#notice = undefined;
    this.#told = new Set();
    for (const notifier of await this.#deps.notifiers())
      if (told.has(notifier.channel)) await isTaken(notifier, { event: 'resolved', notice });
  }
}

/** A channel that is away as well is told with the next try, or not at all. */
async function isTaken(notifier: Notifier, event: NoticeEvent): Promise<boolean> {
  try {
    await notifier.deliver(event);
    return true;
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    return false;
  }
}
