import type { InstantMs, IsoDate } from '#base/dates.ts';

/** Reports on the state of a lake, made by the batch layer and shown by all others. */

/** Completeness and finality of the lake at an instant. */
export interface LakeStatus {
  readonly nowMs: InstantMs;
  /** The last session that has closed. */
  readonly lastClosed: IsoDate;
  /** First and last session with bars. */
  readonly first: IsoDate | undefined;
  readonly last: IsoDate | undefined;
  /** The last session with no hole before it. */
  readonly watermark: IsoDate | undefined;
  /** Sessions by state; `missing` are those between the first one and now without any bar. */
  readonly sessions: Readonly<Record<'settled' | 'provisional' | 'partial' | 'missing', number>>;
  /** The newest of the sessions that are work to do. */
  readonly work: readonly {
    readonly session: IsoDate;
    readonly reason: string;
    readonly rows: number;
    /** Rows that count towards what is expected. */
    readonly counted: number;
    readonly expected: number | null;
  }[];
  readonly workCount: number;
  /** Older sessions than this are not in the source's plan. */
  readonly horizon: IsoDate | undefined;
  readonly lastFetchMs: InstantMs | undefined;
  readonly symbolsListed: number;
}

export interface GapsReport {
  /** There is nothing yet that could have gaps. */
  readonly isEmpty: boolean;
  /** Sessions of the market that are missing or too short, ascending. */
  readonly sessions: readonly { readonly session: IsoDate; readonly reason: string }[];
  /** Those that a run fetches if it starts now: at most so many a run, and none twice between two closes. */
  readonly dueCount: number;
  /** Sessions before this one are not in the source's plan, and no gaps. */
  readonly horizon: IsoDate | undefined;
  /** Symbols that published sessions lack; most of them first. A symbol that was halted has such gaps too. */
  readonly symbols: readonly SymbolGap[];
  /** With a symbol: the sessions that it is missing from, newest first. */
  readonly ofSymbol: readonly IsoDate[] | undefined;
}

export interface SymbolGap {
  readonly symbol: string;
  readonly firstSession: IsoDate;
  /** Published sessions without a bar. */
  readonly missing: number;
  /** Published sessions that it was listed in. */
  readonly sessions: number;
}

/** Warnings about stored bars, and counts of rejected rows. Derived from the lake. */
export interface QualityReport {
  readonly from: IsoDate | undefined;
  readonly to: IsoDate | undefined;
  readonly rows: number;
  readonly quarantined: readonly QuarantinedCount[];
  /** By kind: no-volume, jump-without-split, split-without-jump, off-median. */
  readonly warnings: Readonly<Record<string, number>>;
  readonly examples: readonly WarningExample[];
}

export interface QuarantinedCount {
  readonly dataset: string;
  readonly reason: string;
  readonly rows: number;
  /** The first such row, as JSON text. */
  readonly example: string;
}

export interface WarningExample {
  readonly kind: string;
  readonly symbol: string;
  readonly date: IsoDate;
  readonly detail: string;
}
