import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { BarValues } from './bar.ts';
import type { Alignment, LiveInterval, Part } from './intraday-interval.ts';

/**
 * - `forming`: its window is open.
 * - `final`: the watermark has passed its end.
 * - `corrected`: changed after that.
 * - `sealed`: no longer changed by live events.
 */
export type LiveBarState = 'forming' | 'final' | 'corrected' | 'sealed';

/** `built`: from trades, all of which were heard. `vendor`: as the vendor sent it. */
export type LiveBarOrigin = 'built' | 'vendor';

export interface LiveBarIdentity {
  readonly symbol: string;
  readonly interval: LiveInterval;
  readonly alignment: Alignment;
  /** The first instant of its window. */
  readonly startMs: InstantMs;
}

/**
 * One revision of a live bar. Of two revisions of the same bar, the one with the higher `rev` replaces the other. Values
 * are as traded.
 */
export interface RevisedLiveBar extends LiveBarIdentity, BarValues {
  readonly session: IsoDate;
  /** The first instant after its window. */
  readonly endMs: InstantMs;
  /** Null for windows that mix parts: those of the clock, and the session. */
  readonly part: Part | null;
  readonly rev: number;
  readonly state: LiveBarState;
  readonly origin: LiveBarOrigin;
  /** Whether an opening, closing or reopening print is in it. */
  readonly auction: boolean;
}

/** Returns the identity of a live bar, which all of its revisions share. */
export function liveBarKey({ symbol, interval, alignment, startMs }: LiveBarIdentity): string {
  return `${interval}:${alignment}:${startMs}:${symbol}`;
}
