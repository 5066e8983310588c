import type { InstantMs } from '#base/dates.ts';
import type { BarValues } from './bar.ts';
import { addMoney, addSize, addSum, averagePrice, sharesAt } from './exact-sum.ts';
import type { Trade, VendorBar } from './trade.ts';
import { AUCTION, HIGH_LOW, IF_FIRST, OPEN_CLOSE, VOLUME } from './trade-conditions.ts';

/**
 * A set of trades, reduced to what their bar needs. Adding a trade and merging two partial bars commute, so the result
 * depends on the set alone, never on the order of arrival. Nothing can be taken out again: without a trade, its minute
 * is folded anew.
 *
 * A partial bar is an array of numbers: one object, which JSON brings back as it was. Every trade is added to three of
 * them, and many seconds have a trade of their own.
 */
export type PartialBar = [
  /** The position and price of the earliest trade that may open and close. */
  firstMs: number,
  firstSequence: number,
  open: number,
  /** The position and price of the latest trade that may open and close. */
  lastMs: number,
  lastSequence: number,
  close: number,
  /**
   * The position and price of the earliest of those trades that open and close only as the first trade of the day.
   * Whether it is that one is known to the bar of the day, so it is left undecided here.
   */
  onlyFirstMs: number,
  onlyFirstSequence: number,
  onlyFirstPrice: number,
  high: number,
  low: number,
  volumeHigh: number,
  volumeLow: number,
  moneyHigh: number,
  moneyLow: number,
  trades: number,
  /** Number of opening, closing and reopening prints. */
  auctions: number,
  /** Number of vendor bars without a VWAP, and of those without a number of trades. */
  withoutMoney: number,
  withoutTrades: number,
];

/** Indexes of the first of three numbers: event time, sequence and price. */
const FIRST = 0;
const LAST = 3;
const ONLY_FIRST = 6;
const HIGH = 9;
const LOW = 10;
/** Indexes of the first of two numbers: `exact-sum.ts`. */
const SIZES = 11;
const MONEY = 13;
const TRADES = 15;
const AUCTIONS = 16;
const WITHOUT_MONEY = 17;
const WITHOUT_TRADES = 18;

/** After every event, and before every event. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;
const BEFORE_MS = Number.MIN_SAFE_INTEGER;
/** Prices are above 0 and below this. */
const NO_LOW = Number.MAX_VALUE;

export function emptyPartialBar(): PartialBar {
  return [NEVER_MS, 0, 0, BEFORE_MS, 0, 0, NEVER_MS, 0, 0, 0, NO_LOW, 0, 0, 0, 0, 0, 0, 0, 0];
}

/** Adds a trade, as far as its updates (`trade-conditions.ts`) allow. */
export function addTrade(bar: PartialBar, trade: Trade, updates: number): void {
  const { price, size, atMs, sequence } = trade;
  if ((updates & VOLUME) !== 0) {
    bar[TRADES] += 1;
    addSize(bar, SIZES, size);
    addMoney(bar, MONEY, price, size);
  }
  if ((updates & HIGH_LOW) !== 0) {
    if (price > bar[HIGH]) bar[HIGH] = price;
    if (price < bar[LOW]) bar[LOW] = price;
  }
  if ((updates & OPEN_CLOSE) !== 0) {
    takeEarlier(bar, FIRST, atMs, sequence, price);
    takeLater(bar, LAST, atMs, sequence, price);
  } else if ((updates & IF_FIRST) !== 0) {
    takeEarlier(bar, ONLY_FIRST, atMs, sequence, price);
  }
  if ((updates & AUCTION) !== 0) bar[AUCTIONS] += 1;
}

/** Adds the trades of another partial bar. They must not be in it already. */
export function mergePartialBar(bar: PartialBar, other: PartialBar): void {
  mergeEarlier(bar, FIRST, other);
  if (isBefore(bar, LAST, other, LAST)) copy(bar, LAST, other);
  mergeEarlier(bar, ONLY_FIRST, other);
  if (other[HIGH] > bar[HIGH]) bar[HIGH] = other[HIGH];
  if (other[LOW] < bar[LOW]) bar[LOW] = other[LOW];
  mergeVolume(bar, other);
}

/** Adds the volume of another partial bar, without its prices. */
export function mergeVolume(bar: PartialBar, other: PartialBar): void {
  addSum(bar, SIZES, other);
  addSum(bar, MONEY, other);
  bar[TRADES] += other[TRADES];
  bar[AUCTIONS] += other[AUCTIONS];
  bar[WITHOUT_MONEY] += other[WITHOUT_MONEY];
  bar[WITHOUT_TRADES] += other[WITHOUT_TRADES];
}

