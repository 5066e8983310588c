import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { RandomSource } from './random-source.ts';
import { drawSecurities, SECTORS, type SimulatedSecurity } from './securities.ts';

/**
 * A market that never was: daily bars, splits, dividends and listings that behave like real ones. Volatility comes in
 * clusters (a GARCH process of the market and one of each security), prices gap overnight, securities move together through a
 * market and a sector factor, and they list, halt, split, pay, rename and delist. The same seed, number of securities and
 * first session give the same bars, however far the range goes.
 *
 * The model is the truth; how it is delivered, and what goes wrong on the way, is the business of whoever asks.
 */

export interface SimulatedMarketOptions {
  readonly calendar: Calendar;
  readonly seed: number;
  /** Securities; a little fewer have a bar in any one session. */
  readonly securities: number;
  readonly from: IsoDate;
  readonly to: IsoDate;
}

/** The bars of one session as columns, in the order of the securities. Prices in cents exactly; vwap to a hundredth of one. */
export interface SimulatedBars {
  readonly symbol: readonly string[];
  readonly open: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
  readonly close: readonly number[];
  readonly volume: readonly number[];
  readonly vwap: readonly number[];
  readonly trades: readonly number[];
}

export interface SimulatedSplit {
  readonly symbol: string;
  readonly exDate: IsoDate;
  readonly splitFrom: number;
  readonly splitTo: number;
}

export interface SimulatedDividend {
  readonly symbol: string;
  readonly exDate: IsoDate;
  readonly kind: 'CD' | 'SC';
  readonly cashAmount: number;
}

export interface SimulatedListing {
  readonly securityId: string;
  readonly symbol: string;
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate | null;
  readonly name: string;
  readonly type: string;
  readonly exchange: string;
}

export interface SimulatedSession {
  readonly session: IsoDate;
  readonly bars: SimulatedBars;
  readonly splits: readonly SimulatedSplit[];
  readonly dividends: readonly SimulatedDividend[];
}

/** Variance of the market's and of a security's own returns: yesterday's shock and yesterday's variance carry on. */
const SHOCK_WEIGHT = 0.09;
const CARRY_WEIGHT = 0.89;
const MARKET_VARIANCE = 0.0095 ** 2;
const SECTOR_VOLATILITY = 0.0045;
/** Share of a day's variance that happens while the exchange is closed. */
const OVERNIGHT_SHARE = 0.3;
const HALT_CHANCE = 0.00025;
const SPECIAL_DIVIDEND_CHANCE = 0.00012;
const SESSIONS_A_QUARTER = 63;

interface State {
  readonly security: SimulatedSecurity;
  /** Close in today's share count, dollars, not rounded. */
  price: number;
  /** Variance of its own, relative to its usual one. */
  variance: number;
  /** Interest of traders, as a log multiple of the usual. */
  interest: number;
  haltedFor: number;
}

export class SimulatedMarket {
  readonly #options: SimulatedMarketOptions;
  readonly #securities: readonly SimulatedSecurity[];
  readonly #first: number;
  readonly #sessions: readonly IsoDate[];

  constructor(options: SimulatedMarketOptions) {
    const { calendar, from, to } = options;
    this.#options = options;
    this.#sessions = calendar.range(from, to);
    this.#first = calendar.indexOnOrAfter(from);
    this.#securities = drawSecurities(options.seed, options.securities, (offset) => this.#sessionAt(offset));
  }

  get sessions(): readonly IsoDate[] {
    return this.#sessions;
  }

