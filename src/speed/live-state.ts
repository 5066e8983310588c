import { assert } from '#base/assert.ts';
import { compare } from '#base/compare.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { type Alignment, INTRADAY_MS, type IntradayInterval } from '#market/intraday-interval.ts';
import type { LiveBarState, RevisedLiveBar } from '#market/live-bar.ts';
import type { MarketEvent, TradeEvent, VendorBar } from '#market/trade.ts';
import { unknownConditions } from '#market/trade-conditions.ts';
import type { SessionParts, TradeDates } from '#market/trade-date.ts';
import type { FeedChange, FeedTopic } from '#ports/market-feed.ts';
import { Passes } from './aggregate/passes.ts';
import { SymbolBook } from './aggregate/symbol-book.ts';
import { Coverage } from './ingest/coverage.ts';
import { FeedClock } from './ingest/feed-clock.ts';
import type {
  GapOfSymbols,
  LiveChanges,
  LiveCheckpoint,
  LiveCounts,
  LiveRecord,
  MinuteUpdate,
  SealedMinuteOf,
} from './live-changes.ts';

export interface LiveStateOptions {
  readonly tradeDates: TradeDates;
  /** Lag of the feed behind the market by design. */
  readonly delayMs: number;
  /** Time that windows of one second, and all others, wait for late events. */
  readonly secondBoundMs: number;
  readonly boundMs: number;
  /** Time after its end in which a window may still be corrected. */
  readonly sealMs: number;
}

/** A live connection without events for that long has none of that time to send. */
const IDLE_MS = 5000;
/** Largest lead of an event time over the local clock. */
const AHEAD_MS_MAX = 10_000;
/** Unknown conditions that are remembered, so that each is reported once. */
const UNKNOWN_MAX = 1000;

/** A window of four hours ends in it, and may be corrected. */
const PASSES_KEPT_MS = 24 * 60 * 60_000;

const SECOND_MS = INTRADAY_MS['1s'];
const MINUTE_MS = INTRADAY_MS['1m'];

/**
 * Everything that the engine knows, as a function of the records of its journal: the same records at the same positions
 * give the same bars, revisions, states, gaps and counts. It has no input or output and no clock: it reads and stores
 * nothing, and a restart is the checkpoint and the records after it.
 */
export class LiveState {
  readonly #options: LiveStateOptions;
  readonly #clock: FeedClock;
  readonly #coverage = new Coverage();
  readonly #seconds: Passes;
  readonly #minutes = new Passes(MINUTE_MS, PASSES_KEPT_MS);
  readonly #seals = new Passes(MINUTE_MS, 0);
  readonly #sessions = new Map<IsoDate, OpenSession>();
  readonly #unknown = new Set<number>();
  #counts = noCounts();
  /** When the last connection was lost, if none has followed it. */
  #lostMs: InstantMs | undefined;
  #position = 0;
  /** Records up to here are in the checkpoint, but for events of minutes that were open then. */
  #restoredThrough = 0;
  /** Changed since the last `takeChanges`, as are the lists below. */
  #changedBooks = new Set<SymbolBook>();
  #hasPassed = false;
  #updates: MinuteUpdate[] = [];
  #sealed: SealedMinuteOf[] = [];
  #gaps: GapOfSymbols[] = [];
  #newUnknown: number[] = [];

  constructor(options: LiveStateOptions) {
    this.#options = options;
    this.#seconds = new Passes(SECOND_MS, options.sealMs);
    this.#clock = new FeedClock({ delayMs: options.delayMs, idleMs: IDLE_MS, aheadMsMax: AHEAD_MS_MAX });
  }

  get counts(): Readonly<LiveCounts> {
    return this.#counts;
  }

  /** Number of events dated later than the local clock allows. */
  get ahead(): number {
    return this.#clock.ahead;
  }

  get isLive(): boolean {
    return this.#clock.isLive;
  }

  /** Event time that windows of a minute and longer have been completed through. */
  get watermarkMs(): InstantMs {
    return this.#clock.watermark(this.#options.boundMs);
  }

  /** The last record applied. */
  get position(): number {
    return this.#position;
  }

