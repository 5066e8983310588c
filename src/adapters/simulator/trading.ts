import { addDays, type IsoDate } from '#base/dates.ts';
import type { BarField } from '#market/bar.ts';
import type { SplitFact } from '#market/corporate-actions.ts';
import { exp } from './portable-math.ts';
import { RandomSource } from './random-source.ts';
import { SECTORS, SESSIONS_A_QUARTER, type SimulatedSecurity } from './securities.ts';

/** One session: the market's move, each security's move, and their events. */

/**
 * The bars of one session as columns, in the order of the securities. Prices in whole cents, `vwap` to a hundredth of a
 * cent.
 */
type SimulatedBars = { readonly symbol: readonly string[] } & { readonly [Field in BarField]: readonly number[] };

/**
 * `CD` is a quarterly dividend, `SC` a special one; dollars per share on the share basis of the ex-date. The record date
 * is the ex-date, as it is where a trade settles on the next day.
 */
interface SimulatedDividend {
  readonly symbol: string;
  readonly exDate: IsoDate;
  readonly kind: 'CD' | 'SC';
  readonly cashAmount: number;
  readonly declarationDate: IsoDate;
  readonly recordDate: IsoDate;
  readonly payDate: IsoDate;
  readonly frequency: 4 | 0;
}

/** Days from the announcement of a dividend to its ex-date, and from there to its payment. */
const DECLARED_BEFORE = 21;
const PAID_AFTER = 14;

export interface SimulatedSession {
  readonly session: IsoDate;
  readonly bars: SimulatedBars;
  /** Symbols that are listed but did not trade, so they have no bar. */
  readonly halted: readonly string[];
  readonly splits: readonly Omit<SplitFact, 'source'>[];
  readonly dividends: readonly SimulatedDividend[];
}

/** GARCH(1,1) of the market and of each security: weights of yesterday's shock and of yesterday's variance. */
const SHOCK_WEIGHT = 0.09;
const CARRY_WEIGHT = 0.89;
/**
 * Cap, as a multiple of the usual variance. With such fat tails, the process would otherwise blow up once in a few
 * thousand years.
 */
const VARIANCE_MAX = 25;
/** Log return per session, about 9% a year: the equity risk premium. */
const MARKET_DRIFT = 0.00035;
const MARKET_VOLATILITY = 0.0095;
const SECTOR_VOLATILITY = 0.0045;
/** Maximum log return of a session; only a split should jump further. */
const MOVE_MAX = 0.45;
/** Fraction of a session's move that happens overnight; the open deviates from it at random. */
const OVERNIGHT_SHARE = 0.3;
const OVERNIGHT_SPREAD = 0.35;
const RANGE_SPREAD = 0.45;
const HALT_CHANCE = 0.00025;
const HALT_SESSIONS_MAX = 5;
const SPECIAL_DIVIDEND_CHANCE = 0.00012;
const SPECIAL_DIVIDEND_SHARE = 0.06;
/** A dividend above this fraction of the price is cut back to the security's usual rate. */
const DIVIDEND_SHARE_MAX = 0.03;
/** No security splits again within half a year. */
const SPLIT_REST_SESSIONS = 126;
const PRICE_MIN = 0.05;
const VOLUME_MIN = 100;

interface SecurityState {
  readonly security: SimulatedSecurity;
  readonly random: RandomSource;
  /** The last close on today's share basis, in dollars, not rounded. */
  price: number;
  /** Variance of its own moves, relative to the usual one. */
  variance: number;
  /** Excess trading interest, as a logarithm. */
  interest: number;
  /** Dollars per share of the next quarterly dividend; 0 before the first. */
  payout: number;
  haltedFor: number;
  /** The offset from which it may split at random again. */
  splitsFrom: number;
}

/** A market in progress. Its sessions must be traded in order from the first. */
export class TradingFloor {
  readonly #states: readonly SecurityState[];
  readonly #factors: RandomSource;
  #offset = 0;
  /** The market's variance, relative to the usual one. */
  #variance = 1;

