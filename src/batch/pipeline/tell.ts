import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Notice, NoticeEvent, Operations } from '#ports/operations.ts';

import { EVENT_KINDS, type Judgement } from './conditions.ts';

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
  /** Why events did not get through: they are tried again with the next delivery. */
  readonly failures: readonly { readonly channel: string; readonly error: string }[];
}

const NOTICES_OPEN_MAX = 1000;
/** Events delivered to a channel at once: what is more waits for the next time. */
const DELIVERIES_MAX = 100;
/** Waits before an event is tried again that could not be delivered for now. */
const RETRY_WAITS_MS = [1000, 5000] as const;
/** Events that a channel refuses for good, before the channel is left alone until the next time. */
const REFUSALS_MAX = 3;
/** What began and ended while a channel was away for longer than this is told there no more. */
const STALE_MS = 7 * 24 * 60 * 60 * 1000;
/** What happened is listed among the open notices for so long. */
const EVENTS_LISTED_MS = 30 * 24 * 60 * 60 * 1000;

/** Opens what holds, resolves what holds no longer, and tells each of it once to every channel. */
export async function tell(deps: TellDeps, judge: (open: readonly Notice[]) => Judgement): Promise<TellReport> {
  const { operations, clock } = deps;
  const opened: string[] = [];
  const resolved: string[] = [];
  const open = await operations.notices({ openOnly: true, limit: NOTICES_OPEN_MAX });
  const { holding, over } = judge(open);
  for (const condition of holding) if (await operations.openNotice(condition)) opened.push(condition.key);
  for (const key of over) if ((await operations.resolveNotice(key, clock.nowMs())) !== undefined) resolved.push(key);
  for (const { key, kind, firstSeenMs } of open) {
    if (!EVENT_KINDS.has(kind) || clock.nowMs() - firstSeenMs < EVENTS_LISTED_MS) continue;
    await operations.resolveNotice(key, clock.nowMs());
  }
  const { delivered, failures } = await deliver(deps);
  return { opened, resolved, delivered, failures };
}

/**
 * Hands on what no channel has got yet, each event tried again a few times. A channel that fails stops no other, and an event
 * that is refused for good stops no later one.
 */
export async function deliver(deps: TellDeps): Promise<Pick<TellReport, 'delivered' | 'failures'>> {
  const { operations, notifiers, clock } = deps;
  let delivered = 0;
  const failures: { channel: string; error: string }[] = [];
  for (const notifier of notifiers) {
    const { channel } = notifier;
    let refusals = 0;
    for (const event of await operations.undelivered(channel, DELIVERIES_MAX)) {
      if (!isWorthTelling(event, clock.nowMs())) {
        await operations.markDelivered(channel, event, clock.nowMs());
        continue;
      }
      const failure = await deliverOne(deps, notifier, event);
      if (failure === undefined) {
        await operations.markDelivered(channel, event, clock.nowMs());
        delivered += 1;
        continue;
      }
      failures.push({ channel, error: failure.message });
      refusals += 1;
      if (failure.kind === 'transient' || refusals >= REFUSALS_MAX) break;
    }
  }
  return { delivered, failures };
}

async function deliverOne(
  { clock }: TellDeps,
  notifier: Notifier,
  event: NoticeEvent,
): Promise<CondvestError | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await notifier.deliver(event);
      return undefined;
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      const waitMs = RETRY_WAITS_MS[attempt];
      if (cause.kind !== 'transient' || waitMs === undefined) return cause;
      await clock.sleep(waitMs);
    }
  }
}

function isWorthTelling({ event, notice }: NoticeEvent, nowMs: number): boolean {
  // What happened does not get over; it only leaves the list.
  if (event === 'resolved' && EVENT_KINDS.has(notice.kind)) return false;
  return notice.resolvedMs === null || nowMs - notice.resolvedMs < STALE_MS;
}