  /** Applies a record. Positions rise. */
  apply(record: LiveRecord, position: number): void {
    assert(
      position > this.#position || position <= this.#restoredThrough,
      `position ${position} after ${this.#position}`,
    );
    const isReread = position <= this.#restoredThrough;
    if (record.kind === 'frame') {
      for (const event of record.events) this.#event(event, record.receivedMs, position, isReread);
    } else if (!isReread) {
      if (record.kind === 'change') this.#change(record.change);
      else this.#hole(record);
    }
    if (isReread) return;
    this.#position = position;
    this.#advance(position);
  }

  /** Returns what changed since the last call. */
  takeChanges(): LiveChanges {
    this.#collectMinutes();
    const changes = {
      minutes: this.#updates.sort(byMinute),
      sealed: this.#sealed.sort(byMinute),
      gaps: this.#gaps,
      unknownConditions: this.#newUnknown,
    };
    this.#updates = [];
    this.#sealed = [];
    this.#gaps = [];
    this.#newUnknown = [];
    return changes;
  }

  /** Returns the bar of the window of an instant, or undefined if it has none, or is kept no longer. */
  bar(symbol: string, interval: IntradayInterval, alignment: Alignment, atMs: InstantMs): RevisedLiveBar | undefined {
    const parts = this.#options.tradeDates.at(atMs);
    const book = parts === undefined ? undefined : this.#sessions.get(parts.session)?.books.get(symbol);
    const bar = book?.bar(interval, alignment, atMs);
    if (parts === undefined || bar === undefined) return undefined;
    const state = this.#stateOf(interval, bar.endMs, bar.rev);
    return { symbol, session: parts.session, interval, alignment, state, ...bar };
  }

  /** Returns the bar of a session as far as it has come. */
  dayBar(symbol: string, session: IsoDate): RevisedLiveBar | undefined {
    const open = this.#sessions.get(session);
    const bar = open?.books.get(symbol)?.dayBar();
    if (open === undefined || bar === undefined) return undefined;
    const { startMs, endMs } = open.parts;
    const state = this.#stateOf('1m', endMs, bar.rev);
    return { symbol, session, interval: '1d', alignment: 'session', startMs, endMs, part: null, state, ...bar };
  }

  /** Returns the symbols of a session, in no order. */
  symbols(session: IsoDate): Iterable<string> {
    return this.#sessions.get(session)?.books.keys() ?? [];
  }

  checkpoint(): LiveCheckpoint {
    let from = this.#position + 1;
    for (const { books } of this.#sessions.values()) {
      for (const book of books.values()) from = Math.min(from, book.fromPosition());
    }
    return {
      from,
      through: this.#position,
      clock: this.#clock.snapshot(),
      coverage: this.#coverage.snapshot(),
      seconds: this.#seconds.snapshot(),
      minutes: this.#minutes.snapshot(),
      seals: this.#seals.snapshot(),
      lostMs: this.#lostMs ?? null,
      counts: { ...this.#counts },
    };
  }

  /**
   * Goes on from a checkpoint and the sealed minutes of the sessions that it is about. Records from `checkpoint.from` on
   * must follow.
   */
  restore(checkpoint: LiveCheckpoint, sealed: Iterable<Omit<SealedMinuteOf, 'events'>>): void {
    this.#clock.restore(checkpoint.clock);
    this.#coverage.restore(checkpoint.coverage);
    this.#seconds.restore(checkpoint.seconds);
    this.#minutes.restore(checkpoint.minutes);
    this.#seals.restore(checkpoint.seals);
    this.#lostMs = checkpoint.lostMs ?? undefined;
    this.#counts = { ...checkpoint.counts };
    this.#position = checkpoint.through;
    this.#restoredThrough = checkpoint.through;
    for (const { symbol, session, ...minute } of sealed) {
      this.#bookOf(this.#options.tradeDates.of(session), symbol).restore(minute);
    }
    for (const { books } of this.#sessions.values()) {
      for (const book of books.values()) book.forgetWindows(this.#sealedMs);
    }
  }

  #event(event: MarketEvent, receivedMs: InstantMs, position: number, isReread: boolean): void {
    if (event.kind === 'quote' || event.kind === 'halt') {
      if (!isReread) this.#clock.event(event.atMs, receivedMs);
      return;
    }
    if (!isReread) this.#counts.events += 1;
    if (event.kind === 'vendor-bar') this.#vendorBar(event, position, isReread);
    else this.#tradeEvent(event, receivedMs, position, isReread);
  }

  #vendorBar(bar: VendorBar, position: number, isReread: boolean): void {
    const parts = this.#options.tradeDates.at(bar.startMs);
    if (bar.interval !== '1m') return;
    if (parts === undefined) {
      if (!isReread) this.#counts.outside += 1;
      return;
    }
    this.#put(this.#bookOf(parts, bar.symbol), bar.startMs, isReread, (book) => book.vendorMinute(bar, position));
  }