  constructor(seed: number, securities: readonly SimulatedSecurity[]) {
    this.#factors = new RandomSource(seed, 'factors');
    this.#states = securities.map((security) => ({
      security,
      random: new RandomSource(seed, `trading ${security.id}`),
      price: security.firstPrice,
      variance: 1,
      interest: 0,
      payout: 0,
      haltedFor: 0,
      splitsFrom: 0,
    }));
  }

  trade(session: IsoDate): SimulatedSession {
    const shock = Math.sqrt(this.#variance) * this.#factors.shock();
    this.#variance = nextVariance(this.#variance, shock);
    const marketMove = MARKET_DRIFT + MARKET_VOLATILITY * shock;
    const sectorMoves = Array.from({ length: SECTORS }, () => SECTOR_VOLATILITY * this.#factors.shock());
    const day = new Day(session);
    for (const state of this.#states) {
      const { listedFrom, listedTo, sector } = state.security;
      if (this.#offset < listedFrom || (listedTo !== undefined && this.#offset > listedTo)) continue;
      tradeSecurity(day, state, this.#offset, marketMove, sectorMoves[sector] ?? 0);
    }
    this.#offset += 1;
    return day;
  }
}

class Day implements SimulatedSession {
  readonly session: IsoDate;
  readonly bars = {
    symbol: [] as string[],
    open: [] as number[],
    high: [] as number[],
    low: [] as number[],
    close: [] as number[],
    volume: [] as number[],
    vwap: [] as number[],
    trades: [] as number[],
  };
  readonly halted: string[] = [];
  readonly splits: Omit<SplitFact, 'source'>[] = [];
  readonly dividends: SimulatedDividend[] = [];

  constructor(session: IsoDate) {
    this.session = session;
  }
}

function tradeSecurity(day: Day, state: SecurityState, offset: number, marketMove: number, sectorMove: number): void {
  const { security } = state;
  const { rename } = security;
  const symbol = rename !== undefined && offset >= rename.from ? rename.symbol : security.symbol;
  const isFirst = offset === security.listedFrom;

  // Events take effect on their date, even if the security does not trade.
  const split = drawSplit(state, offset);
  if (split !== undefined && !isFirst) {
    const [splitFrom, splitTo] = split;
    day.splits.push({ symbol, exDate: day.session, splitFrom, splitTo });
    state.price *= splitFrom / splitTo;
    state.payout *= splitFrom / splitTo;
    state.splitsFrom = offset + SPLIT_REST_SESSIONS;
  }
  const cash = drawDividend(state, offset);
  if (cash !== undefined && !isFirst) {
    day.dividends.push({
      symbol,
      exDate: day.session,
      ...cash,
      declarationDate: addDays(day.session, -DECLARED_BEFORE),
      recordDate: day.session,
      payDate: addDays(day.session, PAID_AFTER),
      frequency: cash.kind === 'CD' ? 4 : 0,
    });
    state.price -= cash.cashAmount;
  }
  if (isHalted(state, offset) && !isFirst) {
    day.halted.push(symbol);
    return;
  }
  addBar(day, state, symbol, marketMove, sectorMove);
}

function addBar(day: Day, state: SecurityState, symbol: string, marketMove: number, sectorMove: number): void {
  const { security, random } = state;
  const { volatility } = security;
  const shock = Math.sqrt(state.variance) * random.shock();
  state.variance = nextVariance(state.variance, shock);
  const common = security.marketBeta * marketMove + security.sectorBeta * sectorMove;
  const move = clamp(security.driftPerSession + common + volatility * shock, -MOVE_MAX, MOVE_MAX);
  const spread = Math.abs(move) + volatility * Math.sqrt(state.variance);
  const overnight = clamp(OVERNIGHT_SHARE * move + OVERNIGHT_SPREAD * spread * random.normal(), -MOVE_MAX, MOVE_MAX);

  const openAt = Math.max(state.price * exp(overnight), PRICE_MIN);
  const closeAt = Math.max(state.price * exp(move), PRICE_MIN);
  state.price = closeAt;
  const reach = RANGE_SPREAD * spread;
  const open = cents(openAt);
  const close = cents(closeAt);
  const high = cents(Math.max(openAt, closeAt) * exp(reach * Math.abs(random.normal())));
  const low = cents(Math.min(openAt, closeAt) * exp(-reach * Math.abs(random.normal())));

  state.interest = 0.85 * state.interest + 0.28 * random.normal();
  const excitement = Math.min(spread / volatility - 1.5, 6) * 0.22;
  const usual = security.dollarVolume / close;
  const volume = Math.max(VOLUME_MIN, Math.round(usual * exp(state.interest + excitement)));
  const weight = 0.25 + 0.5 * random.uniform();
  const average = ((open + close) / 2) * weight + ((high + low) / 2) * (1 - weight);

  const { bars } = day;
  bars.symbol.push(symbol);
  bars.open.push(open);
  bars.high.push(high);
  bars.low.push(low);
  bars.close.push(close);
  bars.volume.push(volume);
  bars.vwap.push(clamp(Math.round(average * 10_000) / 10_000, low, high));
  bars.trades.push(Math.max(1, Math.round(volume / (40 + 120 * random.uniform()))));
}

/**
 * Returns shares before and after a split, or undefined. Companies like their share price between a few and a few
 * hundred dollars.
 */
function drawSplit(state: SecurityState, offset: number): readonly [number, number] | undefined {
  const { random, price } = state;
  const { split } = state.security.planned;
  const luck = random.uniform();
  if (split?.at === offset) return [split.from, split.to];
  if (offset < state.splitsFrom) return undefined;
  if (price > 900 && luck < 0.02) return [1, random.pick([10, 20])];
  if (price > 180 && luck < 0.004) return [1, random.pick([2, 2, 2, 3, 4, 5])];
  if (price > 60 && luck < 0.00004) return [2, 3];
  if (price < 2 && luck < 0.01) return [random.pick([8, 10, 20]), 1];
  return undefined;
}

function drawDividend(
  state: SecurityState,
  offset: number,
): { readonly kind: 'CD' | 'SC'; readonly cashAmount: number } | undefined {
  const { random, security } = state;
  const { quarterlyYield, dividendPhase, planned } = security;
  const isSpecial = random.chance(SPECIAL_DIVIDEND_CHANCE) && quarterlyYield > 0;
  if (planned.specialDividendAt === offset || isSpecial) {
    return payable('SC', state.price * SPECIAL_DIVIDEND_SHARE);
  }
  if (quarterlyYield === 0 || offset % SESSIONS_A_QUARTER !== dividendPhase) return undefined;
  const usual = state.price * quarterlyYield;
  const isUnsound = state.payout === 0 || state.payout > state.price * DIVIDEND_SHARE_MAX;
  // Dividends stay flat for years, or are raised slightly.
  if (isUnsound) state.payout = usual;
  else if (random.chance(0.25)) state.payout *= 1 + 0.12 * random.uniform();
  return payable('CD', state.payout);
}

/** Rounds to a hundredth of a cent, as dividends are declared; an amount that rounds to zero is not paid. */
function payable(
  kind: 'CD' | 'SC',
  dollars: number,
): { readonly kind: 'CD' | 'SC'; readonly cashAmount: number } | undefined {
  const cashAmount = Math.round(dollars * 10_000) / 10_000;
  return cashAmount > 0 ? { kind, cashAmount } : undefined;
}

function isHalted(state: SecurityState, offset: number): boolean {
  const { halt } = state.security.planned;
  if (halt?.from === offset) state.haltedFor = halt.sessions;
  else if (state.random.chance(HALT_CHANCE)) state.haltedFor = state.random.whole(1, HALT_SESSIONS_MAX);
  if (state.haltedFor === 0) return false;
  state.haltedFor -= 1;
  return true;
}

/** Relative to the usual variance, of which it is a mean-reverting multiple. */
function nextVariance(variance: number, shock: number): number {
  const next = 1 - SHOCK_WEIGHT - CARRY_WEIGHT + SHOCK_WEIGHT * shock * shock + CARRY_WEIGHT * variance;
  return Math.min(next, VARIANCE_MAX);
}

function cents(price: number): number {
  return Math.round(price * 100) / 100;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
