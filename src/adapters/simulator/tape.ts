import { AssertionError, defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Quote, Trade } from '#market/trade.ts';
import { livedListings, livedRows } from './life-events.ts';
import { SimulatedMarket } from './market.ts';
import type { Fault } from './scenarios.ts';
import { minuteTrades } from './tape-minute.ts';
import { type DayPlan, planDay, type SecurityDay } from './tape-plan.ts';
import { minuteQuotes } from './tape-quotes.ts';
import type { SimulatedSession } from './trading.ts';
import { type TradingMinutes, tradingMinutes } from './trading-minutes.ts';

/**
 * The consolidated tape of the simulated market: every trade and quote of every security and session. By the rules of the
 * tapes (`trade-conditions.ts`), a day's trades fold to exactly the daily bar, which stays the truth:
 *
 * - Open, high, low and close are made in regular trading hours and by the auctions.
 * - Volume and number of trades include the trades before the open and after the close, as the vendor's day bars do.
 * - VWAP is met to its four digits. Only a day of four trades or fewer may leave no choice: one bar in 150,000 misses it by
 *   a fraction of a cent, and one in 450,000 has fewer trades than it has prices, and gets one more.
 *
 * The trades of a minute depend on the seed, the security, the session and the minute only. So a process that starts in the
 * afternoon draws nothing of the morning, and any minute can be drawn again.
 */
export class SimulatedTape {
  readonly #options: SimulatedTapeOptions;
  readonly #sessions = new Map<IsoDate, TapeSession>();
  #market: SimulatedMarket | undefined;
  #running: Generator<SimulatedSession> | undefined;
  #traded: IsoDate | undefined;

  constructor(options: SimulatedTapeOptions) {
    this.#options = options;
  }

  /** The market's first day. */
  get from(): IsoDate {
    return this.#options.market.from;
  }

  /** Returns a session, or undefined if the market did not trade on that date, or had not begun. */
  session(session: IsoDate): TapeSession | undefined {
    const { calendar, market, faults = [], halts = false } = this.#options;
    const isClosed = faults.some((fault) => fault.name === 'surprise-closure' && fault.session === session);
    if (session < market.from || !calendar.isSession(session) || isClosed) return undefined;
    const held = this.#sessions.get(session);
    if (held !== undefined) return held;
    const tape = new TapeSession(market.seed, tradingMinutes(calendar, session), this.#securities(session), halts);
    this.#sessions.set(session, tape);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > HELD_SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
    return tape;
  }

  #securities(session: IsoDate): SecurityDay[] {
    const { calendar, faults = [] } = this.#options;
    const { bars } = this.#trade(session);
    const rows = bars.symbol.map((symbol, index) => ({
      symbol,
      session,
      open: bars.open[index] ?? null,
      high: bars.high[index] ?? null,
      low: bars.low[index] ?? null,
      close: bars.close[index] ?? null,
      volume: bars.volume[index] ?? null,
      vwap: bars.vwap[index] ?? null,
      trades: bars.trades[index] ?? null,
    }));
    const listings = livedListings(this.#marketAt(session).listings(), calendar, faults);
    return livedRows(rows, session, faults).map(({ symbol, open, high, low, close, volume, vwap, trades }) => {
      const listing = listings.find(
        (row) =>
          row.symbol === symbol &&
          row.firstSession <= session &&
          (row.lastSession === null || session <= row.lastSession),
      );
      const { securityId, exchange } = defined(listing, `a listing of ${symbol} on ${session}`);
      const value = (given: number | null): number => defined(given, 'a value of a simulated bar');
      const prices = { open: value(open), high: value(high), low: value(low), close: value(close) };
      return {
        securityId,
        symbol: defined(symbol, 'the symbol of a simulated bar'),
        exchange,
        bar: { ...prices, volume: value(volume), vwap: value(vwap), trades: value(trades) },
      };
    });
  }

  /** Trades forward to a session, or from the start to an earlier one. */
  #trade(session: IsoDate): SimulatedSession {
    if (this.#traded !== undefined && session <= this.#traded) this.#running = undefined;
    const market = this.#marketAt(session);
    this.#running ??= market.replay();
    for (let next = this.#running.next(); next.done !== true; next = this.#running.next()) {
      this.#traded = next.value.session;
      if (this.#traded === session) return next.value;
    }
    throw new AssertionError(`the simulated market has no session ${session}`);
  }

  #marketAt(session: IsoDate): SimulatedMarket {
    const { calendar, market } = this.#options;
    const known = this.#market?.sessions.at(-1);
    if (this.#market === undefined || known === undefined || known < session) {
      const to = calendar.sessionAt(
        Math.min(calendar.sessionIndex(session) + MARGIN_SESSIONS, calendar.sessionIndex(calendar.lastSession)),
      );
      this.#market = new SimulatedMarket({ calendar, ...market, to });
      this.#running = undefined;
    }
    return this.#market;
  }
}

export interface SimulatedTapeOptions {
  readonly calendar: Calendar;
  readonly market: { readonly seed: number; readonly securities: number; readonly from: IsoDate };
  /** Faults of the daily market that change which symbols there are. */
  readonly faults?: readonly Fault[];
  /** Whether securities may be halted within a session. */
  readonly halts?: boolean;
}

/** Number of sessions ahead that a market covers at once. */
const MARGIN_SESSIONS = 60;
/** The current session, and the ones before for history. */
const HELD_SESSIONS_MAX = 6;
/** Number of plans that a session holds, about 25 KB each. Others are made again. */
const HELD_PLANS_MAX = 512;

/** The tape of one session. */
export class TapeSession {
  readonly minutes: TradingMinutes;
  /** Those that trade, in the order of the market. */
  readonly securities: readonly SecurityDay[];
  readonly #seed: number;
  readonly #halts: boolean;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #plans = new Map<number, DayPlan>();

  constructor(seed: number, minutes: TradingMinutes, securities: readonly SecurityDay[], halts: boolean) {
    this.#seed = seed;
    this.minutes = minutes;
    this.securities = securities;
    this.#halts = halts;
    this.#indexes = new Map(securities.map(({ symbol }, index) => [symbol, index]));
  }

  /** Returns the index of the security that has a symbol on this day, or undefined if none that trades has it. */
  indexOf(symbol: string): number | undefined {
    return this.#indexes.get(symbol);
  }

  /** Returns the plan of a security's day. */
  plan(index: number): DayPlan {
    let plan = this.#plans.get(index);
    if (plan === undefined) {
      const day = defined(this.securities[index], `security ${index} of ${this.minutes.session}`);
      plan = planDay(this.#seed, day, this.minutes, this.#halts);
      const [oldest] = this.#plans.keys();
      if (this.#plans.size >= HELD_PLANS_MAX && oldest !== undefined) this.#plans.delete(oldest);
      this.#plans.set(index, plan);
    }
    return plan;
  }

  /** Returns the trades of a security in a minute, by event time and sequence. */
  trades(index: number, minute: number): Trade[] {
    return minuteTrades(this.#seed, this.plan(index), minute);
  }

  /** Returns its quotes in a minute, by event time. */
  quotes(index: number, minute: number): Quote[] {
    return minuteQuotes(this.#seed, this.plan(index), minute);
  }
}
