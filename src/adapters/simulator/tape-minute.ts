import type { Trade } from '#market/trade.ts';
import { RandomSource } from './random-source.ts';
import type { DayPlan } from './tape-plan.ts';
import type { PlannedPrint } from './tape-prints.ts';
import { type DrawnTrade, drawTrades, type MinuteTask } from './tape-trades.ts';
import { conditionsOf, drawExchange, drawFacility, listingOf, TRF_EXCHANGE } from './tape-venues.ts';
import { MINUTE_MS } from './trading-minutes.ts';

const MICRO = 1_000_000;
const UNITS_A_DOLLAR = 10_000;
/** Width of a minute's prices, as a fraction of the day's range. */
const WIDTH_SHARE = 1 / 24;
/** Sequences of a day begin here. There are gaps between them, of which each has one number that is never drawn. */
const FIRST_SEQUENCE = 1000;
const SEQUENCE_STEP = 4;
const OUTSIDE_CENTS_MAX = 3;

/**
 * Returns the trades of one minute of a plan, by event time and sequence. They depend on the plan, the seed and the minute
 * only, so any minute can be drawn without those before it, and again.
 */
export function minuteTrades(seed: number, plan: DayPlan, minute: number): Trade[] {
  const { day, minutes, before } = plan;
  const first = before[minute] ?? 0;
  const count = (before[minute + 1] ?? 0) - first;
  if (count === 0) return [];
  const random = new RandomSource(seed, `tape ${day.securityId} ${minutes.session} ${minute}`);
  const prints = plan.prints.filter((print) => print.minute === minute);
  const drawn = drawTrades(random, taskOf(random, plan, minute, prints));
  const startMs = minutes.startMs + minute * MINUTE_MS;
  const isExtended = minute < minutes.open || minute >= minutes.close;
  const maker = new TradeMaker(random, plan, startMs, isExtended);
  const placed: Placed[] = prints.map((print) => ({ offsetMs: print.offsetMs, print }));
  placeDrawn(random, placed, drawn, prints);
  placed.sort((a, b) => a.offsetMs - b.offsetMs);
  return placed.map((place, index) => maker.trade(place, first + index));
}

/** Returns the sequence after that of a trade which no trade of the tape has. */
export function sequenceAfter({ sequence }: Trade): number {
  return sequence + SEQUENCE_STEP - 1 - ((sequence - FIRST_SEQUENCE) % SEQUENCE_STEP);
}

/** A trade at its place in the minute: one that was drawn, or a print. */
type Placed =
  | { readonly offsetMs: number; readonly drawn: DrawnTrade; readonly print?: undefined }
  | { readonly offsetMs: number; readonly print: PlannedPrint; readonly drawn?: undefined };

function taskOf(random: RandomSource, plan: DayPlan, minute: number, prints: readonly PlannedPrint[]): MinuteTask {
  const { minutes, path, high, low, lot } = plan;
  const [trades, shares, money] = [plan.trades[minute] ?? 0, plan.shares[minute] ?? 0, plan.money[minute] ?? 0];
  const level = shares === 0 ? 0 : money / shares;
  const isRegular = minute >= minutes.open && minute < minutes.close;
  const width = Math.max(1, (high - low) * WIDTH_SHARE);
  const [from, to] = [Math.floor(level - width), Math.ceil(level + width)];
  // In a flat minute of the path, the slope of its neighbors would leave the range.
  const slope = isRegular ? ((path[minute + 1] ?? level) - (path[minute - 1] ?? level)) / 2 : 0;
  const hasHigh = prints.some(({ role }) => role === 'high');
  return {
    trades,
    shares,
    money,
    low: isRegular ? Math.max(low, from) : Math.max(1, from),
    high: isRegular ? Math.min(high, to) : to,
    slope: Math.min(width, Math.max(-width, slope)),
    lot,
    outside: hasHigh ? high + random.whole(1, OUTSIDE_CENTS_MAX) : undefined,
  };
}

/** Spreads trades over the minute: after an auction, no other trade comes before it. Sweeps hit several at once. */
function placeDrawn(
  random: RandomSource,
  placed: Placed[],
  drawn: readonly DrawnTrade[],
  prints: readonly PlannedPrint[],
): void {
  const auction = prints.find(({ role }) => role === 'open' || role === 'reopen');
  const fromMs = auction === undefined ? 0 : auction.offsetMs + 1;
  const spanMs = MINUTE_MS - fromMs;
  let lastMs = fromMs;
  for (const [index, trade] of drawn.entries()) {
    const ownMs = fromMs + Math.floor(((index + random.uniform()) * spanMs) / drawn.length);
    const isSameSweep = trade.style === 'sweep' && index > 0 && random.chance(0.5);
    lastMs = isSameSweep ? lastMs : ownMs;
    placed.push({ offsetMs: lastMs, drawn: trade });
  }
}

class TradeMaker {
  readonly #random: RandomSource;
  readonly #plan: DayPlan;
  readonly #startMs: number;
  readonly #isExtended: boolean;

  constructor(random: RandomSource, plan: DayPlan, startMs: number, isExtended: boolean) {
    this.#random = random;
    this.#plan = plan;
    this.#startMs = startMs;
    this.#isExtended = isExtended;
  }

  /** `number`: of the trade in its day, from 0. */
  trade({ offsetMs, drawn, print }: Placed, number: number): Trade {
    const listing = listingOf(this.#plan.day.exchange);
    const atMs = this.#startMs + offsetMs;
    const isTrf = drawn?.isOffExchange === true;
    const latencyMs = isTrf ? this.#random.whole(20, 900) : this.#random.whole(0, 3);
    const sequence = FIRST_SEQUENCE + number * SEQUENCE_STEP + this.#random.whole(0, SEQUENCE_STEP - 2);
    return {
      kind: 'trade',
      symbol: this.#plan.day.symbol,
      atMs,
      sequence,
      nanosecond: (sequence * 7919) % 1_000_000,
      exchange: isTrf ? TRF_EXCHANGE : print === undefined ? drawExchange(this.#random, listing) : listing.exchange,
      trf: isTrf ? drawFacility(this.#random) : null,
      // A trade off the exchanges has the id of the trade before it: ids are unique within a venue only.
      id: String(isTrf ? number : number + 1),
      price: (print === undefined ? drawn.price : print.cents * 100) / UNITS_A_DOLLAR,
      size: print === undefined ? drawn.size : print.shares * MICRO,
      conditions: print === undefined ? conditionsOf(drawn.style, this.#isExtended) : listing.prints[print.role],
      tape: listing.tape,
      executedMs: atMs - latencyMs,
      trfMs: isTrf ? atMs - this.#random.whole(1, 12) : null,
    };
  }
}