  /** Who had which symbol when, as known at the end of the range; ascending by symbol and first session. */
  listings(): SimulatedListing[] {
    const listings: SimulatedListing[] = [];
    const past = this.#sessions.length;
    for (const { id, name, type, exchange, symbol, listedFrom, listedTo, rename } of this.#securities) {
      if (listedFrom >= past) continue;
      const renamed = rename !== undefined && rename.from < past ? rename : undefined;
      const ended = listedTo !== undefined && listedTo < past ? (this.#sessionAt(listedTo) ?? null) : null;
      const add = (as: string, from: number, lastSession: IsoDate | null): void => {
        const firstSession = this.#sessionAt(from);
        if (firstSession !== undefined) {
          listings.push({ securityId: id, symbol: as, firstSession, lastSession, name, type, exchange });
        }
      };
      add(symbol, listedFrom, renamed === undefined ? ended : (this.#sessionAt(renamed.from - 1) ?? null));
      if (renamed !== undefined) add(renamed.symbol, renamed.from, ended);
    }
    const key = (row: SimulatedListing): string => `${row.symbol}\n${row.firstSession}`;
    return listings.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  /** Session by session, ascending. Each call begins anew with the first. */
  *replay(): Generator<SimulatedSession> {
    const securities =
      this.#options.securities === 0
        ? []
        : drawSecurities(this.#options.seed, this.#options.securities, (o) => this.#sessionAt(o));
    const states = securities.map(
      (security): State => ({
        security,
        price: security.firstPrice,
        variance: 1,
        interest: 0,
        haltedFor: 0,
      }),
    );
    const factors = new RandomSource(this.#options.seed, 'factors');
    let variance = MARKET_VARIANCE;
    let marketMove = 0;
    for (const [offset, session] of this.#sessions.entries()) {
      variance =
        (1 - SHOCK_WEIGHT - CARRY_WEIGHT) * MARKET_VARIANCE + SHOCK_WEIGHT * marketMove ** 2 + CARRY_WEIGHT * variance;
      marketMove = Math.sqrt(variance) * factors.shock();
      const sectorMoves = Array.from({ length: SECTORS }, () => SECTOR_VOLATILITY * factors.shock());
      yield tradeSession(states, offset, session, marketMove, sectorMoves);
    }
  }

  #sessionAt(offset: number): IsoDate | undefined {
    const { calendar } = this.#options;
    const index = this.#first + offset;
    return index <= calendar.sessionIndex(calendar.lastSession) ? calendar.sessionAt(index) : undefined;
  }
}

function tradeSession(
  states: readonly State[],
  offset: number,
  session: IsoDate,
  marketMove: number,
  sectorMoves: readonly number[],
): SimulatedSession {
  const bars = {
    symbol: [] as string[],
    open: [] as number[],
    high: [] as number[],
    low: [] as number[],
    close: [] as number[],
    volume: [] as number[],
    vwap: [] as number[],
    trades: [] as number[],
  };
  const splits: SimulatedSplit[] = [];
  const dividends: SimulatedDividend[] = [];
  for (const state of states) {
    const { security } = state;
    const { random } = security;
    if (offset < security.listedFrom || (security.listedTo !== undefined && offset > security.listedTo)) continue;
    if (state.haltedFor > 0) {
      state.haltedFor -= 1;
      continue;
    }
    if (offset > security.listedFrom && random.chance(HALT_CHANCE)) {
      state.haltedFor = random.whole(0, 4);
      continue;
    }
    const symbol =
      security.rename !== undefined && offset >= security.rename.from ? security.rename.symbol : security.symbol;

    const ratio = offset === security.listedFrom ? undefined : drawSplit(state);
    if (ratio !== undefined) {
      splits.push({ symbol, exDate: session, splitFrom: ratio[0], splitTo: ratio[1] });
      state.price *= ratio[0] / ratio[1];
    }
    const cash = offset === security.listedFrom ? undefined : drawDividend(state, offset);
    if (cash !== undefined) {
      dividends.push({ symbol, exDate: session, ...cash });
      state.price -= cash.cashAmount;
    }

    const sectorMove = sectorMoves[security.sector] ?? 0;
    const own = security.volatility * Math.sqrt(state.variance) * random.shock();
    const move = security.driftPerSession + security.marketBeta * marketMove + security.sectorBeta * sectorMove + own;
    state.variance =
      1 - SHOCK_WEIGHT - CARRY_WEIGHT + SHOCK_WEIGHT * (own / security.volatility) ** 2 + CARRY_WEIGHT * state.variance;
    const spread = Math.abs(move) + security.volatility * Math.sqrt(state.variance);
    const gap = OVERNIGHT_SHARE * move + 0.35 * spread * random.normal();

    const before = state.price;
    const openAt = before * Math.exp(gap);
    const closeAt = Math.max(before * Math.exp(move), 0.02);
    const open = cents(openAt);
    const close = cents(closeAt);
    const high = cents(Math.max(openAt, closeAt) * Math.exp(0.45 * spread * Math.abs(random.normal())));
    const low = cents(Math.min(openAt, closeAt) * Math.exp(-0.45 * spread * Math.abs(random.normal())));
    state.price = closeAt;
    state.interest = 0.85 * state.interest + 0.28 * random.normal();
    const excitement = Math.min(spread / security.volatility - 1.5, 6) * 0.22;
    const volume = Math.max(100, Math.round((security.dollarVolume / close) * Math.exp(state.interest + excitement)));
    const weight = 0.25 + 0.5 * random.uniform();
    const middle = (open + close) / 2;
    const vwap = Math.round((middle * weight + ((high + low) / 2) * (1 - weight)) * 1e4) / 1e4;

    bars.symbol.push(symbol);
    bars.open.push(open);
    bars.high.push(high);
    bars.low.push(low);
    bars.close.push(close);
    bars.volume.push(volume);
    bars.vwap.push(Math.min(high, Math.max(low, vwap)));
    bars.trades.push(Math.max(1, Math.round(volume / (40 + 120 * random.uniform()))));
  }
  return { session, bars, splits, dividends };
}

/** Companies like their shares between ten and a few hundred dollars. From and to, or undefined where nothing happens. */
function drawSplit(state: State): readonly [number, number] | undefined {
  const { random } = state.security;
  const luck = random.uniform();
  if (state.price > 180 && luck < 0.004) return [1, random.pick([2, 2, 2, 3, 4, 5])];
  if (state.price > 900 && luck < 0.02) return [1, random.pick([10, 20])];
  if (state.price > 60 && luck < 0.00004) return [2, 3];
  if (state.price < 2 && luck < 0.01) return [random.pick([8, 10, 20]), 1];
  return undefined;
}

function drawDividend(state: State, offset: number): { kind: 'CD' | 'SC'; cashAmount: number } | undefined {
  const { random, quarterlyYield, dividendPhase } = state.security;
  const luck = random.uniform();
  if (quarterlyYield > 0 && offset % SESSIONS_A_QUARTER === dividendPhase) {
    const cashAmount = cents(state.price * quarterlyYield);
    return cashAmount < state.price / 2 ? { kind: 'CD', cashAmount } : undefined;
  }
  if (quarterlyYield > 0 && luck < SPECIAL_DIVIDEND_CHANCE)
    return { kind: 'SC', cashAmount: cents(state.price * 0.05) };
  return undefined;
}

/** Whole cents, at least one. */
function cents(price: number): number {
  return Math.max(1, Math.round(price * 100)) / 100;
}
