import type { BarValues } from '#market/bar.ts';
import { drawPath, movePath } from './price-path.ts';
import { RandomSource } from './random-source.ts';
import { drawHalt, drawPrints, type IntradayHalt, officialPrints, type PlannedPrint } from './tape-prints.ts';
import type { TradingMinutes } from './trading-minutes.ts';

/** A security's session as it has to come out: its daily bar. Volume is whole; prices are in whole cents. */
export interface SecurityDay {
  readonly securityId: string;
  readonly symbol: string;
  /** Market identifier code of the listing exchange. */
  readonly exchange: string;
  readonly bar: BarValues;
}

/**
 * The trades of a security's session by minute, before any is drawn: enough to draw each minute on its own.
 *
 * Money is in cents times shares, and whole: the trades of a minute have prices and sizes that make it exactly
 * (`tape-minute.ts`), so the minutes of a day make the daily bar's volume, number of trades and VWAP.
 */
export interface DayPlan {
  readonly day: SecurityDay;
  readonly minutes: TradingMinutes;
  /** In cents. */
  readonly high: number;
  readonly low: number;
  /** Shares below which a trade is an odd lot. */
  readonly lot: number;
  /** By minute, without `prints`. */
  readonly trades: Uint32Array;
  readonly shares: Float64Array;
  readonly money: Float64Array;
  /** By minute: the price level, in cents. */
  readonly path: Float64Array;
  /** Trades whose price and place the daily bar decides, and official prices, in the order of time. */
  readonly prints: readonly PlannedPrint[];
  /** By minute: number of trades and prints before it. */
  readonly before: Uint32Array;
  readonly halt: IntradayHalt | undefined;
}

/** Fraction of a day's trades outside of regular trading hours, at most. */
const EXTENDED_MAX = 0.06;
/** With fewer trades, none is outside of regular trading hours. */
const EXTENDED_FROM_TRADES = 40;
/** Distance of prices outside of regular trading hours from the range of the day, as a fraction of it, at most. */
const OUTSIDE_SHARE = 0.15;
/** Attempts to find sizes of the prints that leave an average price within the range to the other trades. */
const ATTEMPTS = 40;
/** Fraction of the range that their average keeps from its bounds, as long as that is possible. */
const MARGIN = 0.02;

/** Plans a day. `halts`: whether the security may be halted within it. */
export function planDay(seed: number, day: SecurityDay, minutes: TradingMinutes, halts: boolean): DayPlan {
  const random = new RandomSource(seed, `tape ${day.securityId} ${minutes.session}`);
  const { bar } = day;
  const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(toCents) as [
    number,
    number,
    number,
    number,
  ];
  const length = minutes.close - minutes.open;
  const [highAt, lowAt] = extremes(random, { open, high, low, close }, length);
  const path = drawPath(random, { open, high, low, close, highAt, lowAt }, length);
  const halt = halts ? drawHalt(seed, day, minutes, [highAt, lowAt]) : undefined;
  const lot = roundLot(open);
  const prices = { open, high, low, close, highAt, lowAt };
  const prints = drawPrints(random, prices, path, { day, minutes, lot, halt });
  const draft = new Draft(random, day, minutes, { high, low, path, halt, prints });
  draft.fill();
  const all = [...draft.prints, ...officialPrints(random, draft.prints, minutes)].sort(
    (a, b) => a.minute - b.minute || a.offsetMs - b.offsetMs,
  );
  const { trades, shares, money } = draft;
  const before = countsBefore(trades, all);
  return { day, minutes, high, low, lot, trades, shares, money, path: draft.levels, prints: all, before, halt };
}

/** A plan in the making. */
class Draft {
  readonly trades: Uint32Array;
  readonly shares: Float64Array;
  readonly money: Float64Array;
  readonly levels: Float64Array;
  prints: readonly PlannedPrint[];
  readonly #bar: BarValues;
  readonly #minutes: TradingMinutes;
  readonly #high: number;
  readonly #low: number;
  readonly #sizeWeights: Float64Array;
  readonly #outside: Float64Array;
  readonly #raw: Float64Array;

