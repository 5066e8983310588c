import { assert, defined } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import type { BarValues } from '#market/bar.ts';
import { type Alignment, INTRADAY_MS, type IntradayInterval } from '#market/intraday-interval.ts';
import type { LiveBarOrigin } from '#market/live-bar.ts';
import {
  barValues,
  emptyPartialBar,
  hasAuction,
  mergePartialBar,
  openingOf,
  type PartialBar,
} from '#market/partial-bar.ts';
import { auctionAtMs, type TimeWindow, timeWindow } from '#market/time-windows.ts';
import { type TradeEvent, type TradeIdentity, tradeKey, type VendorBar } from '#market/trade.ts';
import type { SessionParts } from '#market/trade-date.ts';
import { type MinuteRows, mergeIntoDay } from '#market/trade-fold.ts';
import { OpenMinute } from './open-minute.ts';

/** The bar of a window as it is now. */
export interface BookBar extends TimeWindow, BarValues {
  /** Whether an opening, closing or reopening print is in it. */
  readonly auction: boolean;
  /** `vendor` if any of its minutes is the vendor's. */
  readonly origin: LiveBarOrigin;
  /** Journal position of the last event that changed it. */
  readonly rev: number;
}

/** A minute that no live event changes any more, as it is stored. */
export interface SealedMinute {
  readonly startMs: InstantMs;
  readonly rows: MinuteRows;
  readonly origin: LiveBarOrigin;
  readonly rev: number;
  /** Everything that was heard of it, in the order of arrival. */
  readonly events: readonly TradeEvent[];
}

/**
 * - `added`: it counts now.
 * - `duplicate`: it was here already.
 * - `waiting`: it cancels or corrects a trade that was not heard yet.
 * - `sealed`: its minute is sealed; nothing changes.
 * - `dropped`: there are too many that wait.
 */
export type Added = 'added' | 'duplicate' | 'waiting' | 'sealed' | 'dropped';

const MINUTE_MS = INTRADAY_MS['1m'];
/** Cancels and corrections that wait for their trade. */
const WAITING_MAX = 1000;

type Merged = Exclude<IntradayInterval, '1s' | '1m'>;
const MERGED: readonly Merged[] = ['5m', '15m', '30m', '1h', '2h', '4h'];
const ALIGNMENTS: readonly Alignment[] = ['session', 'clock'];

/** The sum of the sealed minutes of a window. */
interface Base {
  readonly bar: PartialBar;
  readonly endMs: InstantMs;
  rev: number;
  hasVendor: boolean;
}

/**
 * The live bars of one symbol and session. Minutes hold their events until they are sealed; then their sum goes into the
 * windows that they belong to. So a trade touches its second and its minute only, and a longer bar is the sum of what was
 * sealed and of the minutes that are still open, made when it is asked for.
 *
 * At any time every bar is a function of the set of events. Revisions are positions in the journal, so that a restart
 * gives each bar the revision it had.
 */
export class SymbolBook {
  readonly symbol: string;
  readonly parts: SessionParts;
  readonly #isHeard: (symbol: string, fromMs: InstantMs, toMs: InstantMs) => boolean;
  readonly #minutes = new Map<InstantMs, OpenMinute>();
  readonly #bases = new Map<string, Map<InstantMs, Base>>();
  readonly #day: Base;
  readonly #waiting = new Map<string, { event: Exclude<TradeEvent, { kind: 'trade' }>; position: number }[]>();
  #waitingCount = 0;
  #hasChanged = false;
  /** The first trades of the day, as of the last change. */
  #opening = '';
  /** Everything before it is sealed. */
  #sealedMs: InstantMs;

  constructor(options: BookOptions) {
    this.symbol = options.symbol;
    this.parts = options.parts;
    this.#isHeard = options.isHeard;
    this.#sealedMs = Math.max(options.parts.startMs, options.sealedMs);
    this.#day = newBase(options.parts.endMs);
  }

