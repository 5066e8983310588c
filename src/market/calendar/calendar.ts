import { createHash } from 'node:crypto';

import { assert, defined } from '#base/assert.ts';
import { type EpochDay, fromEpochDay, type InstantMs, type IsoDate, isoDate, toEpochDay, yearOf } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { CLOSURES } from './closures.ts';
import { earlyClosesOf, type Holiday, holidaysOf, isWeekend } from './holidays.ts';
import { newYorkAt, newYorkInstant } from './new-york.ts';
import { FIRST_SESSION, lastDayOf, sessionDaysUpTo } from './session-days.ts';

/** The hash covers the sessions up to the end of this year, whatever the calendar's horizon. */
const LAST_YEAR_MAX = 2099;

/** Before these sessions, the exchange opened at 10:00 and closed at 15:30. */
const OPENS_AT_0930_FROM = isoDate('1985-09-30');
const CLOSES_AT_1600_FROM = isoDate('1974-10-01');
/** Early closes were at 14:00 before this year. */
const EARLY_CLOSE_AT_1300_FROM = 1993;
/** Vendors correct a session's bars until the next morning. */
const SETTLES_AT_MINUTE = 11 * 60;

export interface CalendarOptions {
  /** The last year of the calendar; usually two years ahead. From 1962 to 2099. */
  readonly lastYear: number;
  /**
   * Closures announced after this release. One that a newer release already knows is allowed and changes nothing, so
   * that an upgrade needs no configuration change.
   */
  readonly closures?: readonly Holiday[];
}

/** Creates a calendar. Throws `calendar-closure-invalid` for a closure on a weekend or outside 1962 to 2099. */
export function createCalendar(options: CalendarOptions): Calendar {
  const { lastYear, closures = [] } = options;
  assert(Number.isInteger(lastYear), `last year of a calendar: ${lastYear}`);
  assert(lastYear >= yearOf(FIRST_SESSION) && lastYear <= LAST_YEAR_MAX, `last year of a calendar: ${lastYear}`);
  closures.forEach(checkClosure);
  return new Calendar(lastYear, closures);
}

/**
 * The trading calendar of the US stock exchanges (XNYS): which dates are sessions, and when they open and close.
 * Immutable. Dates are New York dates, instants are UTC milliseconds. Session dates are guaranteed from 1962, instants
 * from 1993.
 */
export class Calendar {
  /** 1962-01-02, whose index is 0. */
  readonly firstSession = FIRST_SESSION;
  readonly lastSession: IsoDate;
  /** Additional closures, as given when the calendar was created; ascending. */
  readonly addedClosures: readonly Holiday[];
  readonly #days: Int32Array;
  /** Their dates, formatted on first use. */
  readonly #dates: (IsoDate | undefined)[];
  /** By days since the first session: the number of earlier sessions. Has one more element than days. */
  readonly #sessionsBefore: Int32Array;
  readonly #firstDay: EpochDay = toEpochDay(FIRST_SESSION);
  readonly #lastDay: EpochDay;
  readonly #earlyCloses = new Map<number, ReadonlySet<IsoDate>>();
  #hash: string | undefined;

