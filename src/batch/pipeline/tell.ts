import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Notice, NoticeEvent, Operations } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';

import { EVENT_KINDS, failedRunNotice, type Judgement } from './conditions.ts';

export interface TellDeps {
  readonly operations: Operations;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly random: Random;
  /** Told of an event that a channel will not be given any more. */
  readonly onGivenUp?: (line: string) => void;
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
const TRIES_MAX = 1 + RETRY_WAITS_MS.length;
/** Events that a channel refuses for good, before the channel is left alone until the next time. */
const REFUSALS_MAX = 3;
/** Events that a channel does not take for now, one after the other, before it is taken to be away. */
const FAILURES_MAX = 3;
/** How long an event that was refused waits before it is tried once more, behind all that is new. */
const REFUSED_WAIT_MS = 24 * 60 * 60 * 1000;
/** After so many refusals an event is given up. */
const GIVEN_UP_AFTER = 7;
/** Who holds it delivers. It is renewed before every try, which takes half of it at most. */
const LEASE = 'deliver';
const LEASE_TTL_MS = 60_000;
/** How often is looked whether the one who delivers is done. */
const LEASE_LOOK_MS = 500;
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

/** Tells that work of another kind than the daily run failed, or (`error` null) that it succeeded after that. */
export async function tellOfRun(deps: TellDeps, kind: string, error: string | null): Promise<void> {
  const { operations, clock } = deps;
  const notice = failedRunNotice(kind, error ?? '', clock.nowMs());
  const isNews =
    error === null
      ? (await operations.resolveNotice(notice.key, clock.nowMs())) !== undefined
      : await operations.openNotice(notice);
  if (isNews) await deliver(deps);
}

/**
 * Hands on what no channel has got yet, each event tried again a few times. A channel that fails stops no other, and an
 * event that is refused for good stops no later one. One delivery at a time, over all processes: who comes second
 * waits, and finds nothing left to do but what is news since.
 */
export async function deliver(deps: TellDeps): Promise<Pick<TellReport, 'delivered' | 'failures'>> {
  const { operations, clock, random } = deps;
  const lease = { name: LEASE, holder: random.uuid(), ttlMs: LEASE_TTL_MS };
  // Where one dies at it, its time runs out. Where one goes on for longer than that, it tells what there is to tell.
  for (const startMs = clock.nowMs(); ; await clock.sleep(LEASE_LOOK_MS)) {
    if ((await operations.acquireLease({ ...lease, nowMs: clock.nowMs() })).taken) break;
    if (clock.nowMs() - startMs > LEASE_TTL_MS) return { delivered: 0, failures: [] };
  }
  const isOurs = (): Promise<boolean> => operations.renewLease({ ...lease, nowMs: clock.nowMs() });
  try {
    return await deliverAll(deps, isOurs);
  } finally {
    await operations.releaseLease(LEASE, lease.holder);
  }
}

async function deliverAll(
  deps: TellDeps,
  isOurs: () => Promise<boolean>,
): Promise<Pick<TellReport, 'delivered' | 'failures'>> {
  const report: Delivery = { delivered: 0, failures: [] };
  for (const notifier of deps.notifiers) if (!(await deliverTo(deps, notifier, isOurs, report))) break;
  return report;
}

interface Delivery {
  delivered: number;
  readonly failures: { channel: string; error: string }[];
}

/**
 * Hands a channel what it has not got yet; false where that is another one's to do by now. After an event that it does
 * not take for now the next ones find out whether the channel is away: if it takes one of them, it was the event, and
 * that holds up nothing.
 */
async function deliverTo(
  deps: TellDeps,
  notifier: Notifier,
  isOurs: () => Promise<boolean>,
  report: Delivery,
): Promise<boolean> {
  const { operations, clock } = deps;
  const { channel } = notifier;
  const give = async (event: NoticeEvent, tries: number): Promise<'delivered' | 'not-ours' | CondvestError> => {
    const outcome = await deliverOne(deps, notifier, event, { tries, isOurs });
    if (outcome !== 'delivered') return outcome;
    await operations.markDelivered(channel, event, clock.nowMs());
    report.delivered += 1;
    return outcome;
  };
  let refusals = 0;
  const untaken: NoticeEvent[] = [];
  for (const event of await operations.undelivered({ channel, nowMs: clock.nowMs(), limit: DELIVERIES_MAX })) {
    if (!isWorthTelling(event, clock.nowMs())) {
      await operations.markDelivered(channel, event, clock.nowMs());
      continue;
    }
    const outcome = await give(event, untaken.length === 0 ? TRIES_MAX : 1);
    if (outcome === 'not-ours') return false;
    if (outcome === 'delivered') {
      for (const before of untaken.splice(0)) {
        const again = await give(before, 1);
        if (again === 'not-ours') return false;
        if (again !== 'delivered') await postpone(deps, channel, before, again);
      }
      continue;
    }
    const isTransient = outcome.kind === 'transient';
    if (!isTransient || untaken.length === 0) report.failures.push({ channel, error: outcome.message });
    if (isTransient) untaken.push(event);
    else {
      await postpone(deps, channel, event, outcome);
      refusals += 1;
    }
    if (untaken.length >= FAILURES_MAX || refusals >= REFUSALS_MAX) break;
  }
  return true;
}

/** An event that was refused is tried once more on another day, and given up in the end. */
async function postpone(deps: TellDeps, channel: string, event: NoticeEvent, refusal: CondvestError): Promise<void> {
  const { operations, clock, onGivenUp } = deps;
  const times = await operations.markRefused(channel, event, clock.nowMs() + REFUSED_WAIT_MS);
  if (times < GIVEN_UP_AFTER) return;
  await operations.markDelivered(channel, event, clock.nowMs());
  const { notice } = event;
  onGivenUp?.(
    `${channel} refused this notice ${times} times, and is not given it any more: ${notice.title}. ${refusal.message}`,
  );
}

async function deliverOne(
  { clock }: TellDeps,
  notifier: Notifier,
  event: NoticeEvent,
  { tries, isOurs }: { readonly tries: number; readonly isOurs: () => Promise<boolean> },
): Promise<'delivered' | 'not-ours' | CondvestError> {
  for (let attempt = 0; ; attempt += 1) {
    if (!(await isOurs())) return 'not-ours';
    try {
      await notifier.deliver(event);
      return 'delivered';
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      const waitMs = attempt + 1 < tries ? RETRY_WAITS_MS[attempt] : undefined;
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
