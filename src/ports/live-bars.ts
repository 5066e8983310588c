import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { BarValues } from '#market/bar.ts';

/**
 * Live bars of sessions that the batch layer has not published yet. Provisional: discarded when batch catches up.
 * Values are as traded, on the share basis of the session itself.
 */
export interface LiveBars {
  /** Returns the live bar of one symbol and session, or undefined if nothing traded or there is no feed. */
  bar(symbol: string, session: IsoDate): Promise<LiveBar | undefined>;
  /** Returns the live bars of every symbol of a session, ascending by symbol; empty if there is no feed. */
  bars(session: IsoDate): Promise<readonly LiveBar[]>;
  /** Returns whether anything traded in a session, for any symbol. */
  has(session: IsoDate): Promise<boolean>;
  /**
   * Returns a token of the state of a symbol's live bar in a session or, without a symbol, of all bars of the session. It changes
   * with every change of these bars and only then, and never recurs, not even after a restart. Empty if there is no bar.
   */
  revision(session: IsoDate, symbol?: string): string;
}

export interface LiveBar extends BarValues {
  readonly symbol: string;
  readonly session: IsoDate;
  /** Event time of its last trade. */
  readonly updatedMs: InstantMs;
}
