import type { IsoDate } from '#base/dates.ts';
import type { RawDailyRow } from '#market/quality.ts';

/**
 * Where the facts of a market's days come from: a vendor's API, its files, a simulated market. What is demanded:
 *
 * 1. **Whole or failed.** A reply that was cut, or a list of which a page is missing, is thrown, never handed on as shorter.
 * 2. **As traded.** Bars are never adjusted. Values are as the source has them; nothing is repaired.
 * 3. **One request's worth of patience.** Retries, budgets and time limits are the source's own; what is thrown is a
 *    `CondvestError` whose kind says whether it is worth trying again later.
 * 4. Answers that are no failure are no exceptions: a session that cannot be had yet, or that the plan does not cover.
 */
export interface DailySource {
  /** What is written into the `source` column: its rank decides what its rows may replace. */
  readonly name: string;
  /** Lists of symbols, splits and dividends can be had; false for files of bars. */
  readonly hasReference: boolean;
  /** Calls that may be under way at once. */
  readonly parallelMax: number;

  /** All bars of one session. */
  bars(session: IsoDate, signal?: AbortSignal): Promise<BarsReply>;

  /**
   * Every symbol that trades on a session, or (`delisted`) every one that ever ceased to. `among`: only these are of interest, and
   * the source may leave the others out.
   */
  symbols(request: SymbolsRequest, signal?: AbortSignal): Promise<ListedSymbol[]>;

  /** Splits whose ex-date is on or after a date, announced ones included. */
  splits(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedSplit[]>;

  /** Dividends whose ex-date is on or after a date, announced ones included. */
  dividends(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedDividend[]>;

  /** The symbols that a security has had, ascending by date; empty where the source knows of no change. */
  symbolChanges(symbol: string, signal?: AbortSignal): Promise<SymbolChange[]>;

  /** The first day of a symbol that trades; undefined where the source does not say. Absent where it never does. */
  listedOn?(symbol: string, signal?: AbortSignal): Promise<IsoDate | undefined>;
}

export interface SymbolsRequest {
  readonly session: IsoDate;
  readonly delisted: boolean;
  readonly among?: readonly string[];
}

export type BarsReply =
  | {
      readonly kind: 'bars';
      /** In the order of the reply. */
      readonly rows: readonly RawDailyRow[];
    }
  /** The session is too young for the plan, or not there by now: ask again later. */
  | { readonly kind: 'not-yet'; readonly reason: string }
  /** The session is older than the plan's history, and so is every one before it. No hole: nothing that could be filled. */
  | { readonly kind: 'beyond-plan'; readonly reason: string };

/** A symbol in a source's list. Null: not said, which is not the same as gone. */
export interface ListedSymbol {
  readonly symbol: string;
  readonly name: string | null;
  /** The vendor's code: CS, ADRC, ETF … */
  readonly type: string | null;
  /** Primary exchange, MIC. */
  readonly exchange: string | null;
  /** Composite FIGI. */
  readonly figi: string | null;
  /** The last day under this symbol; null while it is active, or where nobody knows. */
  readonly delistedOn: IsoDate | null;
}

/** As the source has it. What it does not say is null, and the lake's rules refuse the row. */
export interface AnnouncedSplit {
  readonly symbol: string | null;
  readonly exDate: IsoDate | null;
  readonly splitFrom: number | null;
  readonly splitTo: number | null;
}

export interface AnnouncedDividend {
  readonly symbol: string | null;
  readonly exDate: IsoDate | null;
  /** CD, SC, SU, IR, LT, ST: as `bronze/dividends` says. */
  readonly kind: string;
  /** A share of the ex-date; dollars unless `currency` says otherwise. */
  readonly cashAmount: number | null;
  /** ISO 4217; null where it is not said. Only dollars are taken. */
  readonly currency?: string | null;
}

export interface SymbolChange {
  /** The first day under the symbol. */
  readonly date: IsoDate;
  readonly symbol: string;
}
