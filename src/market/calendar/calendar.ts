import { createHash } from 'node:crypto';

import { assert, defined } from '#base/assert.ts';
import {
  dayOfWeek,
  type EpochDay,
  fromEpochDay,
  type InstantMs,
  type IsoDate,
  isoDate,
  toEpochDay,
  yearOf,
} from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { CLOSURES } from './closures.ts';
import { earlyClosesOf, type Holiday, holidaysOf } from './holidays.ts';
import { newYorkAt, newYorkInstant } from './new-york.ts';

/** The first session there is; its index is 0. */
export const FIRST_SESSION = isoDate('1962-01-02');

/** The hash speaks of the sessions up to the end of this year, whatever horizon a calendar was made for. */
const HASHED_UP_TO_YEAR = 2099;

/** Open and close have been as they are since these sessions: 10:00 before, 15:30 before. */
const OPENS_AT_0930_FROM = isoDate('1985-09-30');
const CLOSES_AT_1600_FROM = isoDate('1974-10-01');
const SETTLES_AT_MINUTE = 11 * 60;

/**
 * The trading calendar of the US stock exchanges (XNYS): which dates are sessions, and when they open and close. Immutable.
 * Dates are New York's, instants are UTC milliseconds. Session dates are promised from 1962, instants from 1993.
 */
export interface Calendar {
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
  /** Closings beyond rules and history, as given when the calendar was made. */
  readonly addedClosures: readonly Holiday[];
  /**
   * SHA-256, in hex, of all session dates from 1962 to 2099. It changes when a closing is added or a rule is mended, and
   * with nothing else: not with time, nor with the calendar's horizon.
   */
  readonly hash: string;
  isSession(date: IsoDate): boolean;
  /** The number of a session, counted from 1962-01-02, which is 0. Throws `calendar-not-a-session`. */
  sessionIndex(session: IsoDate): number;
  /** The session of a number. Throws `calendar-out-of-range`. */
  sessionAt(index: number): IsoDate;
  /** The index of the first session on or after any date; may be one past the last session's. */
  indexOnOrAfter(date: IsoDate): number;
  /** The index of the last session on or before any date; -1 before the first session. */
  indexOnOrBefore(date: IsoDate): number;
  /** The n-th session strictly after any date. Throws `calendar-out-of-range`. */
  next(date: IsoDate, n?: number): IsoDate;
  /** The n-th session strictly before any date. Throws `calendar-out-of-range`. */
  previous(date: IsoDate, n?: number): IsoDate;
  /** All sessions in [from, to], ascending; empty where `from` is after `to`. */
  range(from: IsoDate, to: IsoDate): IsoDate[];
  openMs(session: IsoDate): InstantMs;
  closeMs(session: IsoDate): InstantMs;
  isEarlyClose(session: IsoDate): boolean;
  /** 11:00 in New York on the next session, from when on the vendor changes nothing more about this one. */
  settlesAtMs(session: IsoDate): InstantMs;
  /** The newest session whose close is at or before an instant. Throws `calendar-out-of-range`. */
  lastClosedSession(nowMs: InstantMs): IsoDate;
}

export interface CalendarOptions {
  /** The last year that the calendar knows; two years ahead of the present is the custom. At most 2099. */
  readonly lastYear: number;
  /** Closings announced after this release, each making a session no session. */
  readonly closures?: readonly Holiday[];
}

/** Makes a calendar. Throws `calendar-closure-invalid` for a closing on a day that is no session anyway. */
export function createCalendar(options: CalendarOptions): Calendar {
  assert(
    options.lastYear >= yearOf(FIRST_SESSION) && options.lastYear <= HASHED_UP_TO_YEAR,
    `last year ${options.lastYear}`,
  );
  return new ExchangeCalendar(options.lastYear, options.closures ?? []);
}

class ExchangeCalendar implements Calendar {
  readonly firstSession = FIRST_SESSION;
  readonly lastSession: IsoDate;
  readonly addedClosures: readonly Holiday[];
  readonly #sessions: readonly IsoDate[];
  readonly #indexes: ReadonlyMap<IsoDate, number>;
  /** By epoch day from the first session's on: how many sessions lie before that day. */
  readonly #before: Int32Array;
  readonly #firstDay: EpochDay = toEpochDay(FIRST_SESSION);
  readonly #earlyCloses = new Map<number, ReadonlySet<IsoDate>>();
  #hash: string | undefined;

