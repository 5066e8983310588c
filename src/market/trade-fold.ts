import { assert } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import type { BarValues } from './bar.ts';
import { type Alignment, INTRADAY_MS, type IntradayInterval } from './intraday-interval.ts';
import {
  addTrade,
  barValues,
  emptyPartialBar,
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
  readonly #seconds = new Map<InstantMs, PartialBar>();
  readonly #minutes = new Map<InstantMs, MinuteRows>();
  /** Minutes with a row of auction prints. There are a few. */
  readonly #auctionMinutes = new Set<InstantMs>();
  /** Undefined after a minute was replaced, until it is asked for. */
  #day: PartialBar | undefined = emptyPartialBar();
  /** Where the last trade went: most often, the next one goes there too. */
  #second: { startMs: InstantMs; bar: PartialBar } | undefined;
  #minute: { startMs: InstantMs; rows: MinuteRows } | undefined;

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
    this.#removeMinute(startMs);
    for (const trade of trades) {
      assert(startOf(trade.atMs, MINUTE_MS) === startMs, `a trade at ${trade.atMs} in the minute ${startMs}`);
      this.#addToMinute(trade);
    }
  }

  /** Replaces a minute by rows, as `minutes` returned them. Its seconds are gone. */
  putMinute(startMs: InstantMs, rows: MinuteRows): void {
    this.#removeMinute(startMs);
    this.#minutes.set(startMs, rows);
    if (rows.auction !== undefined) this.#auctionMinutes.add(startMs);
  }

  /** Replaces a minute by the vendor's bar, in which auctions and other trades cannot be told apart. */
  putVendorMinute(bar: VendorBar): void {
    const kind = partAt(this.parts, bar.startMs) === 'rth' ? 'regular' : 'extended';
    this.putMinute(bar.startMs, { [kind]: partialOfVendorBar(bar, bar.startMs + MINUTE_MS) });
  }

  /** Returns the rows of every minute, ascending. They are the fold's own and must not be changed. */
  minutes(): [startMs: InstantMs, rows: MinuteRows][] {
    return [...this.#minutes].sort(([a], [b]) => a - b);
  }

  /** Returns the bars of an interval, ascending. Windows without a price that counts have none. */
  bars(interval: IntradayInterval, alignment: Alignment): TimeWindowBar[] {
    const windows = new Map<InstantMs, TimeWindow>();
    const addWindow = (atMs: InstantMs): void => {
      const window = timeWindow(this.parts, interval, alignment, atMs);
      windows.set(window.startMs, window);
    };
    if (interval === '1s') {
      for (const startMs of this.#seconds.keys()) addWindow(startMs);
    } else {
      for (const [startMs, { regular, extended, auction }] of this.#minutes) {
        if (regular !== undefined || extended !== undefined) addWindow(startMs);
        if (auction !== undefined) addWindow(auctionAtMs(this.parts, interval, alignment, startMs));
      }
    }
    return [...windows.values()]
      .sort((a, b) => a.startMs - b.startMs)
      .flatMap((window) => this.#barOf(interval, alignment, window) ?? []);
  }

  /** Returns the bar of the window of an instant, or undefined if it has none. */
  barAt(interval: IntradayInterval, alignment: Alignment, atMs: InstantMs): TimeWindowBar | undefined {
    return this.#barOf(interval, alignment, timeWindow(this.parts, interval, alignment, atMs));
  }

  /** Returns the bar of the session, or undefined if no price counts for it. */
  dayBar(): (BarValues & { readonly auction: boolean }) | undefined {
    const day = this.#dayPartial();
    const values = barValues(day, day);
    return values === undefined ? undefined : { ...values, auction: day.auctions > 0 };
  }

  #barOf(interval: IntradayInterval, alignment: Alignment, window: TimeWindow): TimeWindowBar | undefined {
    const bar = interval === '1s' ? this.#seconds.get(window.startMs) : this.#merged(interval, alignment, window);
    const values = bar === undefined ? undefined : barValues(bar, this.#dayPartial());
    return bar === undefined || values === undefined ? undefined : { ...window, ...values, auction: bar.auctions > 0 };
  }

  #merged(interval: IntradayInterval, alignment: Alignment, { startMs, endMs }: TimeWindow): PartialBar {
    const bar = emptyPartialBar();
    for (let minuteMs = startMs; minuteMs < endMs; minuteMs += MINUTE_MS) {
      const rows = this.#minutes.get(minuteMs);
      if (rows?.regular !== undefined) mergePartialBar(bar, rows.regular);
      if (rows?.extended !== undefined) mergePartialBar(bar, rows.extended);
    }
    for (const minuteMs of this.#auctionMinutes) {
      const atMs = auctionAtMs(this.parts, interval, alignment, minuteMs);
      const auction = this.#minutes.get(minuteMs)?.auction;
      if (auction !== undefined && atMs >= startMs && atMs < endMs) mergePartialBar(bar, auction);
    }
    return bar;
  }

  #dayPartial(): PartialBar {
    if (this.#day === undefined) {
      this.#day = emptyPartialBar();
      for (const { regular, extended, auction } of this.#minutes.values()) {
        if (regular !== undefined) mergePartialBar(this.#day, regular);
        if (auction !== undefined) mergePartialBar(this.#day, auction);
        if (extended !== undefined) mergeVolume(this.#day, extended);
      }
    }
    return this.#day;
  }

  #addToMinute(trade: Trade): number {
    const { atMs } = trade;
    assert(atMs >= this.parts.startMs && atMs < this.parts.endMs, `a trade at ${atMs} in ${this.parts.session}`);
    const updates = updatesOf(trade, this.parts);
    addTrade(this.#secondAt(atMs), trade, updates);
    addTrade(this.#rowAt(atMs, updates), trade, updates);
    return updates;
  }

  #secondAt(atMs: InstantMs): PartialBar {
    const startMs = startOf(atMs, SECOND_MS);
    if (this.#second?.startMs === startMs) return this.#second.bar;
    let bar = this.#seconds.get(startMs);
    if (bar === undefined) {
      bar = emptyPartialBar();
      this.#seconds.set(startMs, bar);
    }
    this.#second = { startMs, bar };
    return bar;
  }

  #rowAt(atMs: InstantMs, updates: number): PartialBar {
    const startMs = startOf(atMs, MINUTE_MS);
    if (this.#minute?.startMs !== startMs) {
      let rows = this.#minutes.get(startMs);
      if (rows === undefined) {
        rows = {};
        this.#minutes.set(startMs, rows);
      }
      this.#minute = { startMs, rows };
    }
    const { rows } = this.#minute;
    const kind = (updates & EXTENDED) !== 0 ? 'extended' : (updates & AUCTION) !== 0 ? 'auction' : 'regular';
    let bar = rows[kind];
    if (bar === undefined) {
      bar = emptyPartialBar();
      rows[kind] = bar;
      if (kind === 'auction') this.#auctionMinutes.add(startMs);
    }
    return bar;
  }

  #removeMinute(startMs: InstantMs): void {
    this.#minutes.delete(startMs);
    this.#auctionMinutes.delete(startMs);
    for (let ms = startMs; ms < startMs + MINUTE_MS; ms += SECOND_MS) this.#seconds.delete(ms);
    this.#second = undefined;
    this.#minute = undefined;
    this.#day = undefined;
  }
}

function startOf(atMs: InstantMs, lengthMs: number): InstantMs {
  return Math.floor(atMs / lengthMs) * lengthMs;
}