/**
 * Returns the values of a bar of one window, or undefined if nothing in it may open and close a bar: such a window has
 * volume only. `day` is the partial bar of the window's session.
 */
export function barValues(bar: PartialBar, day: PartialBar): BarValues | undefined {
  // One of the trades that count only as the first of the day is that one, and it is in this window.
  const isFirstOfDay = isBefore(day, ONLY_FIRST, day, FIRST) && !isBefore(day, ONLY_FIRST, bar, ONLY_FIRST);
  const opensAt = isFirstOfDay && isBefore(bar, ONLY_FIRST, bar, FIRST) ? ONLY_FIRST : FIRST;
  const closesAt = isFirstOfDay && isBefore(bar, LAST, bar, ONLY_FIRST) ? ONLY_FIRST : LAST;
  if (bar[opensAt] === NEVER_MS) return undefined;
  return {
    open: priceAt(bar, opensAt),
    high: bar[HIGH],
    low: bar[LOW],
    close: priceAt(bar, closesAt),
    volume: sharesAt(bar, SIZES),
    vwap: bar[WITHOUT_MONEY] > 0 ? null : averagePrice(bar, MONEY, SIZES),
    trades: bar[WITHOUT_TRADES] > 0 ? null : bar[TRADES],
  };
}

/** Returns whether an opening, closing or reopening print is in it. */
export function hasAuction(bar: PartialBar): boolean {
  return bar[AUCTIONS] > 0;
}

/** Returns whether it has a price that counts only as the first of the day. */
export function hasUndecided(bar: PartialBar): boolean {
  return bar[ONLY_FIRST] !== NEVER_MS;
}

/**
 * Returns what decides which price counts only as the first of the day, from the partial bar of the day. While it is the
 * same, no such price begins or ceases to count.
 */
export function openingOf(day: PartialBar): string {
  return day.slice(FIRST, LAST).concat(day.slice(ONLY_FIRST, HIGH)).join(' ');
}

/**
 * Returns a vendor's bar as a partial bar. Its prices count where its first and last instants are; its money is its VWAP
 * times its volume.
 */
export function partialOfVendorBar(bar: VendorBar, endMs: InstantMs): PartialBar {
  const partial = emptyPartialBar();
  takeEarlier(partial, FIRST, bar.startMs, 0, bar.open);
  takeLater(partial, LAST, endMs - 1, 0, bar.close);
  partial[HIGH] = bar.high;
  partial[LOW] = bar.low;
  addSize(partial, SIZES, bar.volume);
  if (bar.vwap === null) partial[WITHOUT_MONEY] = 1;
  else addMoney(partial, MONEY, bar.vwap, bar.volume);
  if (bar.trades === null) partial[WITHOUT_TRADES] = 1;
  else partial[TRADES] = bar.trades;
  return partial;
}

// Positions are ordered by event time and sequence, then by price, so that trades that the tape does not tell apart have
// an order too.

function takeEarlier(bar: number[], at: number, atMs: InstantMs, sequence: number, price: number): void {
  const [ms, number] = [bar[at] ?? 0, bar[at + 1] ?? 0];
  if (atMs > ms) return;
  if (atMs === ms && (sequence > number || (sequence === number && price >= priceAt(bar, at)))) return;
  set(bar, at, atMs, sequence, price);
}

function takeLater(bar: number[], at: number, atMs: InstantMs, sequence: number, price: number): void {
  const [ms, number] = [bar[at] ?? 0, bar[at + 1] ?? 0];
  if (atMs < ms) return;
  if (atMs === ms && (sequence < number || (sequence === number && price <= priceAt(bar, at)))) return;
  set(bar, at, atMs, sequence, price);
}

function set(bar: number[], at: number, atMs: InstantMs, sequence: number, price: number): void {
  bar[at] = atMs;
  bar[at + 1] = sequence;
  bar[at + 2] = price;
}

function mergeEarlier(bar: number[], at: number, other: readonly number[]): void {
  if (isBefore(other, at, bar, at)) copy(bar, at, other);
}

function copy(bar: number[], at: number, other: readonly number[]): void {
  set(bar, at, other[at] ?? 0, other[at + 1] ?? 0, priceAt(other, at));
}

function isBefore(a: readonly number[], aAt: number, b: readonly number[], bAt: number): boolean {
  const byTime = (a[aAt] ?? 0) - (b[bAt] ?? 0);
  if (byTime !== 0) return byTime < 0;
  const bySequence = (a[aAt + 1] ?? 0) - (b[bAt + 1] ?? 0);
  return bySequence === 0 ? priceAt(a, aAt) < priceAt(b, bAt) : bySequence < 0;
}

function priceAt(bar: readonly number[], at: number): number {
  return bar[at + 2] ?? 0;
}
