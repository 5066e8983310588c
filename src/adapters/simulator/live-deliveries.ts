import type { InstantMs } from '#base/dates.ts';
import type { MarketEvent, VendorBar } from '#market/trade.ts';
import type { TradeDates } from '#market/trade-date.ts';
import type { FeedChannel } from '#ports/market-feed.ts';
import { minuteEvents, minuteHalts } from './live-events.ts';
import { faultOf, type LiveFault } from './live-faults.ts';
import { malformedFrames } from './malformed-frames.ts';
import { RandomSource } from './random-source.ts';
import type { TapeSession } from './tape.ts';
import { MINUTE_MS } from './trading-minutes.ts';
import { minuteBar, secondBars } from './vendor-bars.ts';

/** An event on its way to the listener. */
export interface Delivery {
  /** When it arrives, by the clock of the market. */
  readonly atMs: InstantMs;
  readonly channel: FeedChannel;
  readonly event: MarketEvent;
}

/** A frame that is sent as it is, whatever is followed. */
export interface RawDelivery {
  readonly atMs: InstantMs;
  readonly channel: 'raw';
  readonly bytes: Uint8Array;
}

export interface DeliveryOptions {
  readonly seed: number;
  readonly dates: TradeDates;
  readonly faults: readonly LiveFault[];
}

/** Latency of the feed: the same for all trades of a security and minute, so that they arrive in order. */
const LATENCY_MS_MIN = 3;
const LATENCY_MS_MAX = 40;
/** Trades that take longer, at most a second, and so arrive behind later ones. */
const JITTER_SHARE = 0.003;
const JITTER_MS_MAX = 900;
/** Delay of bars after their end. The vendor's are late on purpose. */
const SECOND_BAR_AFTER_MS = 2000;
const MINUTE_BAR_AFTER_MS_MIN = 300;
const MINUTE_BAR_AFTER_MS_MAX = 1800;
const SECOND_MS = 1000;

/** Returns all that a feed sends of a security's minute, in no order. */
export function minuteDeliveries(
  { seed, dates, faults }: DeliveryOptions,
  session: TapeSession,
  index: number,
  minute: number,
  channels: ReadonlySet<FeedChannel>,
): Delivery[] {
  const plan = session.plan(index);
  const name = `${plan.day.securityId} ${plan.minutes.session} ${minute}`;
  const deliveries: Delivery[] = [];
  const send = (channel: FeedChannel, event: MarketEvent, atMs: InstantMs): void => {
    deliveries.push({ channel, event, atMs });
  };
  if (channels.has('trades')) {
    const random = new RandomSource(seed, `arrival ${name}`);
    const latencyMs = latency(random);
    for (const { event, atMs } of minuteEvents(seed, session, index, minute, faults)) {
      for (const arrivesMs of arrivals(random, event.kind === 'trade', atMs + latencyMs, faults)) {
        send('trades', event, arrivesMs);
      }
    }
  }
  if (channels.has('quotes')) {
    const latencyMs = latency(new RandomSource(seed, `arrival of quotes ${name}`));
    for (const quote of session.quotes(index, minute)) send('quotes', quote, quote.atMs + latencyMs);
  }
  if (channels.has('halts')) {
    for (const halt of minuteHalts(plan, minute)) send('halts', halt, halt.atMs + LATENCY_MS_MIN);
  }
  if (channels.has('seconds')) {
    for (const bar of secondBars(dates, plan, minute, session.trades(index, minute))) {
      send('seconds', bar, bar.startMs + SECOND_MS + SECOND_BAR_AFTER_MS);
    }
  }
  if (channels.has('minutes')) {
    const random = new RandomSource(seed, `arrival of bars ${name}`);
    for (const { bar, atMs } of minuteBars(random, { dates, faults }, session, index, minute))
      send('minutes', bar, atMs);
  }
  return deliveries;
}

/** Returns the frames of a minute that cannot be read. */
export function minuteNoise(
  { seed, faults }: DeliveryOptions,
  { minutes }: TapeSession,
  minute: number,
): RawDelivery[] {
  const malformed = faultOf(faults, 'malformed-frames');
  if (malformed === undefined || minute % malformed.everyMinutes !== 0) return [];
  const random = new RandomSource(seed, `malformed ${minutes.session} ${minute}`);
  const startMs = minutes.startMs + minute * MINUTE_MS;
  return [{ channel: 'raw', atMs: startMs + random.whole(0, MINUTE_MS - 1), bytes: random.pick(malformedFrames()) }];
}

/** Returns the instants at which an event arrives: several if it is duplicated. */
function arrivals(
  random: RandomSource,
  isTrade: boolean,
  usualMs: InstantMs,
  faults: readonly LiveFault[],
): InstantMs[] {
  let arrivesMs = usualMs;
  if (random.chance(JITTER_SHARE)) arrivesMs += random.whole(0, JITTER_MS_MAX);
  if (!isTrade) return [arrivesMs];
  const late = faultOf(faults, 'late-prints');
  const outOfOrder = faultOf(faults, 'out-of-order');
  const duplicates = faultOf(faults, 'duplicate-trades');
  if (late !== undefined && random.chance(late.share)) arrivesMs = usualMs + random.pick(late.delaysMs);
  if (outOfOrder !== undefined && random.chance(outOfOrder.share)) {
    arrivesMs = Math.max(arrivesMs, usualMs + random.whole(0, outOfOrder.byMsMax));
  }
  if (duplicates === undefined || !random.chance(duplicates.share)) return [arrivesMs];
  const again = [arrivesMs + random.whole(0, 5 * SECOND_MS), arrivesMs + random.whole(0, MINUTE_MS)];
  return [arrivesMs, ...again.slice(0, random.whole(1, 2))];
}

function latency(random: RandomSource): number {
  return random.whole(LATENCY_MS_MIN, LATENCY_MS_MAX);
}

/** Returns the bar of a minute, or its versions if it is sent too early. */
function minuteBars(
  random: RandomSource,
  { dates, faults }: Omit<DeliveryOptions, 'seed'>,
  session: TapeSession,
  index: number,
  minute: number,
): { readonly bar: VendorBar; readonly atMs: InstantMs }[] {
  const plan = session.plan(index);
  const trades = session.trades(index, minute);
  const bar = minuteBar(dates, plan, minute, trades);
  if (bar === undefined) return [];
  const atMs = bar.startMs + MINUTE_MS + random.whole(MINUTE_BAR_AFTER_MS_MIN, MINUTE_BAR_AFTER_MS_MAX);
  const again = faultOf(faults, 'rebroadcast');
  if (again === undefined || !random.chance(again.share)) return [{ bar, atMs }];
  const early = minuteBar(dates, plan, minute, trades.slice(0, -1));
  const againMs = atMs + random.whole(SECOND_MS, again.withinMs);
  return [...(early === undefined ? [] : [{ bar: early, atMs }]), { bar, atMs: againMs }];
}
