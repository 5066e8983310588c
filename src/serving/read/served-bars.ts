import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Adjustment, AdjustmentEvent } from '#market/adjust.ts';
import type { MaybeBarValues } from '#market/bar.ts';
import type { HeldEvent } from '#market/corporate-actions.ts';
import type { SessionState } from '#market/ledger.ts';
import type { SymbolSpan } from '#market/security.ts';

/** Requests and results of `readBars`. Plain data, so that a route or a file can carry it unchanged. */

/**
 * - `raw`: as traded. For N-session bars: in the share count of the last published session of the bar's own window.
 * - `split`: prices and volumes in the share count of the last session published.
 * - `total`: prices also carry reinvested cash dividends; the volume is that of `split`.
 */
export type BarAdjustment = Adjustment;

export interface BarsRequest {
  /** Case-sensitive. */
  readonly symbol: string;
  /** The day on which it had this symbol; default: the last day asked for. */
  readonly at?: IsoDate | undefined;
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
export type Finality = SessionState;

/**
 * Of a window: `open` while its last session is still to come; `incomplete` where that is published but others are not,
 * at the beginning of the history or over a gap; else the least final state of its sessions.
 */
export type WindowFinality = 'open' | 'incomplete' | Finality;

export interface DailyBar extends MaybeBarValues {
  /** The symbol at that session, which renames may have changed since. */
  readonly symbol: string;
  readonly session: IsoDate;
  readonly finality: Finality | null;
  readonly explain?: DailyExplanation;
}

export interface WindowBar extends MaybeBarValues {
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

export interface DailyExplanation {
  readonly raw: MaybeBarValues;
  readonly priceFactor: number;
  readonly volumeFactor: number;
  readonly events: readonly AdjustmentEvent[];
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
  readonly raw: MaybeBarValues;
  /**
   * The one factor of all of its daily bars; null where an event inside the window gives them several: those of
   * `parts`.
   */
  readonly priceFactor: number | null;
  readonly volumeFactor: number | null;
  /** Runs of daily bars with the same factors, ascending. The bar is the fold of its parts, each times its factors. */
  readonly parts: readonly WindowPart[];
  /** Events that act on any of its daily bars. */
  readonly events: readonly AdjustmentEvent[];
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
  readonly raw: MaybeBarValues;
  readonly priceFactor: number;
  readonly volumeFactor: number;
}

/** An event of the security that was not applied, and why. */
export type HeldBackEvent = Omit<HeldEvent, 'securityId'>;

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
  readonly segments: readonly SymbolSpan[];
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