  /** Adds a trade, cancel or correction of this symbol and trade date, read at a position of the journal. */
  add(event: TradeEvent, position: number): Added {
    if (event.kind !== 'trade') return this.#change(event, position);
    assert(event.symbol === this.symbol, `a trade of ${event.symbol} in the book of ${this.symbol}`);
    if (event.atMs < this.#sealedMs) return 'sealed';
    const minute = this.#minuteAt(event.atMs);
    if (!minute.trade(event, position)) return 'duplicate';
    this.#mark(minute);
    this.#match(tradeKey(event), minute);
    return 'added';
  }

  /** Takes the vendor's bar of a minute. */
  vendorMinute(bar: VendorBar, position: number): Added {
    if (bar.startMs < this.#sealedMs) return 'sealed';
    const minute = this.#minuteAt(bar.startMs);
    minute.vendorBar(bar, position);
    this.#mark(minute);
    return 'added';
  }

  /**
   * Returns the open minutes that are due and changed since they were returned last, ascending. A minute that is due later
   * waits.
   */
  takeUntold(isDue: (startMs: InstantMs) => boolean): InstantMs[] {
    // Prices that count only as the first of the day are decided by it, in whichever minute they are.
    if (this.#hasChanged && this.#openingChanged()) {
      for (const minute of this.#minutes.values()) if (minute.isUndecided) minute.isTold = false;
    }
    this.#hasChanged = false;
    const untold = [...this.#minutes.values()].filter(({ startMs, isTold }) => !isTold && isDue(startMs));
    for (const minute of untold) minute.isTold = true;
    return untold.map(({ startMs }) => startMs).sort((a, b) => a - b);
  }

  /** Returns the bar of the window of an instant, or undefined if no price in it counts, or it is forgotten. */
  bar(interval: IntradayInterval, alignment: Alignment, atMs: InstantMs): BookBar | undefined {
    const window = timeWindow(this.parts, interval, alignment, atMs);
    if (interval === '1s') return this.#second(window);
    const base = interval === '1m' ? undefined : this.#basesOf(interval, alignment).get(window.startMs);
    const sum = newBase(window.endMs);
    if (base !== undefined) {
      mergePartialBar(sum.bar, base.bar);
      sum.rev = base.rev;
      sum.hasVendor = base.hasVendor;
    }
    for (const minute of this.#minutes.values()) {
      const { regular, extended, auction } = this.#rowsOf(minute);
      if (minute.startMs >= window.startMs && minute.startMs < window.endMs) {
        this.#addTo(sum, minute, regular, extended);
      }
      const atMs = auctionAtMs(this.parts, interval, alignment, minute.startMs);
      if (auction !== undefined && atMs >= window.startMs && atMs < window.endMs) this.#addTo(sum, minute, auction);
    }
    return this.#valued(window, sum);
  }

  /** Returns the bar of the session, or undefined if no price counts for it. */
  dayBar(): (BarValues & Pick<BookBar, 'auction' | 'origin' | 'rev'>) | undefined {
    const { startMs, endMs } = this.parts;
    return this.#valued({ startMs, endMs, part: null }, this.#daySum());
  }

  /** Position of the first event that is not sealed; infinite if all are. */
  fromPosition(): number {
    let from = Number.POSITIVE_INFINITY;
    for (const minute of this.#minutes.values()) from = Math.min(from, minute.fromPosition);
    for (const waiting of this.#waiting.values()) for (const { position } of waiting) from = Math.min(from, position);
    return from;
  }

  /** Returns the revision of a minute that is open, and from where it comes. */
  minuteMark(startMs: InstantMs): { readonly rev: number; readonly origin: LiveBarOrigin } {
    const minute = defined(this.#minutes.get(startMs), 'an open minute');
    return { rev: minute.rev, origin: this.#isBuilt(minute) ? 'built' : 'vendor' };
  }

  /** Seals every minute that ended by an instant, and returns them, ascending. */
  seal(untilMs: InstantMs): SealedMinute[] {
    const due = [...this.#minutes.values()]
      .filter(({ startMs }) => startMs + MINUTE_MS <= untilMs)
      .sort((a, b) => a.startMs - b.startMs);
    const sealed = due.map((minute) => this.#seal(minute));
    this.#sealedMs = Math.max(this.#sealedMs, untilMs - (untilMs % MINUTE_MS));
    return sealed;
  }

  /** Takes a sealed minute as it was stored, after a restart. */
  restore({ startMs, rows, rev, origin }: Omit<SealedMinute, 'events'>): void {
    assert(startMs < this.#sealedMs, `the minute ${startMs} was stored, but is not sealed`);
    this.#sum(startMs, rows, rev, origin === 'vendor');
  }

  /** Forgets the windows that ended by an instant. Their minutes are sealed. */
  forgetWindows(untilMs: InstantMs): void {
    for (const windows of this.#bases.values()) {
      for (const [startMs, { endMs }] of windows) if (endMs <= untilMs) windows.delete(startMs);
    }
  }

  #change(event: Exclude<TradeEvent, { kind: 'trade' }>, position: number): Added {
    const key = tradeKey(identityOf(event));
    const minute = [...this.#minutes.values()].find((other) => other.has(key));
    if (minute !== undefined) {
      minute.change(event, position);
      this.#mark(minute);
      if (event.kind === 'correction') this.#match(tradeKey(event.trade), minute);
      return 'added';
    }
    if (this.#waitingCount >= WAITING_MAX) return 'dropped';
    this.#waitingCount += 1;
    const waiting = this.#waiting.get(key) ?? [];
    waiting.push({ event, position });
    this.#waiting.set(key, waiting);
    return 'waiting';
  }

  /** Applies the cancels and corrections that came before their trade. */
  #match(key: string, minute: OpenMinute): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    this.#waitingCount -= waiting.length;
    for (const { event, position } of waiting) {
      minute.change(event, position);
      if (event.kind === 'correction' && tradeKey(event.trade) !== key) this.#match(tradeKey(event.trade), minute);
    }
  }

  #minuteAt(atMs: InstantMs): OpenMinute {
    const startMs = atMs - (atMs % MINUTE_MS);
    let minute = this.#minutes.get(startMs);
    if (minute === undefined) {
      minute = new OpenMinute(startMs, this.parts);
      this.#minutes.set(startMs, minute);
    }
    return minute;
  }

  #openingChanged(): boolean {
    const opening = openingOf(this.#daySum().bar);
    const isChanged = opening !== this.#opening;
    this.#opening = opening;
    return isChanged;
  }

  #mark(minute: OpenMinute): void {
    minute.isTold = false;
    this.#hasChanged = true;
  }

  #isBuilt({ startMs }: OpenMinute): boolean {
    return this.#isHeard(this.symbol, startMs, startMs + MINUTE_MS);
  }

  #rowsOf(minute: OpenMinute): MinuteRows {
    return minute.rows(this.#isBuilt(minute));
  }

  #addTo(sum: Base, minute: OpenMinute, ...rows: readonly (PartialBar | undefined)[]): void {
    for (const row of rows) {
      if (row === undefined) continue;
      mergePartialBar(sum.bar, row);
      sum.rev = Math.max(sum.rev, minute.rev);
      sum.hasVendor ||= !this.#isBuilt(minute);
    }
  }

  #second(window: TimeWindow): BookBar | undefined {
    const minute = this.#minutes.get(window.startMs - (window.startMs % MINUTE_MS));
    if (minute === undefined || !this.#isHeard(this.symbol, window.startMs, window.endMs)) return undefined;
    const bar = minute.second(window.startMs);
    return bar === undefined ? undefined : this.#valued(window, { ...newBase(window.endMs), bar, rev: minute.rev });
  }

  #valued(window: TimeWindow, { bar, rev, hasVendor }: Base): BookBar | undefined {
    const values = barValues(bar, this.#daySum().bar);
    if (values === undefined) return undefined;
    return { ...window, ...values, auction: hasAuction(bar), origin: hasVendor ? 'vendor' : 'built', rev };
  }

  #daySum(): Base {
    const sum = newBase(this.parts.endMs);
    mergePartialBar(sum.bar, this.#day.bar);
    sum.rev = this.#day.rev;
    sum.hasVendor = this.#day.hasVendor;
    for (const minute of this.#minutes.values())
      this.#addToDay(sum, this.#rowsOf(minute), minute.rev, !this.#isBuilt(minute));
    return sum;
  }

  #addToDay(sum: Base, rows: MinuteRows, rev: number, isVendor: boolean): void {
    mergeIntoDay(sum.bar, rows);
    if (Object.keys(rows).length === 0) return;
    sum.rev = Math.max(sum.rev, rev);
    sum.hasVendor ||= isVendor;
  }

  #seal(minute: OpenMinute): SealedMinute {
    const { startMs, rev, events } = minute;
    const isBuilt = this.#isBuilt(minute);
    const rows = minute.rows(isBuilt);
    this.#sum(startMs, rows, rev, !isBuilt);
    this.#minutes.delete(startMs);
    return { startMs, rows, origin: isBuilt ? 'built' : 'vendor', rev, events };
  }

  /** Adds a minute to every window that it belongs to, and to the day. */
  #sum(startMs: InstantMs, rows: MinuteRows, rev: number, isVendor: boolean): void {
    const { regular, extended, auction } = rows;
    for (const interval of MERGED) {
      for (const alignment of ALIGNMENTS) {
        if (regular !== undefined || extended !== undefined) {
          const base = this.#baseAt(interval, alignment, startMs);
          if (regular !== undefined) mergePartialBar(base.bar, regular);
          if (extended !== undefined) mergePartialBar(base.bar, extended);
          base.rev = Math.max(base.rev, rev);
          base.hasVendor ||= isVendor;
        }
        if (auction !== undefined) {
          const base = this.#baseAt(interval, alignment, auctionAtMs(this.parts, interval, alignment, startMs));
          mergePartialBar(base.bar, auction);
          base.rev = Math.max(base.rev, rev);
        }
      }
    }
    this.#addToDay(this.#day, rows, rev, isVendor);
  }

  #baseAt(interval: Merged, alignment: Alignment, atMs: InstantMs): Base {
    const { startMs, endMs } = timeWindow(this.parts, interval, alignment, atMs);
    const windows = this.#basesOf(interval, alignment);
    let base = windows.get(startMs);
    if (base === undefined) {
      base = newBase(endMs);
      windows.set(startMs, base);
    }
    return base;
  }

  #basesOf(interval: Merged, alignment: Alignment): Map<InstantMs, Base> {
    const key = `${interval}:${alignment}`;
    let windows = this.#bases.get(key);
    if (windows === undefined) {
      windows = new Map();
      this.#bases.set(key, windows);
    }
    return windows;
  }
}

interface BookOptions {
  readonly symbol: string;
  readonly parts: SessionParts;
  /** Minutes that ended by this instant are sealed. */
  readonly sealedMs: InstantMs;
  /** Whether all trades of a symbol between two instants were heard. */
  readonly isHeard: (symbol: string, fromMs: InstantMs, toMs: InstantMs) => boolean;
}

function newBase(endMs: InstantMs): Base {
  return { bar: emptyPartialBar(), endMs, rev: 0, hasVendor: false };
}

function identityOf(event: Exclude<TradeEvent, { kind: 'trade' }>): TradeIdentity {
  return event.kind === 'cancel' ? event.canceled : event.replaced;
}