  #tradeEvent(event: TradeEvent, receivedMs: InstantMs, position: number, isReread: boolean): void {
    if (isReread ? this.#isAhead(event, receivedMs) : !this.#clock.event(event.atMs, receivedMs)) return;
    const { tradeDates } = this.#options;
    const parts = event.kind === 'trade' ? tradeDates.at(event.atMs) : this.#unsealed(event.tradeDate, receivedMs);
    if (parts === undefined) {
      if (!isReread) this.#counts.outside += 1;
      return;
    }
    if (event.kind === 'trade') this.#noteUnknown(event.conditions);
    this.#put(this.#bookOf(parts, event.symbol), event.atMs, isReread, (book) => book.add(event, position));
  }

  #isAhead({ atMs }: TradeEvent, receivedMs: InstantMs): boolean {
    return atMs > receivedMs + AHEAD_MS_MAX;
  }

  /** Returns the parts of a trade date that has begun and is not sealed as a whole. */
  #unsealed(tradeDate: IsoDate, receivedMs: InstantMs): SessionParts | undefined {
    const sealedMs = this.#seals.reachedMs;
    const parts = this.#options.tradeDates.find(tradeDate);
    if (sealedMs === undefined || parts === undefined) return undefined;
    return parts.endMs > sealedMs && parts.startMs <= receivedMs ? parts : undefined;
  }

  #put(
    book: SymbolBook,
    atMs: InstantMs,
    isReread: boolean,
    add: (book: SymbolBook) => ReturnType<SymbolBook['add']>,
  ): void {
    const added = add(book);
    if (added === 'added') this.#changedBooks.add(book);
    if (isReread) return;
    const counts = this.#counts;
    if (added === 'duplicate') counts.duplicates += 1;
    else if (added === 'sealed') counts.afterSeal += 1;
    else if (added === 'dropped') counts.dropped += 1;
    else if (this.#minutes.has(atMs - (atMs % MINUTE_MS) + MINUTE_MS)) counts.late += 1;
  }

  #noteUnknown(conditions: readonly number[]): void {
    for (const id of unknownConditions(conditions)) {
      if (this.#unknown.has(id) || this.#unknown.size >= UNKNOWN_MAX) continue;
      this.#unknown.add(id);
      this.#newUnknown.push(id);
    }
  }

  #change(change: FeedChange): void {
    const { delayMs, boundMs } = this.#options;
    const { kind, atMs } = change;
    if (kind === 'connected') this.#clock.live(atMs);
    else if (kind === 'alive') this.#clock.alive(atMs);
    else if (kind === 'following') this.#following(change.topics, atMs - delayMs);
    else if (kind === 'lost') {
      // What was published last may have been on its way.
      const lostMs = change.lastReceivedMs - delayMs - boundMs;
      this.#clock.lost();
      this.#coverage.closeAll(lostMs);
      this.#lostMs = Math.min(this.#lostMs ?? lostMs, lostMs);
    }
  }

  /** Whoever was there has used what the journal lacks; after a restart it is a gap. */
  #hole({ fromMs, toMs }: { readonly fromMs: InstantMs; readonly toMs: InstantMs }): void {
    const { delayMs, boundMs } = this.#options;
    const [gapFromMs, gapToMs] = [fromMs - delayMs - boundMs, toMs - delayMs];
    this.#coverage.interrupt(gapFromMs, gapToMs);
    this.#gaps.push({ symbols: null, fromMs: gapFromMs, toMs: gapToMs, reason: 'the journal could not be written' });
  }

  #following(topics: readonly FeedTopic[], fromMs: InstantMs): void {
    const heard = topics.filter(({ channel }) => channel === 'trades' || channel === 'minutes');
    for (const { channel, symbol } of heard) if (channel === 'trades') this.#coverage.open(symbol, fromMs);
    if (this.#lostMs === undefined || heard.length === 0) return;
    const isAll = heard.some(({ symbol }) => symbol === null);
    const symbols = isAll ? null : [...new Set(heard.flatMap(({ symbol }) => symbol ?? []))].sort();
    this.#gaps.push({ symbols, fromMs: this.#lostMs, toMs: fromMs, reason: 'the connection was lost' });
    this.#lostMs = undefined;
  }

  /** Notes the minutes that the watermark has passed, and those that were changed after it. */
  #collectMinutes(): void {
    const isPassed = (startMs: InstantMs): boolean => this.#minutes.has(startMs + MINUTE_MS);
    for (const { parts, books } of this.#sessions.values()) {
      for (const book of books.values()) {
        if (!this.#hasPassed && !this.#changedBooks.has(book)) continue;
        for (const startMs of book.takeUntold(isPassed)) this.#updates.push(this.#minuteUpdate(book, parts, startMs));
      }
    }
    this.#changedBooks = new Set();
    this.#hasPassed = false;
  }

  /** Moves the watermarks, and seals what they have passed by the time for corrections. */
  #advance(position: number): void {
    const { secondBoundMs, boundMs, sealMs } = this.#options;
    if (this.#clock.markMs === undefined) return;
    this.#seconds.advance(this.#clock.watermark(secondBoundMs), position);
    if (this.#minutes.advance(this.#clock.watermark(boundMs), position)) this.#hasPassed = true;
    if (!this.#seals.advance(this.#clock.watermark(boundMs + sealMs), position)) return;
    // A minute that was changed is told before it is gone.
    this.#collectMinutes();
    const sealedEnd = this.#sealedMs;
    for (const [session, { parts, books }] of this.#sessions) {
      for (const [symbol, book] of books) {
        for (const minute of book.seal(sealedEnd)) this.#sealed.push({ ...minute, symbol, session });
        book.forgetWindows(sealedEnd);
      }
      if (parts.endMs <= sealedEnd) this.#sessions.delete(session);
    }
    this.#coverage.forget(sealedEnd);
    this.#seconds.forget(sealedEnd);
    this.#minutes.forget(sealedEnd);
    this.#seals.forget(sealedEnd);
  }

  #minuteUpdate(book: SymbolBook, { session }: SessionParts, startMs: InstantMs): MinuteUpdate {
    const bar = book.bar('1m', 'session', startMs);
    const { rev, origin } = bar ?? book.minuteMark(startMs);
    const state = this.#stateOf('1m', startMs + MINUTE_MS, rev);
    return { symbol: book.symbol, session, startMs, state, origin, rev, values: bar };
  }

  #stateOf(interval: IntradayInterval, endMs: InstantMs, rev: number): LiveBarState {
    if (this.#seals.has(endMs)) return 'sealed';
    const passes = interval === '1s' ? this.#seconds : this.#minutes;
    if (!passes.has(endMs)) return 'forming';
    return rev > passes.positionOf(endMs) ? 'corrected' : 'final';
  }

  /** Minutes that ended by this instant are sealed. */
  get #sealedMs(): InstantMs {
    return this.#seals.reachedMs ?? Number.MIN_SAFE_INTEGER;
  }

  #bookOf(parts: SessionParts, symbol: string): SymbolBook {
    let open = this.#sessions.get(parts.session);
    if (open === undefined) {
      open = { parts, books: new Map() };
      this.#sessions.set(parts.session, open);
    }
    let book = open.books.get(symbol);
    if (book === undefined) {
      const isHeard = (name: string, fromMs: InstantMs, toMs: InstantMs): boolean =>
        this.#coverage.has(name, fromMs, toMs);
      book = new SymbolBook({ symbol, parts, sealedMs: this.#sealedMs, isHeard });
      open.books.set(symbol, book);
    }
    return book;
  }
}

interface OpenSession {
  readonly parts: SessionParts;
  readonly books: Map<string, SymbolBook>;
}

/** By minute, then symbol: a restart has the books in another order. */
function byMinute(a: Minute, b: Minute): number {
  return a.startMs - b.startMs || compare(a.symbol, b.symbol);
}

type Minute = Pick<MinuteUpdate, 'startMs' | 'symbol'>;

function noCounts(): LiveCounts {
  return { events: 0, duplicates: 0, late: 0, afterSeal: 0, dropped: 0, outside: 0 };
}
