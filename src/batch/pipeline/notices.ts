import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Leases } from '#ports/leases.ts';
import type { Notice, NoticeEvent, Notices, UndeliveredEvent } from '#ports/notices.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Random } from '#ports/random.ts';

import { EVENT_KINDS, failedRunNotice, type Judgement } from './conditions.ts';

export interface NotifyDeps {
  readonly notices: Notices;
  readonly leases: Leases;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly random: Random;
  /** Called with a line for people when an event becomes a dead letter. */
  readonly onDeadLetter?: (line: string) => void;
}

export interface DeliveryReport {
  /** Events delivered, over all channels. */
  readonly delivered: number;
  /** Failed attempts. They are retried later, up to a limit. */
  readonly failures: readonly { readonly channel: string; readonly error: string }[];
}

export interface NotifyReport extends DeliveryReport {
  /** Keys of notices that were opened. */
  readonly opened: readonly string[];
  /** Keys of notices that were resolved. */
  readonly resolved: readonly string[];
}

const NOTICES_OPEN_MAX = 1000;
/** Events per channel and delivery; the rest waits for the next one. */
const DELIVERIES_MAX = 100;
/** Pauses before a request is repeated within one attempt, for failures that may pass within seconds. */
const REQUEST_PAUSES_MS = [1000, 5000];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/**
 * Delays between attempts at an event. If the attempt after the last delay fails too, the event is a dead letter: ten
 * in five days.
 */
const RETRY_DELAYS_MS = [
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  DAY_MS,
  DAY_MS,
  DAY_MS,
];
/** Consecutive events that fail before a channel is left alone until the next delivery. */
const FAILURES_MAX = 3;
/** Delivery lease, renewed before each request; one request takes at most half the TTL. */
const LEASE = 'deliver';
const LEASE_TTL_MS = 60_000;
const LEASE_POLL_MS = 500;
/** Notices that were resolved longer ago are not delivered any more, for example to a new channel. */
const STALE_MS = 7 * DAY_MS;
/** A notice about an event, as opposed to a condition, stays open this long. */
const EVENTS_LISTED_MS = 30 * DAY_MS;

/**
 * Opens notices for conditions that hold, resolves those that no longer do, and delivers the changes to every channel.
 */
export async function notify(deps: NotifyDeps, judge: (open: readonly Notice[]) => Judgement): Promise<NotifyReport> {
  const { notices, clock } = deps;
  const opened: string[] = [];
  const resolved: string[] = [];
  const open = await notices.list({ openOnly: true, limit: NOTICES_OPEN_MAX });
  const { holding, over } = judge(open);
  for (const condition of holding) if (await notices.open(condition)) opened.push(condition.key);
  for (const key of over) if ((await notices.resolve(key, clock.nowMs())) !== undefined) resolved.push(key);
  for (const { key, kind, firstSeenMs } of open) {
    if (!EVENT_KINDS.has(kind) || clock.nowMs() - firstSeenMs < EVENTS_LISTED_MS) continue;
    await notices.resolve(key, clock.nowMs());
  }
  return { opened, resolved, ...(await deliver(deps)) };
}

/**
 * Opens or, for a null `error`, resolves the notice about failed runs of a kind other than the daily one, and delivers
 * the change.
 */
export async function notifyOfRun(deps: NotifyDeps, kind: string, error: string | null): Promise<void> {
  const { notices, clock } = deps;
  const notice = failedRunNotice(kind, error ?? '', clock.nowMs());
  const isNew =
    error === null ? (await notices.resolve(notice.key, clock.nowMs())) !== undefined : await notices.open(notice);
  if (isNew) await deliver(deps);
}

/**
 * Delivers the events that are due. One process delivers at a time; a concurrent caller waits for the lease and then
 * delivers what is still due. It gives up after the lease's TTL, since the holder delivers everything then.
 */
