import { assert } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { TradeDates } from '#market/trade-date.ts';
import type { Clock } from '#ports/clock.ts';
import type {
  DecodedFrame,
  FeedCapabilities,
  FeedListener,
  FeedRun,
  FeedTopic,
  MarketFeed,
  RefusalReason,
} from '#ports/market-feed.ts';
import { FollowedTopics } from './followed-topics.ts';
import { actsAt, LiveConnection } from './live-connection.ts';
import { decodeFrame } from './live-decode.ts';
import { faultOf, type LiveFault } from './live-faults.ts';
import { LiveSchedule } from './live-schedule.ts';
import type { SimulatedTape } from './tape.ts';

export interface SimulatedFeedOptions {
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly seed: number;
  readonly tape: SimulatedTape;
  /** Faults between the tape and the listener; default: none. */
  readonly faults?: readonly LiveFault[];
  /** Pause between two frames while the market trades; default: 50 ms. Simulations of whole days take a longer one. */
  readonly tickMs?: number;
}

const TICK_MS = 50;
const TOPICS_MAX = 4096;
/** A frame has at most 500 events of less than a kilobyte each. */
const FRAME_BYTES_MAX = 1024 * 1024;
/** Pause before the next attempt, doubled after each that is refused. */
const RETRY_MS = 1000;
const RETRY_MS_MAX = 120_000;
/** Pause if another program has the connection: a feed that takes it back at once would fight with it. */
const KEY_ELSEWHERE_RETRY_MS = 300_000;

interface Refusal {
  readonly reason: RefusalReason;
  readonly detail: string;
  /** Whether no later attempt can succeed. */
  readonly isFinal?: boolean;
}

/**
 * The tape of the simulated market as a live feed, at the pace of the clock. Outside of trading hours it is connected,
 * alive and silent.
 */
export class SimulatedFeed implements MarketFeed {
  readonly name = 'simulated';
  readonly capabilities: FeedCapabilities = {
    delayMs: 0,
    cancels: true,
    channels: ['trades', 'quotes', 'seconds', 'minutes', 'halts'],
    topicsMax: TOPICS_MAX,
    frameBytesMax: FRAME_BYTES_MAX,
  };
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #faults: readonly LiveFault[];
  readonly #schedule: LiveSchedule;
  readonly #tickMs: number;
  readonly #topics = new FollowedTopics(TOPICS_MAX);
  #isRunning = false;
  #attempts = 0;

  constructor({ calendar, clock, seed, tape, faults = [], tickMs = TICK_MS }: SimulatedFeedOptions) {
    this.#tickMs = tickMs;
    this.#clock = clock;
    this.#seed = seed;
    this.#faults = faults;
    this.#schedule = new LiveSchedule({ calendar, tape, seed, faults, dates: new TradeDates(calendar, null) });
  }

  follow(topics: readonly FeedTopic[]): void {
    this.#topics.add(topics);
  }

  unfollow(topics: readonly FeedTopic[]): void {
    this.#topics.remove(topics);
  }

  decode(bytes: Uint8Array): DecodedFrame {
    return decodeFrame(bytes);
  }

  async run(listener: FeedListener, { firstConnection, signal }: FeedRun): Promise<void> {
    assert(!this.#isRunning, 'a feed runs once at a time');
    this.#isRunning = true;
    try {
      let pauseMs = RETRY_MS;
      for (let connection = firstConnection; !signal.aborted; connection += 1) {
        const refusal = this.#connect(listener, connection);
        if (refusal?.isFinal === true) return;
        if (refusal === undefined) {
          await this.#stream(listener, connection, signal);
          pauseMs = RETRY_MS;
        } else {
          const waitMs = refusal.reason === 'key-elsewhere' ? KEY_ELSEWHERE_RETRY_MS : pauseMs;
          pauseMs = Math.min(RETRY_MS_MAX, pauseMs * 2);
          const atMs = this.#clock.nowMs();
          const { reason, detail } = refusal;
          listener.changed({ kind: 'refused', connection, atMs, reason, detail, retryAtMs: atMs + waitMs });
          await this.#clock.sleep(waitMs, signal);
        }
      }
    } catch (cause) {
      // Whatever waits rejects with the reason of the abort.
      if (!signal.aborted) throw cause;
    } finally {
      this.#isRunning = false;
    }
  }

  /** Returns why the attempt is refused, or undefined if it is not. */
  #connect(listener: FeedListener, connection: number): Refusal | undefined {
    const atMs = this.#clock.nowMs();
    listener.changed({ kind: 'connecting', connection, atMs });
    const refusal = this.#refusal(atMs);
    if (refusal?.isFinal === true) {
      const { reason, detail } = refusal;
      listener.changed({ kind: 'gave-up', connection, atMs, reason, detail });
    }
    return refusal;
  }

  async #stream(listener: FeedListener, connection: number, signal: AbortSignal): Promise<void> {
    const deps = {
      clock: this.#clock,
      seed: this.#seed,
      faults: this.#faults,
      schedule: this.#schedule,
      tickMs: this.#tickMs,
    };
    const loss = await new LiveConnection({ ...deps, topics: this.#topics, listener, signal }, connection).stream();
    const waitMs = loss.reason === 'key-elsewhere' ? KEY_ELSEWHERE_RETRY_MS : RETRY_MS;
    const atMs = this.#clock.nowMs();
    listener.changed({ kind: 'lost', connection, atMs, ...loss, retryAtMs: atMs + waitMs });
    await this.#clock.sleep(waitMs, signal);
  }

  #refusal(nowMs: InstantMs): Refusal | undefined {
    const refused = faultOf(this.#faults, 'feed-refused');
    if (refused !== undefined && this.#attempts < refused.times) {
      this.#attempts += 1;
      if (refused.times !== Number.POSITIVE_INFINITY) return { reason: 'unreachable', detail: 'connection refused' };
      return { reason: 'credentials', detail: 'the key is not accepted', isFinal: true };
    }
    const marketMs = nowMs + (faultOf(this.#faults, 'clock-ahead')?.byMs ?? 0);
    const acts = (name: 'disconnects' | 'key-elsewhere'): boolean =>
      actsAt(this.#seed, this.#faults, name, this.#schedule, marketMs);
    if (acts('disconnects')) return { reason: 'unreachable', detail: 'no route to the simulated exchange' };
    if (acts('key-elsewhere')) return { reason: 'key-elsewhere', detail: 'another program uses the key' };
    return undefined;
  }
}
