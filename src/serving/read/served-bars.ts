import type { InstantMs, IsoDate } from '#base/dates.ts';

/** Requests and results of `readBars`. Plain data, so that a route or a file can carry it unchanged. */

/**
 * - `raw`: as traded. For N-session bars: in the share count of the last published session of the bar's own window.
 * - `split`: prices and volumes in the share count of the last session published.
 * - `total`: prices also carry reinvested cash dividends; the volume is that of `split`.
 */
export type BarAdjustment = 'raw' | 'split' | 'total';

export interface BarsRequest {
  /** The symbol as it was on the last session asked for. Case-sensitive. */
  readonly symbol: string;
  /** Sessions a bar: 1 (default) for daily bars, 2 to 252 for windows. */
  readonly interval?: number | undefined;
  /**
   * First day wanted, a session or not; default: from the first bar. A window that touches the range is given whole.
   */
  readonly from?: IsoDate | undefined;
  /** Last day wanted, a session or not; default: up to the last session published. */
  readonly to?: IsoDate | undefined;
  readonly adjust?: BarAdjustment | undefined;
  /**
   * Answer from what was known at this instant: the same bytes after any later correction, for as long as vacuum keeps.
   */
  readonly asOfMs?: InstantMs | undefined;
  /** Also give what each bar was made of. */
  readonly explain?: boolean | undefined;
}

/** State of a session in the ledger; null where the ledger does not speak of it. */
export type Finality = 'partial' | 'provisional' | 'settled';

/**
 * Of a window: `open` while its last session is still to come; `incomplete` where that is published but others are not,
 * at the beginning of the history or over a gap; else the least final state of its sessions.
 */
export type WindowFinality = 'open' | 'incomplete' | Finality;

/** The values every bar has. Prices in US dollars, volume in shares (fractional after a split). */
export interface BarValues {
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: number | null;
  readonly vwap: number | null;
  readonly trades: number | null;
}

export interface DailyBar extends BarValues {
  /** The symbol at that session, which renames may have changed since. */
  readonly symbol: string;
  readonly session: IsoDate;
  readonly finality: Finality | null;
  readonly explain?: DailyExplanation;
}

export interface WindowBar extends BarValues {
  /** The symbol at the last session of the window that has a bar. */
  readonly symbol: string;
  /** First and last session of the window by the calendar. */
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
  /** Sessions of the window in which the security has a bar. */
  readonly sessions: number;
  /** Sessions of the window by the calendar. */
  readonly expected: number;
  /** Every session of the window is published. */
  readonly complete: boolean;
  readonly finality: WindowFinality | null;
  readonly explain?: WindowExplanation;
}

/** One event that went into a bar. `priceFactor` is what it multiplies a price with; `volumeFactor` a volume. */
export interface AppliedEvent {
  readonly kind: 'split' | 'dividend';
  readonly exDate: IsoDate;
  /** `4 for 1`, or the cash in dollars. */
  readonly terms: string;
  readonly priceFactor: number;
  readonly volumeFactor: number;
  /** Where the event came from. */
  readonly source: string | null;
}

export interface DailyExplanation {
  readonly raw: BarValues;
  readonly priceFactor: number;
  readonly volumeFactor: number;
  readonly events: readonly AppliedEvent[];
  readonly source: string | null;
  readonly fetchedAtMs: InstantMs | null;
}

export interface WindowExplanation {
  /** `stored`: from the silver table; `computed`: from daily rows, just now. */
  readonly origin: 'stored' | 'computed';
  /**
   * The daily bars of the window folded as traded: a split inside it leaves two share counts in them, which `parts`
   * keeps apart.
   */
  readonly raw: BarValues;
  /**
   * The one factor of all of its daily bars; null where an event inside the window gives them several: those of
   * `parts`.
   */
  readonly priceFactor: number | null;
  readonly volumeFactor: number | null;
  /** Runs of daily bars with the same factors, ascending. The bar is the fold of its parts, each times its factors. */
  readonly parts: readonly WindowPart[];
  /** Events that act on any of its daily bars. */
  readonly events: readonly AppliedEvent[];
  /** Where its daily bars came from, ascending; null where that is not recorded. */
  readonly sources: readonly (string | null)[];
}

/** Daily bars of a window that nothing came between. */
export interface WindowPart {
  /** The first and the last session that has a bar. */
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
  readonly sessions: number;
  /** The bars of the part folded as traded. */
  readonly raw: BarValues;
  readonly priceFactor: number;
  readonly volumeFactor: number;
}

/** The security under one symbol, from `first` (null: from the start) to `last` (null: until today). */
export interface SymbolSegment {
  readonly symbol: string;
  readonly first: IsoDate | null;
  readonly last: IsoDate | null;
}

/** An event of the security that was not applied, and why. */
export interface HeldBackEvent {
  readonly kind: 'split' | 'dividend';
  readonly exDate: IsoDate;
  readonly terms: string;
  readonly reason: string;
}

/** A value of one of the bars that changed after it first arrived. */
export interface Restated {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly kind: string;
  readonly field: string;
  readonly old: number | null;
  readonly new: number | null;
  readonly seenAtMs: InstantMs | null;
}

interface BarsAnswer {
  readonly symbol: string;
  readonly securityId: string;
  readonly adjust: BarAdjustment;
  /** The last session published at the pinned version: events count up to it, and no bar is later. */
  readonly lastPublished: IsoDate;
  /** The instant that was asked for, or null where the newest versions were read. */
  readonly asOfMs: InstantMs | null;
  /** The security's symbols, oldest first. */
  readonly segments: readonly SymbolSegment[];
  /** The version of each table that was read, by table name. */
  readonly versions: Readonly<Record<string, number>>;
  readonly held: readonly HeldBackEvent[];
  /** Only with `explain`. */
  readonly restated?: readonly Restated[];
}

export interface DailyBarsResult extends BarsAnswer {
  readonly grain: 'session';
  readonly interval: 1;
  readonly bars: readonly DailyBar[];
}

export interface WindowBarsResult extends BarsAnswer {
  readonly grain: 'window';
  /** Sessions a bar. */
  readonly interval: number;
  /** Number of bars from the silver table; the others were computed from daily rows. */
  readonly stored: number;
  readonly bars: readonly WindowBar[];
}

export type BarsResult = DailyBarsResult | WindowBarsResult;