export async function deliver(deps: NotifyDeps): Promise<DeliveryReport> {
  const { leases, notifiers, clock, random } = deps;
  const lease = { name: LEASE, holder: random.uuid(), ttlMs: LEASE_TTL_MS };
  const report: DeliveryTally = { delivered: 0, failures: [] };
  for (const startMs = clock.nowMs(); ; await clock.sleep(LEASE_POLL_MS)) {
    if ((await leases.acquire({ ...lease, nowMs: clock.nowMs() })).taken) break;
    if (clock.nowMs() - startMs > LEASE_TTL_MS) return report;
  }
  const renew = (): Promise<boolean> => leases.renew({ ...lease, nowMs: clock.nowMs() });
  try {
    for (const notifier of notifiers) if (!(await deliverTo(deps, notifier, renew, report))) break;
    return report;
  } finally {
    await leases.release(LEASE, lease.holder);
  }
}

/** A delivery report while it is being counted. */
interface DeliveryTally {
  delivered: number;
  readonly failures: { channel: string; error: string }[];
}

/** Delivers what is due for one channel. Returns false if the lease was lost. */
async function deliverTo(
  deps: NotifyDeps,
  notifier: Notifier,
  renew: () => Promise<boolean>,
  report: DeliveryTally,
): Promise<boolean> {
  const { notices, clock } = deps;
  const { channel } = notifier;
  const failed = new Set<string>();
  let failures = 0;
  for (const event of await notices.undelivered({ channel, nowMs: clock.nowMs(), limit: DELIVERIES_MAX })) {
    // Its opening failed just now.
    if (failed.has(event.notice.id)) continue;
    if (!isDeliverable(event, clock.nowMs())) {
      await notices.markDelivered(channel, event, clock.nowMs());
      continue;
    }
    const outcome = await attempt(deps, notifier, event, { pausesMs: failures === 0 ? REQUEST_PAUSES_MS : [], renew });
    if (outcome === 'lease-lost') return false;
    if (outcome === 'delivered') {
      await notices.markDelivered(channel, event, clock.nowMs());
      report.delivered += 1;
      failures = 0;
      continue;
    }
    report.failures.push({ channel, error: outcome.message });
    await scheduleRetry(deps, channel, event, outcome);
    failed.add(event.notice.id);
    failures += 1;
    if (failures >= FAILURES_MAX) break;
  }
  return true;
}

async function scheduleRetry(
  { notices, clock, onDeadLetter }: NotifyDeps,
  channel: string,
  event: UndeliveredEvent,
  failure: CondvestError,
): Promise<void> {
  const delayMs = RETRY_DELAYS_MS[event.failures];
  await notices.markFailed(channel, event, delayMs === undefined ? undefined : clock.nowMs() + delayMs);
  if (delayMs !== undefined) return;
  const attempts = event.failures + 1;
  onDeadLetter?.(`${channel}: not delivered after ${attempts} attempts: ${event.notice.title}. ${failure.message}`);
}

/** Makes one attempt: a request, repeated within seconds if its failure may pass. */
async function attempt(
  { clock }: NotifyDeps,
  notifier: Notifier,
  event: NoticeEvent,
  { pausesMs, renew }: { readonly pausesMs: readonly number[]; readonly renew: () => Promise<boolean> },
): Promise<'delivered' | 'lease-lost' | CondvestError> {
  for (let requests = 0; ; requests += 1) {
    if (!(await renew())) return 'lease-lost';
    try {
      await notifier.deliver(event);
      return 'delivered';
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      const pauseMs = pausesMs[requests];
      if (cause.kind !== 'transient' || pauseMs === undefined) return cause;
      await clock.sleep(pauseMs);
    }
  }
}

function isDeliverable({ event, notice }: NoticeEvent, nowMs: InstantMs): boolean {
  // Something that happened is not resolved; its notice only leaves the list.
  if (event === 'resolved' && EVENT_KINDS.has(notice.kind)) return false;
  return notice.resolvedMs === null || nowMs - notice.resolvedMs < STALE_MS;
}