  constructor(lastYear: number, closures: readonly Holiday[]) {
    checkClosures(closures);
    this.addedClosures = [...closures].sort((a, b) => (a.date < b.date ? -1 : 1));
    this.#sessions = sessionsUpTo(lastYear, this.addedClosures);
    this.#indexes = new Map(this.#sessions.map((session, index) => [session, index]));
    this.lastSession = defined(this.#sessions.at(-1), 'a calendar has sessions');
    const days = toEpochDay(isoDate(`${lastYear}-12-31`)) - this.#firstDay + 1;
    this.#before = new Int32Array(days + 1);
    let count = 0;
    for (let offset = 0; offset < days; offset += 1) {
      this.#before[offset] = count;
      const next = this.#sessions[count];
      if (next !== undefined && toEpochDay(next) === this.#firstDay + offset) count += 1;
    }
    this.#before[days] = count;
  }

  get hash(): string {
    this.#hash ??= createHash('sha256')
      .update(sessionsUpTo(HASHED_UP_TO_YEAR, this.addedClosures).join('\n'))
      .digest('hex');
    return this.#hash;
  }

  isSession(date: IsoDate): boolean {
    return this.#indexes.has(date);
  }

  sessionIndex(session: IsoDate): number {
    const index = this.#indexes.get(session);
    if (index !== undefined) return index;
    if (session < this.firstSession || session > this.lastSession) throw this.#outOfRange(session);
    throw new UsageError({
      code: 'calendar-not-a-session',
      message: 'The exchange was closed on this date',
      found: session,
      allowed: `a session, such as ${this.previous(session)} or ${this.next(session)}`,
    });
  }

  sessionAt(index: number): IsoDate {
    const session = this.#sessions[index];
    if (session === undefined) throw this.#outOfRange(`session index ${index}`);
    return session;
  }

  indexOnOrAfter(date: IsoDate): number {
    const offset = toEpochDay(date) - this.#firstDay;
    if (offset <= 0) return 0;
    return this.#before[Math.min(offset, this.#before.length - 1)] ?? this.#sessions.length;
  }

  indexOnOrBefore(date: IsoDate): number {
    const after = this.indexOnOrAfter(date);
    return this.#sessions[after] === date ? after : after - 1;
  }

  next(date: IsoDate, n = 1): IsoDate {
    assert(n >= 1, `next session number ${n}`);
    return this.sessionAt(this.indexOnOrBefore(date) + n);
  }

  previous(date: IsoDate, n = 1): IsoDate {
    assert(n >= 1, `previous session number ${n}`);
    return this.sessionAt(this.indexOnOrAfter(date) - n);
  }

  range(from: IsoDate, to: IsoDate): IsoDate[] {
    return this.#sessions.slice(this.indexOnOrAfter(from), this.indexOnOrBefore(to) + 1);
  }

  openMs(session: IsoDate): InstantMs {
    this.sessionIndex(session);
    return newYorkInstant(session, session >= OPENS_AT_0930_FROM ? 9 * 60 + 30 : 10 * 60);
  }

  closeMs(session: IsoDate): InstantMs {
    if (this.isEarlyClose(session)) return newYorkInstant(session, (yearOf(session) >= 1993 ? 13 : 14) * 60);
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

  settlesAtMs(session: IsoDate): InstantMs {
    this.sessionIndex(session);
    return newYorkInstant(this.next(session), SETTLES_AT_MINUTE);
  }

  lastClosedSession(nowMs: InstantMs): IsoDate {
    const today = newYorkAt(nowMs).date;
    if (today > fromEpochDay(this.#firstDay + this.#before.length - 2)) throw this.#outOfRange(today);
    const candidate = this.sessionAt(this.indexOnOrBefore(today));
    return this.closeMs(candidate) <= nowMs ? candidate : this.previous(candidate);
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

function sessionsUpTo(lastYear: number, added: readonly Holiday[]): IsoDate[] {
  const closed = new Set<IsoDate>([...CLOSURES, ...added].map(({ date }) => date));
  for (let year = yearOf(FIRST_SESSION); year <= lastYear; year += 1) {
    for (const { date } of holidaysOf(year)) closed.add(date);
  }
  const sessions: IsoDate[] = [];
  const lastDay = toEpochDay(isoDate(`${lastYear}-12-31`));
  for (let day = toEpochDay(FIRST_SESSION); day <= lastDay; day += 1) {
    const date = fromEpochDay(day);
    const weekday = dayOfWeek(date);
    if (weekday !== 0 && weekday !== 6 && !closed.has(date)) sessions.push(date);
  }
  return sessions;
}

function checkClosures(closures: readonly Holiday[]): void {
  if (closures.length === 0) return;
  const sessions = new Set(sessionsUpTo(HASHED_UP_TO_YEAR, []));
  for (const { date, name } of closures) {
    if (sessions.has(date)) continue;
    throw new UsageError({
      code: 'calendar-closure-invalid',
      message: `The closing "${name}" is on a date that is no session anyway`,
      found: date,
      allowed: `a session from ${FIRST_SESSION} to ${HASHED_UP_TO_YEAR}-12-31`,
    });
  }
}
