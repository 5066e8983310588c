import { BarSum, type InnerSplit, type RowColumns } from '#market/bar-sum.ts';

import { BarRows } from './bar-rows.ts';

/**
 * The fold of a whole market into bars of several lengths. Symbols, securities and windows are numbers, and rows come in
 * the order of daily_bars: by symbol, then by session. So one bar of each length is added up at a time.
 *
 * Rows come in chunks, each a year, from the latest back. A window may be cut by the boundary of a chunk, or by a change
 * of its security's symbol: then its bar comes in parts, which are put together.
 */

/** Daily rows, ascending by symbol and session index. */
export interface MarketRows extends RowColumns {
  readonly symbol: Int32Array;
}

/** A symbol stands for a security up to a session index, included. Such a pair of both has a number. */
export interface Stretch {
  readonly pair: number;
  readonly until: number;
}

export interface Market {
  /** By pair. */
  readonly securityOf: Int32Array;
  /** By symbol: what it stands for, one after the other and for ever. */
  readonly stretches: readonly (readonly Stretch[])[];
  /** The splits of each security that has any, ascending. */
  readonly splitsOf: ReadonlyMap<number, readonly InnerSplit[]>;
}

/** A window whose bars are wanted. */
export interface WantedWindow {
  readonly number: number;
  /** Index of its last published session: splits after that do not count yet. */
  readonly lastPublished: number;
}

const NO_SPLITS: readonly InnerSplit[] = [];
/** More windows than sessions up to the year 2140. */
const WINDOWS_MAX = 2 ** 16;

export class MarketFold {
  readonly #market: Market;
  readonly #intervals: ReadonlyMap<number, IntervalFold>;

  constructor(market: Market, wanted: ReadonlyMap<number, readonly WantedWindow[]>) {
    this.#market = market;
    this.#intervals = new Map(
      [...wanted].map(([interval, windows]) => [interval, new IntervalFold(market, interval, windows)]),
    );
  }

  /** Begins a chunk: bars of windows that begin before this session index wait for an earlier chunk. */
  begin(firstIndex: number): void {
    for (const fold of this.#intervals.values()) fold.begin(firstIndex);
  }

  add(rows: MarketRows): void {
    const { symbol: symbols, at } = rows;
    for (let from = 0, to = 0; from < symbols.length; from = to) {
      const symbol = symbols[from] as number;
      const [first, ...others] = this.#market.stretches[symbol] ?? [];
      let stretch = first;
      while (stretch !== undefined && stretch.until < (at[from] as number)) stretch = others.shift();
      if (stretch === undefined) throw new RangeError(`symbol ${symbol} stands for nothing`);
      to = from + 1;
      while (to < symbols.length && symbols[to] === symbol && (at[to] as number) <= stretch.until) to += 1;
      for (const fold of this.#intervals.values()) fold.add(stretch.pair, rows, from, to);
    }
  }

  /** Ends the chunk. Returns the bars of each interval. */
  end(): Map<number, BarRows> {
    return new Map([...this.#intervals].map(([interval, fold]) => [interval, fold.end()]));
  }
}

/** The bars of one length. At any time it adds up one of them. */
class IntervalFold {
  readonly #market: Market;
  readonly #interval: number;
  /** Number of the first wanted window, and from there on the last published session of each; -1: it is not wanted. */
  readonly #first: number;
  readonly #lastPublished: Int32Array;
  /** Securities with several symbols, or that lost a symbol for a time. */
  readonly #joined: ReadonlySet<number>;
  readonly #sum = new BarSum();
  readonly #other = new BarSum();
  readonly #part = new BarSum();
  #pair = -1;
  #window = -1;
  #bars = new BarRows();
  /** Where the bars are that may come in parts, by security and window. */
  readonly #parts = new Map<number, number>();
  /** Parts that wait for an earlier chunk: all of the one window that the chunk's beginning cuts. */
  #waiting = new BarRows();
  /** The window of those that waited for this chunk. */
  #cutWindow = -1;
  #firstIndex = 0;

  constructor(market: Market, interval: number, windows: readonly WantedWindow[]) {
    this.#market = market;
    this.#interval = interval;
    this.#first = windows[0]?.number ?? 0;
    this.#lastPublished = new Int32Array((windows.at(-1)?.number ?? -1) - this.#first + 1).fill(-1);
    for (const { number, lastPublished } of windows) this.#lastPublished[number - this.#first] = lastPublished;
    const stretchesOf = Map.groupBy(market.stretches.flat(), ({ pair }) => this.#securityOf(pair));
    this.#joined = new Set([...stretchesOf].filter(([, all]) => all.length > 1).map(([security]) => security));
  }

  begin(firstIndex: number): void {
    const waited = this.#waiting;
    this.#firstIndex = firstIndex;
    this.#bars = new BarRows();
    this.#waiting = new BarRows();
    this.#parts.clear();
    this.#cutWindow = waited.count === 0 ? -1 : waited.windowAt(0);
    for (let row = 0; row < waited.count; row += 1) {
      waited.load(row, this.#other);
      this.#finish(waited.pairAt(row), this.#cutWindow, this.#other);
    }
  }

  /** Adds rows of one pair. */
  add(pair: number, rows: RowColumns, from: number, to: number): void {
    const { at } = rows;
    for (let start = from, end = from; start < to; start = end) {
      const window = Math.floor((at[start] as number) / this.#interval);
      const limit = (window + 1) * this.#interval;
      end = start + 1;
      while (end < to && (at[end] as number) < limit) end += 1;
      const lastPublished = window < this.#first ? -1 : (this.#lastPublished[window - this.#first] ?? -1);
      if (lastPublished === -1) continue;
      if (pair !== this.#pair || window !== this.#window) this.#turnTo(pair, window);
      this.#sum.add(rows, start, end, this.#splitsInside(pair, limit - this.#interval, lastPublished));
    }
  }

  end(): BarRows {
    this.#turnTo(-1, -1);
    return this.#bars;
  }

  #splitsInside(pair: number, fromIndex: number, lastPublished: number): readonly InnerSplit[] {
    const splits = this.#market.splitsOf.get(this.#securityOf(pair));
    return splits?.filter(({ at }) => at > fromIndex && at <= lastPublished) ?? NO_SPLITS;
  }

  #securityOf(pair: number): number {
    return this.#market.securityOf[pair] ?? -1;
  }

  /** Finishes the current bar and begins another one. */
  #turnTo(pair: number, window: number): void {
    if (this.#sum.sessions > 0) this.#finish(this.#pair, this.#window, this.#sum);
    this.#sum.clear();
    this.#pair = pair;
    this.#window = window;
  }

  #finish(pair: number, window: number, sum: BarSum): void {
    if (window * this.#interval < this.#firstIndex) this.#waiting.push(pair, window, sum);
    else if (window === this.#cutWindow || this.#joined.has(this.#securityOf(pair))) this.#join(pair, window, sum);
    else this.#bars.push(pair, window, sum);
  }

  /** Puts the parts of a bar together: it bears the symbol of its last row. */
  #join(pair: number, window: number, sum: BarSum): void {
    const key = this.#securityOf(pair) * WINDOWS_MAX + window;
    const row = this.#parts.get(key);
    if (row === undefined) {
      this.#parts.set(key, this.#bars.push(pair, window, sum));
      return;
    }
    this.#bars.load(row, this.#part);
    const isLater = sum.lastAt > this.#part.lastAt;
    sum.absorb(this.#part);
    if (isLater) {
      this.#bars.erase(row);
      this.#parts.set(key, this.#bars.push(pair, window, sum));
    } else this.#bars.store(row, sum);
  }
}
