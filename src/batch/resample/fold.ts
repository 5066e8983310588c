import { append } from '#base/append.ts';
import { assert, defined } from '#base/assert.ts';
import { compare } from '#base/compare.ts';
import { isoDate, yearOf } from '#base/dates.ts';
import type { EngineSession, SqlParameter } from '#lake/engine-session.ts';
import type { Lake } from '#lake/lake.ts';
import type { NumberColumn, ServedTable } from '#lake/number-table.ts';
import { type InnerSplit, innerSplit } from '#market/bar-sum.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { AppliedSplit } from '#market/corporate-actions.ts';
import { SessionSet } from '#market/session-set.ts';

import {
  CHUNK_SESSIONS,
  createSymbols,
  PAIRS,
  SELECT_SYMBOLS,
  selectBars,
  selectDailyRows,
  WINDOWS,
} from './fold.sql.ts';
import { type Market, MarketFold, type MarketRows, type Stretch, type WantedWindow } from './market-fold.ts';
import type { PlannedWindow, Published } from './plan.ts';
import type { LinkedSpan } from './symbol-spans.ts';

/** Inputs of the folds of one run. */
export interface FoldInputs {
  readonly calendar: Calendar;
  readonly published: Published;
  /** For every symbol that is not always its own security: its whole history, without gaps. */
  readonly spans: readonly LinkedSpan[];
  readonly splits: readonly AppliedSplit[];
  /** SQL text of the daily rows of these sessions; it may give rows of other sessions too. */
  readonly scan: (sessions: SessionSet) => Promise<string>;
}

/** By interval, the windows to fold, ascending. */
export type WindowsByInterval = ReadonlyMap<number, readonly PlannedWindow[]>;

/**
 * Folds daily bars into N-session bars, year by year from the latest back, so that each row is read once: what a window
 * of December has in January waits for its year. The bars of a year are held in memory until the next one is loaded.
 */
export class FoldRun implements Disposable {
  readonly #lake: Lake;
  readonly #session: EngineSession;
  readonly #inputs: FoldInputs;
  readonly #fold: MarketFold;
  /** The indexes of the sessions to read, by year: each in which a window begins or a row is read. */
  readonly #indexes: ReadonlyMap<number, readonly number[]>;
  readonly #served = new Map<number, ServedTable>();

  private constructor(
    lake: Lake,
    session: EngineSession,
    inputs: FoldInputs,
    plan: { readonly fold: MarketFold; readonly indexes: ReadonlyMap<number, readonly number[]> },
  ) {
    this.#lake = lake;
    this.#session = session;
    this.#inputs = inputs;
    this.#fold = plan.fold;
    this.#indexes = plan.indexes;
  }

  /** @param wanted all that the run is to fold. */
  static async start(
    lake: Lake,
    session: EngineSession,
    inputs: FoldInputs,
    wanted: WindowsByInterval,
  ): Promise<FoldRun> {
    const { calendar, scan } = inputs;
    const indexes = indexesByYear(inputs, wanted);
    const sessions = [...indexes.values()].flat().map((index) => calendar.sessionAt(index));
    await session.run(createSymbols(await scan(SessionSet.of(sessions))));
    const { symbol: symbols = [] } = await session.columns(SELECT_SYMBOLS);
    const { market, pairs } = marketOf(inputs, symbols as string[]);
    await session.load(PAIRS.name, PAIRS.columns, pairs);
    const fold = new MarketFold(market, new Map([...wanted].map(([n, windows]) => [n, toFold(calendar, windows)])));
    return new FoldRun(lake, session, inputs, { fold, indexes });
  }

