import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Notice, NoticeEvent } from '#ports/notices.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Random } from '#ports/random.ts';
import { unstoredNotice } from './unstored-notice.ts';

export interface StoreOutageDeps {
  readonly notifiers: () => Promise<readonly Notifier[]>;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Notifies that the operational store is unavailable, and that it is back. Since the store cannot remember that, this
 * process does: each channel that can be reached is notified once of each.
 */
export class StoreOutage {
  readonly #deps: StoreOutageDeps;
  #notice: Notice | undefined;
  #notified = new Set<string>();

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
        title: 'The daily run cannot start: the operational store is unavailable',
        text: `${error.message}\nIt is retried every 30 minutes. Market data is not affected.`,
      },
      nowMs,
    );
    for (const notifier of await this.#deps.notifiers()) {
      if (this.#notified.has(notifier.channel)) continue;
      if (await isDelivered(notifier, { event: 'opened', notice: this.#notice })) this.#notified.add(notifier.channel);
    }
  }

  async back(): Promise<void> {
    if (this.#notice === undefined) return;
    const notice: Notice = { ...this.#notice, state: 'resolved', resolvedMs: this.#deps.clock.nowMs() };
    const notified = this.#notified;
    this.#notice = undefined;
    this.#notified = new Set();
    for (const notifier of await this.#deps.notifiers())
      if (notified.has(notifier.channel)) await isDelivered(notifier, { event: 'resolved', notice });
  }
}

/** Attempts one delivery. A channel that fails is tried again with the next run, if the outage lasts that long. */
async function isDelivered(notifier: Notifier, event: NoticeEvent): Promise<boolean> {
  try {
    await notifier.deliver(event);
    return true;
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    return false;
  }
}