  constructor(
    random: RandomSource,
    { bar }: SecurityDay,
    minutes: TradingMinutes,
    parts: {
      readonly high: number;
      readonly low: number;
      readonly path: Float64Array;
      readonly halt: IntradayHalt | undefined;
      readonly prints: readonly PlannedPrint[];
    },
  ) {
    this.#bar = bar;
    this.#minutes = minutes;
    this.#high = parts.high;
    this.#low = parts.low;
    this.#raw = parts.path;
    this.prints = parts.prints;
    this.trades = allot(
      Math.max(0, (bar.trades ?? 0) - parts.prints.length),
      tradeWeights(random, minutes, bar.trades ?? 0, parts.halt),
    );
    joinLoneTrades(this.trades, minutes);
    this.#sizeWeights = drawn(random, this.trades);
    this.#outside = Float64Array.from({ length: minutes.count }, () => random.uniform() - 0.5);
    this.shares = new Float64Array(minutes.count);
    this.money = new Float64Array(minutes.count);
    this.levels = new Float64Array(minutes.count);
  }

  /** Sizes of the prints, then shares, levels and money of every minute. */
  fill(): void {
    const others = this.trades.reduce((sum, count) => sum + count, 0);
    const total = Math.round((Math.round((this.#bar.vwap ?? this.#bar.close) * 10_000) * this.#bar.volume) / 100);
    if (others === 0) {
      this.prints = shareOut(this.prints, this.#bar.volume, total);
      return;
    }
    const wanted = fitting(this.prints, this.#bar.volume - others);
    for (let attempt = 0, factor = 1; attempt < ATTEMPTS; attempt += 1, factor /= 2) {
      const isLast = attempt === ATTEMPTS - 1;
      this.prints = wanted.map((print) => ({ ...print, shares: Math.max(1, Math.floor(print.shares * factor)) }));
      this.#fillShares(others);
      this.#fillLevels(attempt === 0 ? 'outside' : attempt < ATTEMPTS / 2 ? 'inside' : 'average');
      const left = total - this.prints.reduce((sum, { cents, shares }) => sum + cents * shares, 0);
      if (this.#fillMoney(left, attempt < ATTEMPTS / 2 ? MARGIN : 0) || isLast) return;
    }
  }

  #fillShares(others: number): void {
    const left = this.#bar.volume - this.prints.reduce((sum, { shares }) => sum + shares, 0);
    const extra = allot(Math.max(0, left - others), this.#sizeWeights);
    for (let minute = 0; minute < this.shares.length; minute += 1) {
      this.shares[minute] = (this.trades[minute] ?? 0) + (extra[minute] ?? 0);
    }
  }

  /**
   * Before the open, prices are near the open, and after the close near the close: somewhat outside the range of the day,
   * or inside it, or at the average if the day leaves no other choice.
   */
  #fillLevels(extended: 'outside' | 'inside' | 'average'): void {
    const { open, close, count } = this.#minutes;
    const range = this.#high - this.#low;
    const reach = extended === 'outside' ? Math.max(2, range * OUTSIDE_SHARE) : 0;
    const average = toCents(this.#bar.vwap ?? this.#bar.close);
    const [opening, closing] = [toCents(this.#bar.open), toCents(this.#bar.close)];
    for (let minute = 0; minute < count; minute += 1) {
      const isRegular = minute >= open && minute < close;
      const near = extended === 'average' ? average : minute < open ? opening : closing;
      const level = extended === 'average' ? near : near + (this.#outside[minute] ?? 0) * (range + 4);
      this.levels[minute] = isRegular
        ? (this.#raw[minute - open] ?? near)
        : Math.max(1, Math.min(this.#high + reach, Math.max(this.#low - reach, level)));
    }
  }

  /** Returns whether the minutes take all the money that is left for them, with an average inside the range. */
  #fillMoney(total: number, margin: number): boolean {
    const { open, close } = this.#minutes;
    const regular = this.levels.subarray(open, close);
    const weights = this.shares.subarray(open, close);
    const weight = weights.reduce((sum, shares) => sum + shares, 0);
    const extended = this.#roundMoney(0, open) + this.#roundMoney(close, this.money.length);
    const average = (total - extended) / weight;
    const room = (this.#high - this.#low) * margin;
    const isInside = average >= this.#low + room && average <= this.#high - room;
    if (weight > 0) movePath(regular, weights, average, this.#low, this.#high);
    const rest = total - extended - this.#roundMoney(open, close);
    return this.#absorb(rest) && isInside;
  }

  /** Rounds the money of minutes, and returns its sum. That of a single trade is a price in cents times its size. */
  #roundMoney(from: number, to: number): number {
    let sum = 0;
    for (let minute = from; minute < to; minute += 1) {
      const [shares, level] = [this.shares[minute] ?? 0, this.levels[minute] ?? 0];
      const money = (this.trades[minute] ?? 0) === 1 ? Math.round(level) * shares : Math.round(level * shares);
      this.money[minute] = money;
      sum += money;
    }
    return sum;
  }

  /** Adds what rounding has left to the minutes with the most shares, within the range. Returns whether all of it fit. */
  #absorb(rest: number): boolean {
    if (rest === 0) return true;
    const { open, close } = this.#minutes;
    const order = Array.from({ length: close - open }, (_, index) => open + index)
      .filter((minute) => (this.trades[minute] ?? 0) >= 2)
      .sort((a, b) => (this.shares[b] ?? 0) - (this.shares[a] ?? 0) || a - b);
    let left = rest;
    for (const minute of order) {
      const shares = this.shares[minute] ?? 0;
      const before = this.money[minute] ?? 0;
      const after = Math.min(this.#high * shares, Math.max(this.#low * shares, before + left));
      this.money[minute] = after;
      this.levels[minute] = after / shares;
      left -= after - before;
      if (left === 0) return true;
    }
    return this.#absorbAlone(left);
  }

  /** If no minute has two trades, a single one is an average-price print, whose price may have fractions of a cent. */
  #absorbAlone(rest: number): boolean {
    const { open, close } = this.#minutes;
    let most = open;
    for (let minute = open; minute < close; minute += 1) {
      if ((this.shares[minute] ?? 0) > (this.shares[most] ?? 0)) most = minute;
    }
    if ((this.trades[most] ?? 0) !== 1) return false;
    const money = (this.money[most] ?? 0) + rest;
    const shares = this.shares[most] ?? 0;
    if (money < this.#low * shares || money > this.#high * shares) return false;
    this.money[most] = money;
    this.levels[most] = money / shares;
    return true;
  }
}

/** Returns whole numbers in proportion to weights that add up to a total. */
function allot(total: number, weights: ArrayLike<number>): Uint32Array {
  const parts = new Uint32Array(weights.length);
  let sum = 0;
  for (let index = 0; index < weights.length; index += 1) sum += weights[index] ?? 0;
  if (sum === 0) return parts;
  let cumulated = 0;
  let given = 0;
  let last = 0;
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index] ?? 0;
    if (weight === 0) continue;
    cumulated += weight;
    const upTo = Math.min(total, Math.round((total * cumulated) / sum));
    parts[index] = upTo - given;
    given = upTo;
    last = index;
  }
  parts[last] = (parts[last] ?? 0) + total - given;
  return parts;
}

/** Returns weights of minutes: many trades at the open and at the close, few in between, and hardly any outside. */
function tradeWeights(
  random: RandomSource,
  { open, close, count }: TradingMinutes,
  trades: number,
  halt: IntradayHalt | undefined,
): Float64Array {
  const weights = new Float64Array(count);
  let regular = 0;
  for (let minute = open; minute < close; minute += 1) {
    const at = (2 * (minute - open + 0.5)) / (close - open) - 1;
    const isHalted = halt !== undefined && minute - open >= halt.from && minute - open < halt.to;
    const weight = isHalted ? 0 : (0.5 + 1.5 * at * at + at * at * at * at) * (0.4 + 1.2 * random.uniform());
    weights[minute] = weight;
    regular += weight;
  }
  const share = EXTENDED_MAX * random.uniform();
  if (trades < EXTENDED_FROM_TRADES) return weights;
  let extended = 0;
  for (let minute = 0; minute < count; minute += 1) {
    if (minute >= open && minute < close) continue;
    const distance = minute < open ? open - minute : minute - close + 1;
    weights[minute] = random.uniform() / (20 + distance);
    extended += weights[minute] ?? 0;
  }
  for (let minute = 0; minute < count; minute += 1) {
    if (minute < open || minute >= close) weights[minute] = ((weights[minute] ?? 0) * regular * share) / extended;
  }
  return weights;
}

/** Fraction of a day's minutes with trades that have at least two. */
const SHARED_MIN = 0.25;

/**
 * On a day of few trades, moves some next to others: two trades of a minute can make any amount of money
 * (`tape-trades.ts`), and a single one cannot.
 */
function joinLoneTrades(trades: Uint32Array, { open, close }: TradingMinutes): void {
  const alone: number[] = [];
  let shared = 0;
  for (let minute = open; minute < close; minute += 1) {
    const count = trades[minute] ?? 0;
    if (count === 1) alone.push(minute);
    if (count >= 2) shared += 1;
  }
  while (alone.length >= 2 && shared < SHARED_MIN * (shared + alone.length)) {
    const from = alone.shift() ?? open;
    const to = alone.splice(alone.length >> 1, 1)[0] ?? open;
    trades[from] = 0;
    trades[to] = 2;
    shared += 1;
  }
}

function drawn(random: RandomSource, trades: Uint32Array): Float64Array {
  return Float64Array.from(trades, (count) => (count === 0 ? 0 : count * (0.4 + 1.2 * random.uniform())));
}

/** Returns prints with fewer shares if they would take most of the volume. */
function fitting(prints: readonly PlannedPrint[], room: number): PlannedPrint[] {
  const wanted = prints.reduce((sum, { shares }) => sum + shares, 0);
  const factor = Math.min(1, (0.6 * room) / wanted);
  return prints.map((print) => ({ ...print, shares: Math.max(1, Math.floor(print.shares * factor)) }));
}

/** Returns prints that are all there is: their sizes make the volume, and the money as nearly as whole shares can. */
function shareOut(prints: readonly PlannedPrint[], volume: number, money: number): PlannedPrint[] {
  const spare = volume - prints.length;
  const target = (money - prints.reduce((sum, { cents }) => sum + cents, 0)) / spare;
  const byPrice = [...prints].sort((a, b) => a.cents - b.cents);
  const below = byPrice.findLast(({ cents }) => cents <= target) ?? byPrice[0];
  const above = byPrice.find(({ cents }) => cents > target) ?? below;
  const gap = (above?.cents ?? 0) - (below?.cents ?? 0);
  const share = gap === 0 ? 0 : Math.min(1, Math.max(0, (target - (below?.cents ?? 0)) / gap));
  const upper = Math.round(spare * share);
  return prints.map((print) => {
    const more =
      (print === above && print !== below ? upper : 0) + (print === below ? spare - (above === below ? 0 : upper) : 0);
    return { ...print, shares: 1 + more };
  });
}

/** Returns the minutes of high and low within regular trading hours. */
function extremes(
  random: RandomSource,
  {
    open,
    high,
    low,
    close,
  }: { readonly open: number; readonly high: number; readonly low: number; readonly close: number },
  length: number,
): readonly [highAt: number, lowAt: number] {
  const at = (price: number): number => {
    const drawnAt = random.whole(1, length - 2);
    return price === open ? 0 : price === close ? length - 1 : drawnAt;
  };
  const highAt = at(high);
  const lowAt = at(low);
  return [highAt, highAt !== lowAt || high === low ? lowAt : lowAt === length - 2 ? 1 : lowAt + 1];
}

/** Round lots by price, in cents (Regulation NMS, rule 600, tiers of November 2025). */
function roundLot(cents: number): number {
  if (cents <= 25_000) return 100;
  if (cents <= 100_000) return 40;
  return cents <= 1_000_000 ? 10 : 1;
}

function countsBefore(trades: Uint32Array, prints: readonly PlannedPrint[]): Uint32Array {
  const before = new Uint32Array(trades.length + 1);
  for (const { minute } of prints) before[minute + 1] = (before[minute + 1] ?? 0) + 1;
  for (let minute = 0; minute < trades.length; minute += 1) {
    before[minute + 1] = (before[minute + 1] ?? 0) + (before[minute] ?? 0) + (trades[minute] ?? 0);
  }
  return before;
}

export function toCents(price: number): number {
  return Math.round(price * 100);
}
