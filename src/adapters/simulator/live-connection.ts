import type { InstantMs } from '#base/dates.ts';
import type { Clock } from '#ports/clock.ts';
import type { FeedListener, LossReason } from '#ports/market-feed.ts';
import type { FollowedTopics } from './followed-topics.ts';
import type { Delivery, RawDelivery } from './live-deliveries.ts';
import { faultOf, type LiveFault, spanAt } from './live-faults.ts';
import type { LiveSchedule } from './live-schedule.ts';
import { encodeEvent } from './live-wire.ts';

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly seed: number;
  readonly faults: readonly LiveFault[];
  readonly schedule: LiveSchedule;
  readonly tickMs: number;
  readonly topics: FollowedTopics;
  readonly listener: FeedListener;
  readonly signal: AbortSignal;
}

export interface Loss {
  readonly reason: LossReason;
  readonly detail: string;
  readonly lastReceivedMs: InstantMs;
}

/** Pause while the market does not trade. */
const QUIET_TICK_MS = 1000;
/** A frame has at most this many events. */
const FRAME_EVENTS_MAX = 500;
/** A heartbeat comes while there is nothing else. `alive` is reported at most as often as the other says. */
const HEARTBEAT_MS = 15_000;
const ALIVE_PAUSE_MS = 1000;
/** An open connection that has been silent for this long is dead. */
const SILENT_MS = 30_000;
/** If the clock moves further at once, the machine slept, and the connection is gone. */
const STANDSTILL_MS = 60_000;

/** One connection of the simulated feed, from `connected` to its loss. */
export class LiveConnection {
  readonly #deps: ConnectionDeps;
  readonly #connection: number;
  readonly #aheadMs: number;
  #receivedMs: InstantMs;
  #aliveMs: InstantMs = 0;
  /** Up to this instant of the market, everything was handed over. */
  #takenMs: InstantMs;

  constructor(deps: ConnectionDeps, connection: number) {
    this.#deps = deps;
    this.#connection = connection;
    this.#aheadMs = faultOf(deps.faults, 'clock-ahead')?.byMs ?? 0;
    this.#receivedMs = deps.clock.nowMs();
    this.#takenMs = this.#receivedMs + this.#aheadMs;
  }

  /** Hands over what arrives until the connection is lost, and returns why. Rejects when the signal is aborted. */
  async stream(): Promise<Loss> {
    const { clock, schedule, tickMs, topics, listener, signal } = this.#deps;
    listener.changed({ kind: 'connected', connection: this.#connection, atMs: this.#receivedMs });
    topics.reset();
    let lastMs = this.#receivedMs;
    for (;;) {
      signal.throwIfAborted();
      const nowMs = clock.nowMs();
      if (nowMs - lastMs > STANDSTILL_MS) return this.#loss('closed', 'this machine stood still');
      lastMs = nowMs;
      const marketMs = nowMs + this.#aheadMs;
      if (this.#acts('disconnects', marketMs)) return this.#loss('closed', 'the connection was reset');
      if (this.#acts('key-elsewhere', marketMs)) return this.#loss('key-elsewhere', 'another program uses the key');
      const isSilent = this.#acts('silent-socket', marketMs);
      if (isSilent && nowMs - this.#receivedMs >= SILENT_MS) return this.#loss('silent', 'nothing arrived for 30 s');
      if (!isSilent) this.#receive(nowMs, marketMs);
      await clock.sleep(schedule.minutesAt(marketMs) === undefined ? QUIET_TICK_MS : tickMs, signal);
    }
  }

  #receive(nowMs: InstantMs, marketMs: InstantMs): void {
    const { schedule, topics, listener } = this.#deps;
    const { isChanged, asked } = topics.takeChanges();
    if (isChanged) schedule.restart(this.#takenMs, topics.all);
    if (asked.length > 0) {
      listener.changed({ kind: 'following', connection: this.#connection, atMs: nowMs, topics: asked });
    }
    let isReceived = nowMs - this.#receivedMs >= HEARTBEAT_MS;
    if (!this.#acts('burst', marketMs)) {
      const arrived = schedule.take(marketMs);
      this.#takenMs = marketMs;
      this.#handOver(arrived, nowMs);
      isReceived ||= arrived.length > 0;
    }
    if (!isReceived) return;
    this.#receivedMs = nowMs;
    if (nowMs - this.#aliveMs < ALIVE_PAUSE_MS) return;
    this.#aliveMs = nowMs;
    listener.changed({ kind: 'alive', connection: this.#connection, atMs: nowMs });
  }

  /** Hands over frames of events, in the order of their arrival. */
  #handOver(arrived: readonly (Delivery | RawDelivery)[], receivedMs: InstantMs): void {
    let texts: string[] = [];
    const send = (bytes: Uint8Array): void => {
      this.#deps.listener.frame({ connection: this.#connection, receivedMs, bytes });
    };
    const flush = (): void => {
      if (texts.length > 0) send(Buffer.from(`[${texts.join()}]`));
      texts = [];
    };
    for (const delivery of arrived) {
      if (delivery.channel === 'raw') {
        flush();
        send(delivery.bytes);
        continue;
      }
      texts.push(encodeEvent(delivery.event));
      if (texts.length >= FRAME_EVENTS_MAX) flush();
    }
    flush();
  }

  #acts(name: 'disconnects' | 'key-elsewhere' | 'silent-socket' | 'burst', marketMs: InstantMs): boolean {
    const { seed, faults, schedule } = this.#deps;
    return actsAt(seed, faults, name, schedule, marketMs);
  }

  #loss(reason: LossReason, detail: string): Loss {
    return { reason, detail, lastReceivedMs: this.#receivedMs };
  }
}

/** Returns whether a recurring fault acts at an instant of the market. */
export function actsAt(
  seed: number,
  faults: readonly LiveFault[],
  name: 'disconnects' | 'key-elsewhere' | 'silent-socket' | 'burst',
  schedule: LiveSchedule,
  marketMs: InstantMs,
): boolean {
  const minutes = faults.some((fault) => fault.name === name) ? schedule.minutesAt(marketMs) : undefined;
  if (minutes === undefined) return false;
  return faults.some((fault) => fault.name === name && spanAt(seed, fault, minutes, marketMs) !== undefined);
}
