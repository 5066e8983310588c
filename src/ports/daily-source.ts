import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { ActiveSymbol } from '#market/listing-changes.ts';
import type { RawDailyRow } from '#market/quality.ts';

/**
 * A source of daily market data: a vendor's API, its files, a simulated market. Guarantees:
 *
 * 1. **Whole or failed.** A truncated response, or a list with a missing page, throws; it is never passed on as a shorter one.
 * 2. **As traded.** Bars are never adjusted. Values are those of the source; nothing is repaired.
 * 3. **Self-contained retries.** Retries, budgets and timeouts are up to the source. It throws a `CondvestError` whose kind says
 *    whether a later retry may help.
 * 4. Outcomes that are not failures are not exceptions: a session that is not available yet, or that the plan does not cover.
 */
export interface DailySource {
  /** Value of the `source` column. Its rank decides which rows it may replace. */
  readonly name: string;
  /** Whether it has symbol lists, splits and dividends; false for files of bars. */
  readonly hasReference: boolean;
  /** Maximum number of concurrent calls. */
  readonly parallelMax: number;

  /** Returns all bars of one session. */
  bars(session: IsoDate, signal?: AbortSignal): Promise<BarsReply>;

  /**
   * Returns every symbol that trades on a session, or (`delisted`) every one that was ever delisted. `among` limits the
   * request to some symbols; the source may omit the others.
   */
  symbols(request: SymbolsRequest, signal?: AbortSignal): Promise<ListedSymbol[]>;

  /** Returns splits whose ex-date is on or after a date, including announced ones. */
  splits(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedSplit[]>;

  /** Returns dividends whose ex-date is on or after a date, including announced ones. */
  dividends(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedDividend[]>;

  /** Returns the symbols that a security has had, ascending by date; empty if the source knows of no change. */
  symbolChanges(symbol: string, signal?: AbortSignal): Promise<SymbolChange[]>;

  /** Returns the time by the source's own clock. Absent if it has none. */
  serverTimeMs?(signal?: AbortSignal): Promise<InstantMs>;

  /** Returns the first day of an active symbol, or undefined if the source does not say. Absent if it never does. */
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
      /** In the order of the response. */
      readonly rows: readonly RawDailyRow[];
    }
  /** The session is too recent for the plan, or not available yet: try again later. */
  | { readonly kind: 'not-yet'; readonly reason: string }
  /**
   * The session is older than the plan's history, and so is every earlier one. Not a gap, since it cannot be filled.
   */
  | { readonly kind: 'beyond-plan'; readonly reason: string };

/** A symbol in a source's list. Null means unknown, which is not the same as delisted. */
export interface ListedSymbol extends ActiveSymbol {
  /** The last day under this symbol; null while it is active, or if unknown. */
  readonly delistedOn: IsoDate | null;
}

/** Values as received. Missing ones are null, and the lake's rules reject the row. */
export interface AnnouncedSplit {
  readonly symbol: string | null;
  readonly exDate: IsoDate | null;
  readonly splitFrom: number | null;
  readonly splitTo: number | null;
}

export interface AnnouncedDividend {
  readonly symbol: string | null;
  readonly exDate: IsoDate | null;
  /** CD, SC, SU, IR, LT or ST, as in `bronze/dividends`. */
  readonly kind: string;
  /** Per share on the share basis of the ex-date; in dollars unless `currency` says otherwise. */
  readonly cashAmount: number | null;
  /** ISO 4217; null if unknown. Only dollars are accepted. */
  readonly currency?: string | null;
  /** Null or absent: not known. A null never overwrites a date that is known. */
  readonly declarationDate?: IsoDate | null;
  readonly recordDate?: IsoDate | null;
  readonly payDate?: IsoDate | null;
  /** Payments a year; 0 if it is not regular. */
  readonly frequency?: number | null;
}

export interface SymbolChange {
  /** The first day under the symbol. */
  readonly date: IsoDate;
  readonly symbol: string;
}
