import type { InstantMs } from '#base/dates.ts';
import { INTRADAY_MS } from '#market/intraday-interval.ts';
import { addTrade, emptyPartialBar, hasUndecided, type PartialBar } from '#market/partial-bar.ts';
import { standingTrades } from '#market/standing-trades.ts';
import {
  type Trade,
  type TradeCancel,
  type TradeCorrection,
  type TradeEvent,
  tradeKey,
  type VendorBar,
} from '#market/trade.ts';
import { updatesOf } from '#market/trade-conditions.ts';
import type { SessionParts } from '#market/trade-date.ts';
import { type MinuteRows, rowOf, rowsOfVendorBar } from '#market/trade-fold.ts';

/** One minute of a symbol that live events may still change, with everything that was heard of it. */
export class OpenMinute {
  readonly startMs: InstantMs;
  /** Whether its bar has been told as it is now. */
  isTold = false;
  readonly #parts: SessionParts;
  /** In the order of arrival. */
  readonly #events: TradeEvent[] = [];
  readonly #trades = new Map<string, Trade>();
  readonly #seconds = new Map<InstantMs, PartialBar>();
  #rows: MinuteRows = {};
  #vendor: VendorBar | undefined;
  #rev = 0;
  #fromPosition = Number.POSITIVE_INFINITY;

  constructor(startMs: InstantMs, parts: SessionParts) {
    this.startMs = startMs;
    this.#parts = parts;
  }

  /** Position of its first event: a restart must read the journal from here. */
  get fromPosition(): number {
    return this.#fromPosition;
  }

  /** Position of the last event that changed it. */
  get rev(): number {
    return this.#rev;
  }

  get events(): readonly TradeEvent[] {
    return this.#events;
  }

  get vendor(): VendorBar | undefined {
    return this.#vendor;
  }

  /** Whether a price in it counts only as the first of the day. */
  get isUndecided(): boolean {
    const { regular, extended, auction } = this.#rows;
    return [regular, extended, auction].some((row) => row !== undefined && hasUndecided(row));
  }

  has(key: string): boolean {
    return this.#trades.has(key);
  }

  /** Adds a trade. Returns false if it was here already. */
  trade(trade: Trade, position: number): boolean {
    const key = tradeKey(trade);
    const known = this.#trades.get(key);
    if (known !== undefined && isSame(known, trade)) return false;
    this.#events.push(trade);
    this.#touch(position);
    if (known === undefined) {
      this.#trades.set(key, trade);
      this.#add(trade);
    } else this.#refold();
    return true;
  }

  /** Cancels or corrects one of its trades. */
  change(event: TradeCancel | TradeCorrection, position: number): void {
    this.#events.push(event);
    this.#touch(position);
    if (event.kind === 'correction') this.#trades.set(tradeKey(event.trade), event.trade);
    this.#refold();
  }

  /** Takes the vendor's bar of the minute. One that is sent again replaces the earlier one. */
  vendorBar(bar: VendorBar, position: number): void {
    this.#vendor = bar;
    this.#touch(position);
  }

  /** Returns its rows from trades if all of them were heard, else those of the vendor's bar, else none. */
  rows(isHeard: boolean): MinuteRows {
    if (isHeard) return this.#rows;
    return this.#vendor === undefined ? {} : rowsOfVendorBar(this.#vendor, this.#parts);
  }

  second(startMs: InstantMs): PartialBar | undefined {
    return this.#seconds.get(startMs);
  }

  #touch(position: number): void {
    this.#rev = Math.max(this.#rev, position);
    this.#fromPosition = Math.min(this.#fromPosition, position);
  }

  #refold(): void {
    this.#rows = {};
    this.#seconds.clear();
    for (const trade of standingTrades(this.#events).trades) this.#add(trade);
  }

  #add(trade: Trade): void {
    const updates = updatesOf(trade, this.#parts);
    const secondMs = trade.atMs - (trade.atMs % INTRADAY_MS['1s']);
    let second = this.#seconds.get(secondMs);
    if (second === undefined) {
      second = emptyPartialBar();
      this.#seconds.set(secondMs, second);
    }
    addTrade(second, trade, updates);
    const kind = rowOf(updates);
    let row = this.#rows[kind];
    if (row === undefined) {
      row = emptyPartialBar();
      this.#rows[kind] = row;
    }
    addTrade(row, trade, updates);
  }
}

/** Returns whether two trades of one identity say the same. What only one way of asking can tell does not count. */
function isSame(a: Trade, b: Trade): boolean {
  return (
    a.atMs === b.atMs &&
    a.sequence === b.sequence &&
    a.price === b.price &&
    a.size === b.size &&
    a.tape === b.tape &&
    a.conditions.length === b.conditions.length &&
    a.conditions.every((id, index) => id === b.conditions[index])
  );
}
