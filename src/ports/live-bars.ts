import type { InstantMs, IsoDate } from '#base/dates.ts';

/**
 * What the speed layer knows of a session that the batch layer has not published yet. Provisional: thrown away when batch
 * catches up. Values are as traded, in the share count of the session itself.
 */
export interface LiveBars {
  /** The live bar of one symbol and session; undefined where nothing was traded or nobody listens. */
  bar(symbol: string, session: IsoDate): Promise<LiveBar | undefined>;
  /** The live bars of every symbol of a session, ascending by symbol; empty where nobody listens. */
  bars(session: IsoDate): Promise<readonly LiveBar[]>;
  /** Whether anything was traded in a session, of whatever symbol. */
  has(session: IsoDate): Promise<boolean>;
  /** Grows with every change, so that kept answers can tell that they are out of date. */
  revision(): number;
}

export interface LiveBar {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number | null;
  readonly trades: number | null;
  /** When the last trade in it happened. */
  readonly updatedMs: InstantMs;
}
