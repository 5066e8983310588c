import type { Quote } from '#market/trade.ts';
import { RandomSource } from './random-source.ts';
import type { DayPlan } from './tape-plan.ts';
import { drawExchange, listingOf } from './tape-venues.ts';
import { MINUTE_MS } from './trading-minutes.ts';

/** Quotes of a minute without trades, and at most. */
const QUOTES_MIN = 1;
const QUOTES_MAX = 30;
/** Half of the spread between bid and ask, as a fraction of the price, at most. */
const HALF_SPREAD_SHARE = 0.0004;
const ROUND_LOTS_MAX = 12;
/** Sequences of quotes are their own. */
const SEQUENCES_A_MINUTE = 100;

/**
 * Returns the best bids and asks of one minute of a plan, around its price level. A halted security has none. Sizes are in
 * round lots, as on the vendor's socket.
 */
export function minuteQuotes(seed: number, plan: DayPlan, minute: number): Quote[] {
  const { day, minutes, path, trades, halt } = plan;
  const afterOpen = minute - minutes.open;
  const isHalted = halt !== undefined && afterOpen >= halt.from && afterOpen < halt.to;
  const level = path[minute] ?? 0;
  if (isHalted || level === 0) return [];
  const random = new RandomSource(seed, `quotes ${day.securityId} ${minutes.session} ${minute}`);
  const listing = listingOf(day.exchange);
  const count = Math.min(QUOTES_MAX, QUOTES_MIN + (trades[minute] ?? 0));
  const startMs = minutes.startMs + minute * MINUTE_MS;
  return Array.from({ length: count }, (_, index) => {
    const half = Math.max(0.5, level * HALF_SPREAD_SHARE * random.uniform());
    const middle = level + 2 * half * (random.uniform() - 0.5);
    const bid = Math.max(1, Math.floor(middle - half));
    const ask = Math.max(bid + 1, Math.ceil(middle + half));
    const sequence = minute * SEQUENCES_A_MINUTE + index + 1;
    return {
      kind: 'quote',
      symbol: day.symbol,
      atMs: startMs + Math.floor(((index + random.uniform()) * MINUTE_MS) / count),
      sequence,
      nanosecond: (sequence * 6151) % 1_000_000,
      bidPrice: bid / 100,
      bidSize: random.whole(1, ROUND_LOTS_MAX),
      bidExchange: drawExchange(random, listing),
      askPrice: ask / 100,
      askSize: random.whole(1, ROUND_LOTS_MAX),
      askExchange: drawExchange(random, listing),
      conditions: [1],
      indicators: [],
      tape: listing.tape,
    };
  });
}
