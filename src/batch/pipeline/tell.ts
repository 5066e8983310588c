import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { NewNotice, Operations } from '#ports/operations.ts';

import { EVENT_KINDS, LASTING_KINDS } from './conditions.ts';

export interface TellDeps {
  readonly operations: Operations;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
}

export interface TellReport {
  /** Conditions that are news. */
  readonly opened: readonly string[];
  /** Conditions that are over. */
  readonly resolved: readonly string[];
  /** Events that got through, over all channels. */
  readonly delivered: number;
  /** Why events did not get through: they are tried again with the next run. */
  readonly failures: readonly { readonly channel: string; readonly error: string }[];
}

/** Events delivered to a channel by one run: what is more waits for the next one. */
const DELIVERIES_MAX = 100;
const NOTICES_OPEN_MAX = 1000;

/** Opens what holds, resolves what holds no longer, and tells each of it once to every channel. */
export async function tell(deps: TellDeps, conditions: readonly NewNotice[]): Promise<TellReport> {
  const { operations, clock } = deps;
  const opened: string[] = [];
  const resolved: string[] = [];
  const known = new Set((await operations.notices({ openOnly: true, limit: NOTICES_OPEN_MAX })).map(({ key }) => key));
  for (const condition of conditions) {
    const isEvent = EVENT_KINDS.some((kind) => kind === condition.kind);
    // What happened is told once; it does not happen again by being found again.
    if (isEvent && known.has(condition.key)) continue;
    if (await operations.openNotice(condition)) opened.push(condition.key);
  }
  const holding = new Set(conditions.map(({ key }) => key));
  for (const notice of await operations.notices({ openOnly: true, limit: NOTICES_OPEN_MAX })) {
    const isLasting = LASTING_KINDS.some((kind) => kind === notice.kind);
    if (!isLasting || holding.has(notice.key)) continue;
    if ((await operations.resolveNotice(notice.key, clock.nowMs())) !== undefined) resolved.push(notice.key);
  }
  const { delivered, failures } = await deliver(deps);
  return { opened, resolved, delivered, failures };
}

/** Hands on what no channel has got yet. A channel that fails stops no other. */
export async function deliver(deps: TellDeps): Promise<Pick<TellReport, 'delivered' | 'failures'>> {
  const { operations, notifiers, clock } = deps;
  let delivered = 0;
  const failures: { channel: string; error: string }[] = [];
  for (const notifier of notifiers) {
    for (const event of await operations.undelivered(notifier.channel, DELIVERIES_MAX)) {
      try {
        await notifier.deliver(event);
      } catch (cause) {
        if (!(cause instanceof CondvestError)) throw cause;
        failures.push({ channel: notifier.channel, error: cause.message });
        break;
      }
      await operations.markDelivered(notifier.channel, event, clock.nowMs());
      delivered += 1;
    }
  }
  return { delivered, failures };
}
