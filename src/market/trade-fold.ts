import { assert } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import type { BarValues } from './bar.ts';
import { type Alignment, INTRADAY_MS, type IntradayInterval } from './intraday-interval.ts';
import {
  addTrade,
  barValues,
  emptyPartialBar,
  hasAuction,
  mergePartialBar,
  mergeVolume,
  type PartialBar,
  partialOfVendorBar,
} from './partial-bar.ts';
import { auctionAtMs, type TimeWindow, timeWindow } from './time-windows.ts';
import type { Trade, VendorBar } from './trade.ts';
import { AUCTION, EXTENDED, updatesOf, VOLUME } from './trade-conditions.ts';
import { partAt, type SessionParts } from './trade-date.ts';

/**
 * The rows of a minute, of which most minutes have one. The minute as it is shown is all of them together; apart, they
 * suffice for every longer bar and for the day.
 */
export interface MinuteRows {
  /** Trades whose prices count in every bar. */
  regular?: PartialBar;
  /** Trades whose prices count outside of regular trading hours, and not for the day. */
  extended?: PartialBar;
  /** Opening, closing and reopening prints, which longer bars may have in another window. */
  auction?: PartialBar;
}

/** Returns the row of a minute that has a trade with these updates (`updatesOf`). */
export function rowOf(updates: number): keyof MinuteRows {
  if ((updates & EXTENDED) !== 0) return 'extended';
  return (updates & AUCTION) !== 0 ? 'auction' : 'regular';
}

/** Returns the vendor's bar of a minute as its rows. Auctions and other trades cannot be told apart in it. */
export function rowsOfVendorBar(bar: VendorBar, parts: SessionParts): MinuteRows {
  const kind = partAt(parts, bar.startMs) === 'rth' ? 'regular' : 'extended';
  return { [kind]: partialOfVendorBar(bar, bar.startMs + MINUTE_MS) };
}

/** Adds the rows of a minute to the bar of the day, which takes no prices from extended hours. */
export function mergeIntoDay(day: PartialBar, { regular, extended, auction }: MinuteRows): void {
  if (regular !== undefined) mergePartialBar(day, regular);
  if (auction !== undefined) mergePartialBar(day, auction);
  if (extended !== undefined) mergeVolume(day, extended);
}

/** The bar of a time window. */
export interface TimeWindowBar extends TimeWindow, BarValues {
  /** Whether an opening, closing or reopening print is in it. */
  readonly auction: boolean;
}

const SECOND_MS = INTRADAY_MS['1s'];
const MINUTE_MS = INTRADAY_MS['1m'];

/**
 * The bars of one symbol and session, from trades, each added once (`standing-trades.ts` says which ones count), and
 * from minutes. They depend on what was added, not on the order.
 *
 * Seconds, minutes and the day are kept. All other bars are merged from minutes when they are asked for.
 */
export class SessionFold {
  readonly parts: SessionParts;
  /** By the number of the second, and of the minute, in the trade date: small integers make the fastest keys. */
  readonly #seconds = new Map<number, PartialBar>();
  readonly #minutes = new Map<number, MinuteRows>();
  /** Minutes with a row of auction prints. There are a few. */
  readonly #auctionMinutes = new Set<number>();
  /** Undefined after a minute was replaced, until it is asked for. */
  #day: PartialBar | undefined = emptyPartialBar();
  /** Where the last trade went: most often, the next one goes there too. */
  #lastSecond = -1;
  #lastSecondBar = emptyPartialBar();
  #lastMinute = -1;
  #lastMinuteRows: MinuteRows = {};

  constructor(parts: SessionParts) {
    this.parts = parts;
  }

