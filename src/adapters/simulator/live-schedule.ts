import type { InstantMs } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { FeedChannel, FeedTopic } from '#ports/market-feed.ts';
import {
  type Delivery,
  type DeliveryOptions,
  minuteDeliveries,
  minuteNoise,
  type RawDelivery,
} from './live-deliveries.ts';
import { ARRIVES_WITHIN_MS, type LiveFault } from './live-faults.ts';
import type { SimulatedTape, TapeSession } from './tape.ts';
import { MINUTE_MS, type TradingMinutes, tradingMinutes } from './trading-minutes.ts';

/** Faults through which something arrives more than a minute after it happened. */
const DELAYING: readonly LiveFault['name'][] = [
  'late-prints',
  'busts',
  'trade-corrections',
  'duplicate-trades',
  'rebroadcast',
];
/** Number of minutes by which bars, and trades that take a second, reach into the next one. */
const OVERLAP_MINUTES = 1;

export interface ScheduleOptions extends DeliveryOptions {
  readonly calendar: Calendar;
  readonly tape: SimulatedTape;
}

/**
 * The events on their way, in the order of their arrival. Draws minute by minute as time goes on, so it holds the current
 * minute of all that is followed, and late events of earlier ones.
 */
export class LiveSchedule {
  readonly #options: ScheduleOptions;
  /** Ascending. Those before `#next` were taken. */
  #waiting: (Delivery | RawDelivery)[] = [];
  #next = 0;
  /** The first minute that is not drawn yet, as an instant. */
  #undrawnMs = 0;
  #filter = new TopicFilter([]);
  /** The minute of the last question, which is asked many times a second. */
  #minuteMs = Number.NaN;
  #minutes: TradingMinutes | undefined;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Begins anew: with what arrives after an instant, of the topics. */
  restart(afterMs: InstantMs, topics: readonly FeedTopic[]): void {
    const { faults } = this.#options;
    const isDelayed = faults.some(({ name }) => DELAYING.includes(name));
    const backMs = isDelayed ? ARRIVES_WITHIN_MS : OVERLAP_MINUTES * MINUTE_MS;
    this.#filter = new TopicFilter(topics);
    this.#waiting = [];
    this.#next = 0;
    this.#undrawnMs = Math.floor((afterMs - backMs) / MINUTE_MS) * MINUTE_MS;
    this.take(afterMs);
  }

  /** Returns what has arrived up to an instant since the last call, in the order of arrival. */
  take(untilMs: InstantMs): readonly (Delivery | RawDelivery)[] {
    const taken: (Delivery | RawDelivery)[] = [];
    for (;;) {
      // Nothing arrives before its minute begins, so all before the next minute to be drawn is known.
      const knownMs = Math.min(untilMs, this.#undrawnMs - 1);
      for (let next = this.#waiting[this.#next]; next !== undefined && next.atMs <= knownMs; ) {
        taken.push(next);
        this.#next += 1;
        next = this.#waiting[this.#next];
      }
      if (this.#undrawnMs > untilMs) return taken;
      this.#draw(this.#undrawnMs);
      this.#undrawnMs += MINUTE_MS;
    }
  }

  /** Returns the minutes of the session that trades at an instant, or undefined outside of its hours. */
  minutesAt(atMs: InstantMs): TradingMinutes | undefined {
    const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    if (minuteMs !== this.#minuteMs) {
      this.#minuteMs = minuteMs;
      this.#minutes = this.#minutesOf(minuteMs);
    }
    return this.#minutes;
  }

  #minutesOf(minuteMs: InstantMs): TradingMinutes | undefined {
    const { calendar } = this.#options;
    const { date } = newYorkAt(minuteMs);
    if (!calendar.isSession(date)) return undefined;
    const minutes = tradingMinutes(calendar, date);
    const minute = (minuteMs - minutes.startMs) / MINUTE_MS;
    return minute >= 0 && minute < minutes.count ? minutes : undefined;
  }

  #draw(minuteMs: InstantMs): void {
    const minutes = this.minutesAt(minuteMs);
    const session = minutes === undefined ? undefined : this.#options.tape.session(minutes.session);
    if (session === undefined) return;
    const minute = (minuteMs - session.minutes.startMs) / MINUTE_MS;
    const drawn: (Delivery | RawDelivery)[] = minuteNoise(this.#options, session, minute);
    for (const [index, channels] of this.#filter.securities(session)) {
      for (const delivery of minuteDeliveries(this.#options, session, index, minute, channels)) drawn.push(delivery);
    }
    if (drawn.length === 0) return;
    const waiting = this.#waiting.slice(this.#next);
    for (const delivery of drawn) waiting.push(delivery);
    this.#waiting = waiting.sort((a, b) => a.atMs - b.atMs);
    this.#next = 0;
  }
}

/** The channels that are followed, of every security or of some. */
class TopicFilter {
  readonly #ofAll = new Set<FeedChannel>();
  readonly #ofSymbols = new Map<string, Set<FeedChannel>>();

  constructor(topics: readonly FeedTopic[]) {
    for (const { channel, symbol } of topics) if (symbol === null) this.#ofAll.add(channel);
    for (const { channel, symbol } of topics) {
      if (symbol === null) continue;
      const channels = this.#ofSymbols.get(symbol) ?? new Set(this.#ofAll);
      this.#ofSymbols.set(symbol, channels.add(channel));
    }
  }

  /** Yields the index of each security of which something is followed, with its channels. */
  *securities(session: TapeSession): Generator<readonly [index: number, channels: ReadonlySet<FeedChannel>]> {
    if (this.#ofAll.size > 0) {
      for (const [index, { symbol }] of session.securities.entries()) {
        yield [index, this.#ofSymbols.get(symbol) ?? this.#ofAll];
      }
      return;
    }
    for (const [symbol, channels] of this.#ofSymbols) {
      const index = session.indexOf(symbol);
      if (index !== undefined) yield [index, channels];
    }
  }
}