  constructor(lastYear: number, closures: readonly Holiday[]) {
    this.addedClosures = [...closures].sort((a, b) => (a.date < b.date ? -1 : 1));
    this.#days = sessionDaysUpTo(lastYear, this.addedClosures);
    this.#dates = new Array<undefined>(this.#days.length).fill(undefined);
    this.#lastDay = lastDayOf(lastYear);
    this.#sessionsBefore = new Int32Array(this.#lastDay - this.#firstDay + 2);
    let count = 0;
    for (let offset = 0; offset < this.#sessionsBefore.length; offset += 1) {
      this.#sessionsBefore[offset] = count;
      if (this.#days[count] === this.#firstDay + offset) count += 1;
    }
    this.lastSession = this.sessionAt(this.#days.length - 1);
  }

  /**
   * SHA-256, in hex, of all session dates from 1962 to 2099. It changes only when a closure is added or a rule is
   * corrected, not with time or with the calendar's horizon.
   */
  get hash(): string {
    this.#hash ??= createHash('sha256')
      .update([...sessionDaysUpTo(LAST_YEAR_MAX, this.addedClosures)].map(fromEpochDay).join('\n'))
      .digest('hex');
    return this.#hash;
  }

  isSession(date: IsoDate): boolean {
    const day = toEpochDay(date);
    return this.#days[this.#countBefore(day)] === day;
  }

  /** Returns why the exchange is closed on a date: a holiday's name or `weekend`. Undefined for a session. */
  whyClosed(date: IsoDate): string | undefined {
    if (isWeekend(toEpochDay(date))) return 'weekend';
    const named = [...holidaysOf(yearOf(date)), ...CLOSURES, ...this.addedClosures];
    return named.find((holiday) => holiday.date === date)?.name;
  }

  /**
   * Returns the index of a session, counted from 1962-01-02. Throws `calendar-not-a-session`, `calendar-out-of-range`.
   */
  sessionIndex(session: IsoDate): number {
    const day = toEpochDay(session);
    const index = this.#countBefore(day);
    if (this.#days[index] === day) return index;
    if (day < this.#firstDay || day > this.#lastDay) throw this.#outOfRange(session);
    const near = [this.#nameOf(index - 1), this.#nameOf(index)];
    throw new UsageError({
      code: 'calendar-not-a-session',
      message: `The exchange was closed on this date (${this.whyClosed(session) ?? 'no reason known'})`,
      found: session,
      allowed: `a session, such as ${near.filter((date) => date !== undefined).join(' or ')}`,
    });
  }

  /** Returns the session with an index. Throws `calendar-out-of-range`. */
  sessionAt(index: number): IsoDate {
    const date = this.#nameOf(index);
    if (date === undefined) throw this.#outOfRange(`session index ${index}`);
    return date;
  }

  /** Returns the index of the first session on or after any date; after the last session, one more than its index. */
  indexOnOrAfter(date: IsoDate): number {
    return this.#countBefore(toEpochDay(date));
  }

  /** Returns the index of the last session on or before any date; -1 before the first session. */
  indexOnOrBefore(date: IsoDate): number {
    return this.#countBefore(toEpochDay(date) + 1) - 1;
  }

  /** Returns the n-th session strictly after any date. Throws `calendar-out-of-range`. */
  next(date: IsoDate, n = 1): IsoDate {
    assert(Number.isInteger(n) && n >= 1, `next session number ${n}`);
    return this.sessionAt(this.indexOnOrBefore(date) + n);
  }

  /** Returns the n-th session strictly before any date. Throws `calendar-out-of-range`. */
  previous(date: IsoDate, n = 1): IsoDate {
    assert(Number.isInteger(n) && n >= 1, `previous session number ${n}`);
    return this.sessionAt(this.indexOnOrAfter(date) - n);
  }

  /** Returns all sessions in [from, to], ascending; empty if `from` is after `to`. */
  range(from: IsoDate, to: IsoDate): IsoDate[] {
    const sessions: IsoDate[] = [];
    const last = this.indexOnOrBefore(to);
    for (let index = this.indexOnOrAfter(from); index <= last; index += 1) sessions.push(this.sessionAt(index));
    return sessions;
  }

  openMs(session: IsoDate): InstantMs {
    this.sessionIndex(session);
    return newYorkInstant(session, session >= OPENS_AT_0930_FROM ? 9 * 60 + 30 : 10 * 60);
  }

  closeMs(session: IsoDate): InstantMs {
    if (this.isEarlyClose(session)) {
      return newYorkInstant(session, (yearOf(session) >= EARLY_CLOSE_AT_1300_FROM ? 13 : 14) * 60);
    }
    return newYorkInstant(session, session >= CLOSES_AT_1600_FROM ? 16 * 60 : 15 * 60 + 30);
  }

  isEarlyClose(session: IsoDate): boolean {
    this.sessionIndex(session);
    const year = yearOf(session);
    let dates = this.#earlyCloses.get(year);
    if (dates === undefined) {
      dates = new Set(earlyClosesOf(year).map(({ date }) => date));
      this.#earlyCloses.set(year, dates);
    }
    return dates.has(session);
  }

  /** Returns 11:00 New York time on the next session, after which the vendor makes no more corrections to this one. */
  settlesAtMs(session: IsoDate): InstantMs {
    return newYorkInstant(this.sessionAt(this.sessionIndex(session) + 1), SETTLES_AT_MINUTE);
  }

  /** Returns the newest session whose close is at or before an instant. Throws `calendar-out-of-range`. */
  lastClosedSession(nowMs: InstantMs): IsoDate {
    const today = newYorkAt(nowMs).date;
    if (toEpochDay(today) > this.#lastDay) throw this.#outOfRange(today);
    const newest = this.sessionAt(this.indexOnOrBefore(today));
    return this.closeMs(newest) <= nowMs ? newest : this.previous(newest);
  }

  /** Returns the number of sessions before a day, which may be any day. */
  #countBefore(day: EpochDay): number {
    const offset = Math.min(Math.max(day - this.#firstDay, 0), this.#sessionsBefore.length - 1);
    return defined(this.#sessionsBefore[offset], 'every day of the range has a count');
  }

  #nameOf(index: number): IsoDate | undefined {
    const day = this.#days[index];
    if (day === undefined) return undefined;
    let date = this.#dates[index];
    if (date === undefined) {
      date = fromEpochDay(day);
      this.#dates[index] = date;
    }
    return date;
  }

  #outOfRange(found: string): UsageError {
    return new UsageError({
      code: 'calendar-out-of-range',
      message: 'The exchange calendar does not reach this date',
      found,
      allowed: `${this.firstSession} to ${this.lastSession}`,
    });
  }
}

function checkClosure({ date, name }: Holiday): void {
  const day = toEpochDay(date);
  if (date >= FIRST_SESSION && day <= lastDayOf(LAST_YEAR_MAX) && !isWeekend(day)) return;
  throw new UsageError({
    code: 'calendar-closure-invalid',
    message: `The exchange would not trade on the date of the closing "${name}" anyway`,
    found: date,
    allowed: `a weekday from ${FIRST_SESSION} to ${LAST_YEAR_MAX}-12-31`,
  });
}
