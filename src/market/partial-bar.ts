import type { InstantMs } from '#base/dates.ts';
import type { BarValues } from './bar.ts';
import { addMoney, addSize, addSum, averagePrice, type ExactSum, sharesOf } from './exact-sum.ts';
import type { EventOrder, Trade, VendorBar } from './trade.ts';
import { AUCTION, HIGH_LOW, IF_FIRST, OPEN_CLOSE, VOLUME } from './trade-conditions.ts';

/**
 * A set of trades, reduced to what their bar needs. Adding a trade and merging two partial bars commute, so the result
 * depends on the set alone, never on the order of arrival. Nothing can be taken out again: without a trade, its minute
 * is folded anew.
 *
 * Partial bars are mutable, since every trade is added to several, and JSON brings them back as they were.
 */
export interface PartialBar {
  /** Opens the bar: the earliest trade that may. */
  readonly first: PriceAt;
  /** Closes the bar: the latest trade that may. */
  readonly last: PriceAt;
  /**
   * The earliest of the trades that open and close only as the first trade of the day. Whether it is that is known to
   * the bar of the day, so it is left undecided here.
   */
  readonly firstOnly: PriceAt;
  /** 0 if there is none; prices are above 0. */
  high: number;
  low: number;
  readonly volume: ExactSum;
  readonly money: ExactSum;
  trades: number;
  /** Whether all of it has a VWAP, and a number of trades. Only a vendor's bar may have none. */
  hasMoney: boolean;
  hasTrades: boolean;
  /** Number of opening, closing and reopening prints. */
  auctions: number;
}

/** A price and its position in the order of events. */
export interface PriceAt {
  atMs: InstantMs;
  sequence: number;
  price: number;
}

/** After every event, and before every event. Both are numbers that JSON can say. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;
const BEFORE_MS = Number.MIN_SAFE_INTEGER;
const NO_LOW = Number.MAX_VALUE;

export function emptyPartialBar(): PartialBar {
  return {
    first: { atMs: NEVER_MS, sequence: 0, price: 0 },
    last: { atMs: BEFORE_MS, sequence: 0, price: 0 },
    firstOnly: { atMs: NEVER_MS, sequence: 0, price: 0 },
    high: 0,
    low: NO_LOW,
    volume: { high: 0, low: 0 },
    money: { high: 0, low: 0 },
    trades: 0,
    hasMoney: true,
    hasTrades: true,
    auctions: 0,
  };
}

/** Adds a trade, as far as its updates (`trade-conditions.ts`) allow. */
export function addTrade(bar: PartialBar, trade: Trade, updates: number): void {
  const { price, size } = trade;
  if ((updates & VOLUME) !== 0) {
    bar.trades += 1;
    addSize(bar.volume, size);
    addMoney(bar.money, price, size);
  }
  if ((updates & HIGH_LOW) !== 0) {
    if (price > bar.high) bar.high = price;
    if (price < bar.low) bar.low = price;
  }
  if ((updates & OPEN_CLOSE) !== 0) {
    takeEarlier(bar.first, trade, price);
    takeLater(bar.last, trade, price);
  } else if ((updates & IF_FIRST) !== 0) {
    takeEarlier(bar.firstOnly, trade, price);
  }
  if ((updates & AUCTION) !== 0) bar.auctions += 1;
}

/** Adds the trades of another partial bar. They must not be in it already. */
export function mergePartialBar(bar: PartialBar, other: PartialBar): void {
  takeEarlier(bar.first, other.first, other.first.price);
  takeLater(bar.last, other.last, other.last.price);
  takeEarlier(bar.firstOnly, other.firstOnly, other.firstOnly.price);
  if (other.high > bar.high) bar.high = other.high;
  if (other.low < bar.low) bar.low = other.low;
  mergeVolume(bar, other);
}

/** Adds the volume of another partial bar, without its prices. */
export function mergeVolume(bar: PartialBar, other: PartialBar): void {
  addSum(bar.volume, other.volume);
  addSum(bar.money, other.money);
  bar.trades += other.trades;
  bar.hasMoney &&= other.hasMoney;
  bar.hasTrades &&= other.hasTrades;
  bar.auctions += other.auctions;
}

/**
 * Returns the values of a bar of one window, or undefined if nothing in it may open and close a bar: such a window has
 * volume only. `day` is the partial bar of the window's session.
 */
export function barValues(bar: PartialBar, day: PartialBar): BarValues | undefined {
  const { first, last, firstOnly } = bar;
  const isOpening = opensDay(firstOnly, day);
  const opening = isOpening && isEarlier(firstOnly, firstOnly.price, first, first.price) ? firstOnly : first;
  if (opening.atMs === NEVER_MS) return undefined;
  const closing = isOpening && isEarlier(last, last.price, firstOnly, firstOnly.price) ? firstOnly : last;
  return {
    open: opening.price,
    high: bar.high,
    low: bar.low,
    close: closing.price,
    volume: sharesOf(bar.volume),
    vwap: bar.hasMoney ? averagePrice(bar.money, bar.volume) : null,
    trades: bar.hasTrades ? bar.trades : null,
  };
}

/** Returns whether it has a price that counts only as the first of the day. */
export function hasUndecided({ firstOnly }: PartialBar): boolean {
  return firstOnly.atMs !== NEVER_MS;
}

/** Returns whether a price that counts only as the first of the day is that. */
function opensDay(price: PriceAt, { first, firstOnly }: PartialBar): boolean {
  return (
    isEarlier(price, price.price, first, first.price) && !isEarlier(firstOnly, firstOnly.price, price, price.price)
  );
}

/**
 * Returns a vendor's bar as a partial bar. Its prices count where its first and last instants are; its money is its VWAP
 * times its volume.
 */
export function partialOfVendorBar(bar: VendorBar, endMs: InstantMs): PartialBar {
  const partial = emptyPartialBar();
  takeEarlier(partial.first, { atMs: bar.startMs, sequence: 0 }, bar.open);
  takeLater(partial.last, { atMs: endMs - 1, sequence: 0 }, bar.close);
  partial.high = bar.high;
  partial.low = bar.low;
  addSize(partial.volume, bar.volume);
  if (bar.vwap !== null) addMoney(partial.money, bar.vwap, bar.volume);
  partial.trades = bar.trades ?? 0;
  partial.hasMoney = bar.vwap !== null;
  partial.hasTrades = bar.trades !== null;
  return partial;
}

function takeEarlier(slot: PriceAt, at: EventOrder, price: number): void {
  if (isEarlier(at, price, slot, slot.price)) take(slot, at, price);
}

function takeLater(slot: PriceAt, at: EventOrder, price: number): void {
  if (isEarlier(slot, slot.price, at, price)) take(slot, at, price);
}

/** Orders by event time and sequence, then by price, so that trades that the tape does not tell apart have an order too. */
function isEarlier(a: EventOrder, aPrice: number, b: EventOrder, bPrice: number): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  return a.sequence === b.sequence ? aPrice < bPrice : a.sequence < b.sequence;
}

function take(slot: PriceAt, { atMs, sequence }: EventOrder, price: number): void {
  slot.atMs = atMs;
  slot.sequence = sequence;
  slot.price = price;
}
