import { addDays, type InstantMs, type IsoDate } from '#base/dates.ts';
import type { Calendar } from './calendar/calendar.ts';
import { newYorkAt, newYorkInstant } from './calendar/new-york.ts';
import type { Part } from './intraday-interval.ts';

/**
 * The trade date of an instant, and its part of that day. A trade date is a session. Without overnight trading it covers
 * the date in New York; with it, the evening before from 21:00 on belongs to it, and its own evening from 21:00 on to
 * the next session if that is the day after.
 */

const OVERNIGHT_FROM_MINUTE = 21 * 60;
/** Also on half-days. */
const PRE_FROM_MINUTE = 4 * 60;

/** The instants that divide a trade date into parts. Each part ends where the next one begins. */
export interface SessionParts {
  readonly session: IsoDate;
  /** The first instant of the trade date: 21:00 of the evening before if it has an overnight part, else midnight. */
  readonly startMs: InstantMs;
  readonly hasOvernight: boolean;
  /** 04:00. Without an overnight part, the pre-market also has what is printed before. */
  readonly preMs: InstantMs;
  readonly openMs: InstantMs;
  readonly closeMs: InstantMs;
  /** The first instant after the trade date. Trading ends earlier; the `post` part also has what is printed after it. */
  readonly endMs: InstantMs;
  /** Midnight in New York at the beginning of the session's date. */
  readonly midnightMs: InstantMs;
}

export function partAt(parts: SessionParts, atMs: InstantMs): Part {
  if (atMs >= parts.openMs) return atMs < parts.closeMs ? 'rth' : 'post';
  return atMs >= parts.preMs || !parts.hasOvernight ? 'pre' : 'overnight';
}

/** Events come from the current session, and late ones from the one before. */
const RECENT_MAX = 4;

/** Trade dates over a calendar. */
export class TradeDates {
  readonly #calendar: Calendar;
  readonly #overnightFrom: IsoDate | null;
  /** Newest first. */
  readonly #recent: SessionParts[] = [];

  /** `overnightFrom`: the first session with overnight trading; null if there is none. */
  constructor(calendar: Calendar, overnightFrom: IsoDate | null) {
    this.#calendar = calendar;
    this.#overnightFrom = overnightFrom;
  }

  /** Returns the trade date of an instant, or undefined if the calendar knows none: on a weekend or a holiday. */
  at(atMs: InstantMs): SessionParts | undefined {
    for (const parts of this.#recent) if (atMs >= parts.startMs && atMs < parts.endMs) return parts;
    const { date, minute } = newYorkAt(atMs);
    const next = addDays(date, 1);
    const session = minute >= OVERNIGHT_FROM_MINUTE && this.#hasOvernight(next) ? next : date;
    if (!this.#calendar.isSession(session)) return undefined;
    const parts = this.of(session);
    this.#recent.unshift(parts);
    if (this.#recent.length > RECENT_MAX) this.#recent.pop();
    return parts;
  }

  /** Returns the parts of a date, or undefined if it is no session. */
  find(date: IsoDate): SessionParts | undefined {
    return this.#calendar.isSession(date) ? this.of(date) : undefined;
  }

  /** Returns the parts of a session. Throws `calendar-not-a-session`, `calendar-out-of-range`. */
  of(session: IsoDate): SessionParts {
    const hasOvernight = this.#hasOvernight(session);
    const next = addDays(session, 1);
    const midnightMs = newYorkInstant(session, 0);
    return {
      session,
      startMs: hasOvernight ? newYorkInstant(addDays(session, -1), OVERNIGHT_FROM_MINUTE) : midnightMs,
      hasOvernight,
      preMs: newYorkInstant(session, PRE_FROM_MINUTE),
      openMs: this.#calendar.openMs(session),
      closeMs: this.#calendar.closeMs(session),
      endMs: this.#hasOvernight(next) ? newYorkInstant(session, OVERNIGHT_FROM_MINUTE) : newYorkInstant(next, 0),
      midnightMs,
    };
  }

  #hasOvernight(date: IsoDate): boolean {
    return this.#overnightFrom !== null && date >= this.#overnightFrom && this.#calendar.isSession(date);
  }
}