  /** The years to load, the latest first. */
  get years(): number[] {
    return [...this.#indexes.keys()].sort((a, b) => b - a);
  }

  /** Folds the windows that begin in this year, in place of those of the year before. */
  async load(year: number): Promise<void> {
    const { calendar, scan } = this.#inputs;
    this[Symbol.dispose]();
    this.#fold.begin(calendar.indexOnOrAfter(isoDate(`${year}-01-01`)));
    const rows = defined(this.#indexes.get(year), `${year} is to be loaded`).map(
      (index) => [calendar.sessionAt(index), index] as const,
    );
    if (rows.length > 0) {
      await this.#session.load(CHUNK_SESSIONS.name, CHUNK_SESSIONS.columns, rows);
      const select = selectDailyRows(await scan(SessionSet.of(rows.map(([session]) => session))));
      for await (const columns of await this.#session.streamNumbers(select)) this.#fold.add(marketRows(columns));
    }
    for (const [interval, bars] of this.#fold.end()) this.#served.set(interval, await this.#lake.serve(bars));
  }

  /** The SELECT that yields the bars of these windows of one interval, loaded and ascending. Valid until the next call. */
  async select(interval: number, windows: readonly PlannedWindow[]): Promise<string> {
    const rows = windows.map((one) => [one.number, one.firstSession, one.lastSession, interval, one.complete]);
    await this.#session.load(WINDOWS.name, WINDOWS.columns, rows);
    return selectBars(defined(this.#served.get(interval), `bars of ${interval} sessions`).sql);
  }

  [Symbol.dispose](): void {
    for (const table of this.#served.values()) table[Symbol.dispose]();
    this.#served.clear();
  }
}

/** The published sessions of all windows, as indexes, by year; a year in which a window begins may have none. */
function indexesByYear({ calendar, published }: FoldInputs, wanted: WindowsByInterval): Map<number, number[]> {
  const indexes = new Set<number>();
  const byYear = new Map<number, number[]>();
  for (const { firstSession, fromIndex, toIndex } of [...wanted.values()].flat()) {
    byYear.set(yearOf(firstSession), []);
    for (let index = fromIndex; index <= toIndex; index += 1) if (published.indexes.has(index)) indexes.add(index);
  }
  for (const index of indexes) append(byYear, yearOf(calendar.sessionAt(index)), index);
  return byYear;
}

function toFold(calendar: Calendar, windows: readonly PlannedWindow[]): WantedWindow[] {
  return windows.map(({ number, lastPublished }) => {
    const last = defined(lastPublished, `window ${number} has a published session`);
    return { number, lastPublished: calendar.sessionIndex(last) };
  });
}

/** Returns spans and splits in numbers, and the rows of `PAIRS`. */
function marketOf(
  { calendar, spans, splits }: FoldInputs,
  symbols: readonly string[],
): { market: Market; pairs: SqlParameter[][] } {
  const spansOf = Map.groupBy(spans, ({ symbol }) => symbol);
  const securities = new Map<string, number>();
  const securityOf: number[] = [];
  const pairs: SqlParameter[][] = [];
  const stretches = symbols.map((symbol, number): Stretch[] => {
    const known = new Map<string, number>();
    const own = [{ last: calendar.lastSession, securityId: symbol }];
    return (spansOf.get(symbol) ?? own).map(({ last, securityId }) => {
      const pair = known.get(securityId) ?? pairs.length;
      if (pair === pairs.length) {
        const security = securities.get(securityId) ?? securities.size;
        securities.set(securityId, security);
        securityOf.push(security);
        pairs.push([pair, symbol, securityId, number, known.size]);
        known.set(securityId, pair);
      }
      return { pair, until: calendar.indexOnOrBefore(last) };
    });
  });
  const splitsOf = new Map<number, InnerSplit[]>();
  for (const { securityId, exDate, splitFrom, splitTo } of splits.toSorted((a, b) => compare(a.exDate, b.exDate))) {
    const security = securities.get(securityId);
    const at = calendar.indexOnOrAfter(exDate);
    if (security !== undefined) append(splitsOf, security, innerSplit(at, splitFrom, splitTo));
  }
  return { market: { securityOf: Int32Array.from(securityOf), stretches, splitsOf }, pairs };
}

/** The columns of `selectDailyRows`. */
function marketRows(columns: readonly NumberColumn[]): MarketRows {
  const [symbol, at, open, high, low, close, volume, vwap, trades] = columns;
  assert(symbol instanceof Int32Array && at instanceof Int32Array, 'symbols and session indexes are integers');
  return { symbol, at, open, high, low, close, volume, vwap, trades } as MarketRows;
}
