import { assert } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';

/**
 * The watermark of a feed: an event time before which no more events are expected. It never goes back.
 *
 * Events move it. The local clock moves it only while the feed proves that its connection is alive, so that the minutes of
 * a quiet market end, too. Without a connection it stands, and so it does until what was missed has been recovered: else
 * everything recovered would be late.
 */
export class FeedClock {
  readonly #options: FeedClockOptions;
  #state: FeedClockState = 'lost';
  /** The latest event time. */
  #eventMs: InstantMs = Number.MIN_SAFE_INTEGER;
  /** The latest local instant at which the connection was known to be alive. */
  #aliveMs: InstantMs = Number.MIN_SAFE_INTEGER;
  #markMs: InstantMs = Number.MIN_SAFE_INTEGER;
  #ahead = 0;

  constructor(options: FeedClockOptions) {
    this.#options = options;
  }

  /** Event time without the bound of any interval: `watermark` subtracts it. Undefined before any connection. */
  get markMs(): InstantMs | undefined {
    return this.#markMs === Number.MIN_SAFE_INTEGER ? undefined : this.#markMs;
  }

  /** Number of events dated later than the local clock allows. They move nothing. */
  get ahead(): number {
    return this.#ahead;
  }

  get isLive(): boolean {
    return this.#state === 'live';
  }

  /** Returns the watermark for windows that wait `boundMs` for late events. */
  watermark(boundMs: number): InstantMs {
    return this.#markMs - boundMs;
  }

  /** A connection is established, and nothing was missed before it, or all of it has been recovered. */
  live(atMs: InstantMs): void {
    this.#state = 'live';
    this.alive(atMs);
  }

  /** The connection has ended. */
  lost(): void {
    this.#state = 'lost';
  }

  /** A connection is established, and what was missed before it is being recovered. */
  recovering(): void {
    this.#state = 'recovering';
  }

  /** Bytes have arrived at a local instant. */
  alive(atMs: InstantMs): void {
    if (atMs > this.#aliveMs) this.#aliveMs = atMs;
    this.#advance();
  }

  /** Returns whether the event time is possible at the local instant of its receipt. One that is not moves nothing. */
  event(atMs: InstantMs, receivedMs: InstantMs): boolean {
    assert(Number.isSafeInteger(atMs), `event time ${atMs}`);
    if (atMs > receivedMs + this.#options.aheadMsMax) {
      this.#ahead += 1;
      return false;
    }
    if (atMs > this.#eventMs) this.#eventMs = atMs;
    this.alive(receivedMs);
    return true;
  }

  snapshot(): FeedClockSnapshot {
    return {
      state: this.#state,
      eventMs: this.#eventMs,
      aliveMs: this.#aliveMs,
      markMs: this.#markMs,
      ahead: this.#ahead,
    };
  }

  restore(snapshot: FeedClockSnapshot): void {
    this.#state = snapshot.state;
    this.#eventMs = snapshot.eventMs;
    this.#aliveMs = snapshot.aliveMs;
    this.#markMs = snapshot.markMs;
    this.#ahead = snapshot.ahead;
  }

  #advance(): void {
    if (this.#state !== 'live') return;
    const { delayMs, idleMs } = this.#options;
    const byClock = this.#aliveMs - delayMs - idleMs;
    this.#markMs = Math.max(this.#markMs, this.#eventMs, byClock);
  }
}

type FeedClockState = 'lost' | 'recovering' | 'live';

export interface FeedClockSnapshot {
  readonly state: FeedClockState;
  readonly eventMs: InstantMs;
  readonly aliveMs: InstantMs;
  readonly markMs: InstantMs;
  readonly ahead: number;
}

export interface FeedClockOptions {
  /** Lag of the feed behind the market by design. */
  readonly delayMs: number;
  /** A live connection without events for that long has none of that time to send. */
  readonly idleMs: number;
  /** Largest lead of an event time over the local clock. */
  readonly aheadMsMax: number;
}
