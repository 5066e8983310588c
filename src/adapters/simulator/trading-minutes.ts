import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkInstant } from '#market/calendar/new-york.ts';

/**
 * The minutes in which a session trades, numbered from 0 at 04:00 in New York: before the open, regular trading hours, and
 * four hours after the close.
 */
export interface TradingMinutes {
  readonly session: IsoDate;
  readonly startMs: InstantMs;
  /** The first minute of regular trading hours, and the first one after them. */
  readonly open: number;
  readonly close: number;
  /** Number of minutes. */
  readonly count: number;
}

export const MINUTE_MS = 60_000;
const PRE_FROM_MINUTE = 4 * 60;
const POST_MINUTES = 4 * 60;

export function tradingMinutes(calendar: Calendar, session: IsoDate): TradingMinutes {
  const startMs = newYorkInstant(session, PRE_FROM_MINUTE);
  const close = (calendar.closeMs(session) - startMs) / MINUTE_MS;
  const open = (calendar.openMs(session) - startMs) / MINUTE_MS;
  return { session, startMs, open, close, count: close + POST_MINUTES };
}
