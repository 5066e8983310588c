import type { InstantMs } from '#base/dates.ts';
import type { Halt, Trade, TradeEvent } from '#market/trade.ts';
import { faultOf, type LiveFault } from './live-faults.ts';
import { RandomSource } from './random-source.ts';
import type { TapeSession } from './tape.ts';
import { sequenceAfter } from './tape-minute.ts';
import type { DayPlan } from './tape-plan.ts';
import { MINUTE_MS } from './trading-minutes.ts';

/**
 * Events as they are published, in a minute and about it: its trades, wrong ones among them, with the cancels and
 * corrections of these. Whatever the faults, the trades that stand in the end fold to the daily bar.
 */
export interface Published {
  readonly event: TradeEvent;
  /** When the tape published it: the event time of a trade, and later for its cancel or correction. */
  readonly atMs: InstantMs;
  /** Event time of the trade that it is, cancels or corrects. */
  readonly tradeMs: InstantMs;
}

/** Above the sequences of trades, since cancels and corrections come after them. */
const CHANGE_SEQUENCES_FROM = 1_000_000_000;

/** Returns the events of a minute, by the event time of their trades. */
export function minuteEvents(
  seed: number,
  session: TapeSession,
  index: number,
  minute: number,
  faults: readonly LiveFault[],
): Published[] {
  const trades = session.trades(index, minute);
  const plan = session.plan(index);
  const random = new RandomSource(seed, `events ${plan.day.securityId} ${plan.minutes.session} ${minute}`);
  const unknown = faultOf(faults, 'unknown-condition');
  const busts = faultOf(faults, 'busts');
  const corrections = faultOf(faults, 'trade-corrections');
  const published: Published[] = [];
  for (const given of trades) {
    const trade =
      unknown !== undefined && random.chance(unknown.share) && !makesPrice(plan, given)
        ? { ...given, conditions: [...given.conditions, unknown.condition] }
        : given;
    if (corrections !== undefined && random.chance(corrections.share)) {
      const wrong = random.chance(0.5)
        ? { ...trade, price: wildPrice(random, trade.price) }
        : { ...trade, size: trade.size * 10 };
      published.push({ event: wrong, atMs: trade.atMs, tradeMs: trade.atMs });
      published.push(correctionOf(wrong, trade, random.pick(corrections.delaysMs), plan));
    } else {
      published.push({ event: trade, atMs: trade.atMs, tradeMs: trade.atMs });
    }
    if (busts !== undefined && random.chance(busts.share)) {
      const sequence = sequenceAfter(trade);
      const bust = { ...trade, id: `B${trade.id}`, sequence, price: wildPrice(random, trade.price), conditions: [] };
      published.push({ event: bust, atMs: bust.atMs, tradeMs: bust.atMs });
      published.push(cancelOf(bust, random.pick(busts.delaysMs), plan));
    }
  }
  return published;
}

/** Returns the beginning and end of a halt, and its price band, as far as they are in a minute. */
export function minuteHalts({ halt, minutes, day, prints, low, high }: DayPlan, minute: number): Halt[] {
  if (halt === undefined) return [];
  const base = {
    kind: 'halt',
    symbol: day.symbol,
    sequence: CHANGE_SEQUENCES_FROM + minute,
    indicators: [],
    tape: day.exchange === 'XNAS' ? 3 : day.exchange === 'XNYS' ? 1 : 2,
    lowerLimit: null,
    upperLimit: null,
  } as const;
  if (minute === minutes.open + halt.from) {
    const atMs = minutes.startMs + minute * MINUTE_MS;
    const band = { lowerLimit: Math.max(1, low - 1) / 100, upperLimit: (high + 1) / 100 };
    return [
      { ...base, ...band, change: 'limits', atMs },
      { ...base, change: 'halted', atMs, sequence: base.sequence + 1 },
    ];
  }
  const reopening = prints.find(({ role }) => role === 'reopen');
  if (reopening?.minute !== minute) return [];
  return [{ ...base, change: 'resumed', atMs: minutes.startMs + minute * MINUTE_MS + reopening.offsetMs }];
}

/** A trade without which the day would have another open, high, low or close. */
function makesPrice({ high, low, prints }: DayPlan, trade: Trade): boolean {
  const cents = trade.price * 100;
  return cents >= high || cents <= low || prints.some((print) => trade.size === print.shares * 1_000_000);
}

/** Far from the price, and not below a cent. */
function wildPrice(random: RandomSource, price: number): number {
  return Math.max(1, Math.round(price * (random.chance(0.5) ? 70 : 130))) / 100;
}

function cancelOf(trade: Trade, delayMs: number, plan: DayPlan): Published {
  const { exchange, trf, id, symbol } = trade;
  const atMs = trade.atMs + delayMs;
  const sequence = CHANGE_SEQUENCES_FROM + trade.sequence;
  const event = { kind: 'cancel', symbol, atMs, sequence, tradeDate: plan.minutes.session } as const;
  return { event: { ...event, canceled: { exchange, trf, id } }, atMs, tradeMs: trade.atMs };
}

function correctionOf({ exchange, trf, id }: Trade, trade: Trade, delayMs: number, plan: DayPlan): Published {
  const atMs = trade.atMs + delayMs;
  const sequence = CHANGE_SEQUENCES_FROM + trade.sequence;
  const event = { kind: 'correction', symbol: trade.symbol, atMs, sequence, tradeDate: plan.minutes.session } as const;
  return { event: { ...event, replaced: { exchange, trf, id }, trade }, atMs, tradeMs: trade.atMs };
}