  /** Adds a trade of this trade date. Returns what it updates, as `updatesOf` does. */
  add(trade: Trade): number {
    const updates = this.#addToMinute(trade);
    if (this.#day !== undefined) addTrade(this.#day, trade, updates & EXTENDED ? updates & VOLUME : updates);
    return updates;
  }

  /** Replaces a minute, and its seconds, by the trades that still count in it. */
  refoldMinute(startMs: InstantMs, trades: Iterable<Trade>): void {
    const minute = this.#numberOf(startMs, MINUTE_MS);
    this.#removeMinute(minute);
    for (const trade of trades) {
      assert(this.#numberOf(trade.atMs, MINUTE_MS) === minute, 'a trade is folded again in its minute');
      this.#addToMinute(trade);
    }
  }

  /** Replaces a minute by rows that `minutes` returned, which are the fold's own from now on. Its seconds are gone. */
  putMinute(startMs: InstantMs, rows: MinuteRows): void {
    const minute = this.#numberOf(startMs, MINUTE_MS);
    this.#removeMinute(minute);
    this.#minutes.set(minute, rows);
    if (rows.auction !== undefined) this.#auctionMinutes.add(minute);
  }

  /** Replaces a minute by the vendor's bar. */
  putVendorMinute(bar: VendorBar): void {
    this.putMinute(bar.startMs, rowsOfVendorBar(bar, this.parts));
  }

  /** Returns the rows of every minute, ascending. They are the fold's own and must not be changed. */
  minutes(): [startMs: InstantMs, rows: MinuteRows][] {
    return [...this.#minutes]
      .sort(([a], [b]) => a - b)
      .map(([minute, rows]) => [this.parts.startMs + minute * MINUTE_MS, rows]);
  }

  /** Returns the bars of an interval, ascending. Windows without a price that counts have none. */
  bars(interval: IntradayInterval, alignment: Alignment): TimeWindowBar[] {
    const bars: TimeWindowBar[] = [];
    const addBar = (window: TimeWindow, partial: PartialBar): void => {
      const bar = this.#barOf(window, partial);
      if (bar !== undefined) bars.push(bar);
    };
    if (interval === '1s') {
      for (const [second, partial] of [...this.#seconds].sort(([a], [b]) => a - b)) {
        const startMs = this.parts.startMs + second * SECOND_MS;
        addBar({ startMs, endMs: startMs + SECOND_MS, part: partAt(this.parts, startMs) }, partial);
      }
    } else {
      for (const window of this.#windows(interval, alignment))
        addBar(window, this.#merged(interval, alignment, window));
    }
    return bars;
  }

  /** Returns the bar of the window of an instant, or undefined if it has none. */
  barAt(interval: IntradayInterval, alignment: Alignment, atMs: InstantMs): TimeWindowBar | undefined {
    const window = timeWindow(this.parts, interval, alignment, atMs);
    if (interval !== '1s') return this.#barOf(window, this.#merged(interval, alignment, window));
    const partial = this.#seconds.get(this.#numberOf(window.startMs, SECOND_MS));
    return partial === undefined ? undefined : this.#barOf(window, partial);
  }

  /** Returns the bar of the session, or undefined if no price counts for it. */
  dayBar(): (BarValues & { readonly auction: boolean }) | undefined {
    const day = this.#dayPartial();
    const values = barValues(day, day);
    return values === undefined ? undefined : { ...values, auction: hasAuction(day) };
  }

  #barOf({ startMs, endMs, part }: TimeWindow, partial: PartialBar): TimeWindowBar | undefined {
    const values = barValues(partial, this.#dayPartial());
    return values === undefined ? undefined : { startMs, endMs, part, ...values, auction: hasAuction(partial) };
  }

  /** Returns the windows that minutes are in, ascending. */
  #windows(interval: IntradayInterval, alignment: Alignment): TimeWindow[] {
    const { parts } = this;
    const starts: InstantMs[] = [];
    for (const [minute, { regular, extended, auction }] of this.#minutes) {
      const startMs = parts.startMs + minute * MINUTE_MS;
      if (regular !== undefined || extended !== undefined) starts.push(startMs);
      if (auction !== undefined) starts.push(auctionAtMs(parts, interval, alignment, startMs));
    }
    const windows: TimeWindow[] = [];
    let endMs = parts.startMs;
    for (const startMs of starts.sort((a, b) => a - b)) {
      if (startMs < endMs) continue;
      const window = timeWindow(parts, interval, alignment, startMs);
      windows.push(window);
      endMs = window.endMs;
    }
    return windows;
  }

  #merged(interval: IntradayInterval, alignment: Alignment, { startMs, endMs }: TimeWindow): PartialBar {
    const bar = emptyPartialBar();
    const end = this.#numberOf(endMs, MINUTE_MS);
    for (let minute = this.#numberOf(startMs, MINUTE_MS); minute < end; minute += 1) {
      const rows = this.#minutes.get(minute);
      if (rows?.regular !== undefined) mergePartialBar(bar, rows.regular);
      if (rows?.extended !== undefined) mergePartialBar(bar, rows.extended);
    }
    for (const minute of this.#auctionMinutes) {
      const atMs = auctionAtMs(this.parts, interval, alignment, this.parts.startMs + minute * MINUTE_MS);
      const auction = this.#minutes.get(minute)?.auction;
      if (auction !== undefined && atMs >= startMs && atMs < endMs) mergePartialBar(bar, auction);
    }
    return bar;
  }

  #dayPartial(): PartialBar {
    if (this.#day === undefined) {
      this.#day = emptyPartialBar();
      for (const rows of this.#minutes.values()) mergeIntoDay(this.#day, rows);
    }
    return this.#day;
  }

  #addToMinute(trade: Trade): number {
    const { atMs } = trade;
    if (atMs >= this.parts.endMs) assert(false, `a trade at ${atMs} in ${this.parts.session}`);
    const updates = updatesOf(trade, this.parts);
    addTrade(this.#secondAt(this.#numberOf(atMs, SECOND_MS)), trade, updates);
    addTrade(this.#rowAt(this.#numberOf(atMs, MINUTE_MS), updates), trade, updates);
    return updates;
  }

  #secondAt(second: number): PartialBar {
    if (second === this.#lastSecond) return this.#lastSecondBar;
    let bar = this.#seconds.get(second);
    if (bar === undefined) {
      bar = emptyPartialBar();
      this.#seconds.set(second, bar);
    }
    this.#lastSecond = second;
    this.#lastSecondBar = bar;
    return bar;
  }

  #rowAt(minute: number, updates: number): PartialBar {
    const rows = this.#rowsAt(minute);
    const kind = rowOf(updates);
    let bar = rows[kind];
    if (bar === undefined) {
      bar = emptyPartialBar();
      rows[kind] = bar;
      if (kind === 'auction') this.#auctionMinutes.add(minute);
    }
    return bar;
  }

  #rowsAt(minute: number): MinuteRows {
    if (minute === this.#lastMinute) return this.#lastMinuteRows;
    let rows = this.#minutes.get(minute);
    if (rows === undefined) {
      rows = {};
      this.#minutes.set(minute, rows);
    }
    this.#lastMinute = minute;
    this.#lastMinuteRows = rows;
    return rows;
  }

  #removeMinute(minute: number): void {
    this.#minutes.delete(minute);
    this.#auctionMinutes.delete(minute);
    const first = (minute * MINUTE_MS) / SECOND_MS;
    for (let second = first; second < first + MINUTE_MS / SECOND_MS; second += 1) this.#seconds.delete(second);
    this.#lastSecond = -1;
    this.#lastMinute = -1;
    this.#day = undefined;
  }

  /** Returns the number of the second or minute of an instant, which is in the trade date or its end. */
  #numberOf(atMs: InstantMs, lengthMs: number): number {
    const { startMs, endMs } = this.parts;
    if (atMs < startMs || atMs > endMs) assert(false, `an instant ${atMs} in ${this.parts.session}`);
    return Math.floor((atMs - startMs) / lengthMs) | 0;
  }
}
