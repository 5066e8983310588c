import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { addDays, fromEpochDay, type IsoDate, isoDate, toEpochDay, weekdayOf, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { createCalendar } from './calendar.ts';
import { CLOSURES } from './closures.ts';
import { earlyClosesOf, holidaysOf } from './holidays.ts';

/** Sessions by two other programs; the file names them. */
interface Recorded {
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
  readonly sessions: number;
  readonly sessionsByYear: Readonly<Record<string, number>>;
  readonly sessionDatesDigest: string;
  readonly earlyClosesAt1300Since1993: readonly IsoDate[];
  readonly newYorkHoursFromUtcSince1993: readonly (readonly [IsoDate, number])[];
  readonly openAndCloseMsSince1993Digest: string;
}
const fixture = new URL('../../../test/fixtures/xnys-sessions.json', import.meta.url);
const recorded = JSON.parse(readFileSync(fixture, 'utf8')) as Recorded;

const HOUR_MS = 3_600_000;
const calendar = createCalendar({ lastYear: 2028 });

const anyDate = fc
  .integer({ min: toEpochDay(isoDate('1961-01-01')), max: toEpochDay(isoDate('2030-12-31')) })
  .map(fromEpochDay);
const anySession = fc
  .integer({ min: 0, max: calendar.sessionIndex(calendar.lastSession) })
  .map((index) => calendar.sessionAt(index));

function sessionsOf(year: number | string): IsoDate[] {
  return calendar.range(isoDate(`${year}-01-01`), isoDate(`${year}-12-31`));
}

function sha256(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

function failsWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof CondvestError && error.code === code;
}

describe('session dates', () => {
  test('have the indexes of the data model', () => {
    const expected: readonly [string, number][] = [
      ['1962-01-02', 0],
      ['1970-01-02', 1987],
      ['1999-11-01', 9526],
      ['2021-04-21', 14927],
      ['2025-01-08', 15862],
      ['2026-11-20', 16331],
    ];
    for (const [session, index] of expected) {
      assert.equal(calendar.sessionIndex(isoDate(session)), index, session);
      assert.equal(calendar.sessionAt(index), session);
    }
  });

  test('are as many in each year as other calendars have', () => {
    const found = Object.fromEntries(
      Object.keys(recorded.sessionsByYear).map((year) => [year, sessionsOf(year).length]),
    );
    assert.deepEqual(found, recorded.sessionsByYear);
  });

  test('are the very dates that other calendars have', () => {
    const sessions = calendar.range(recorded.firstSession, recorded.lastSession);
    assert.equal(sessions.length, recorded.sessions);
    assert.equal(sha256(sessions), recorded.sessionDatesDigest);
    assert.equal(calendar.firstSession, recorded.firstSession);
    assert.equal(calendar.lastSession, recorded.lastSession);
  });

  test('leave out the holidays as each time kept them', () => {
    const closed: readonly [string, string][] = [
      ['1964-11-03', 'Election Day'],
      ['1968-11-05', 'Election Day'],
      ['1980-11-04', 'Election Day'],
      ['1969-02-21', "Washington's Birthday"],
      ['1971-02-15', "Washington's Birthday"],
      ['1969-05-30', 'Memorial Day'],
      ['1971-05-31', 'Memorial Day'],
      ['1998-01-19', 'Martin Luther King Jr. Day'],
      ['2022-06-20', 'Juneteenth'],
      ['2023-01-02', "New Year's Day"],
      ['2024-03-29', 'Good Friday'],
      ['2020-07-03', 'Independence Day'],
      ['2021-12-24', 'Christmas Day'],
      ['1968-06-12', 'Paper crisis'],
      ['1977-07-14', 'Blackout in New York'],
      ['2001-09-14', 'Attack on the World Trade Center'],
      ['2012-10-30', 'Hurricane Sandy'],
      ['2025-01-09', 'Funeral of President Carter'],
      ['2024-01-06', 'weekend'],
    ];
    for (const [date, reason] of closed) {
      assert.equal(calendar.isSession(isoDate(date)), false, date);
      assert.equal(calendar.whyClosed(isoDate(date)), reason, date);
    }
  });

  test('include the days that only look like holidays', () => {
    const open = {
      "New Year's Day on a Saturday": ['1971-12-31', '1999-12-31', '2010-12-31', '2021-12-31', '2027-12-31'],
      'Martin Luther King Jr. Day before it was kept': ['1997-01-20'],
      'Election Days of other years': ['1969-11-04', '1970-11-03', '1974-11-05', '1984-11-06'],
      'Juneteenth before it was kept': ['2020-06-19', '2021-06-18'],
      'Memorial Day on a Saturday in 1970': ['1970-05-29'],
      'Columbus Day and Veterans Day': ['2024-10-14', '2024-11-11'],
      'Wednesdays of 1968 in weeks with another closing': ['1968-07-03', '1968-09-04', '1968-11-06', '1968-11-27'],
    };
    for (const date of Object.values(open).flat()) {
      assert.equal(calendar.isSession(isoDate(date)), true, date);
      assert.equal(calendar.whyClosed(isoDate(date)), undefined, date);
    }
  });

  test('are every day that has no reason to be closed, and no other', () => {
    for (let date = calendar.firstSession; date <= isoDate('2028-12-31'); date = addDays(date, 1)) {
      assert.equal(calendar.isSession(date), calendar.whyClosed(date) === undefined, date);
    }
  });

  test('are numbered without a gap', () => {
    fc.assert(
      fc.property(anySession, (session) => {
        const index = calendar.sessionIndex(session);
        assert.equal(calendar.sessionAt(index), session);
        assert.equal(calendar.indexOnOrAfter(session), index);
        assert.equal(calendar.indexOnOrBefore(session), index);
        if (session < calendar.lastSession) assert.equal(calendar.sessionIndex(calendar.next(session)), index + 1);
        if (session > calendar.firstSession) assert.equal(calendar.sessionIndex(calendar.previous(session)), index - 1);
      }),
    );
  });

  test('around any date are the nearest', () => {
    fc.assert(
      fc.property(anyDate, (date) => {
        const after = calendar.indexOnOrAfter(date);
        const before = calendar.indexOnOrBefore(date);
        assert.equal(after - before, calendar.isSession(date) ? 0 : 1);
        if (after <= calendar.sessionIndex(calendar.lastSession)) assert.ok(calendar.sessionAt(after) >= date);
        if (before >= 0) assert.ok(calendar.sessionAt(before) <= date);
      }),
    );
  });

  test('of a range are those of its parts', () => {
    fc.assert(
      fc.property(anyDate, anyDate, anyDate, (a, b, c) => {
        const [from, middle, to] = [a, b, c].sort() as [IsoDate, IsoDate, IsoDate];
        const whole = calendar.range(from, to);
        assert.deepEqual(whole, [...calendar.range(from, middle), ...calendar.range(addDays(middle, 1), to)]);
        assert.ok(whole.every((session) => session >= from && session <= to));
      }),
      { numRuns: 50 },
    );
    assert.deepEqual(calendar.range(isoDate('2024-02-01'), isoDate('2024-01-01')), []);
  });

  test('are counted n at a time, from any date', () => {
    assert.equal(calendar.next(isoDate('2024-01-12')), '2024-01-16');
    assert.equal(calendar.next(isoDate('2024-01-13'), 2), '2024-01-17');
    assert.equal(calendar.previous(isoDate('2024-01-16')), '2024-01-12');
    assert.equal(calendar.previous(isoDate('2024-01-15'), 2), '2024-01-11');
  });

  test('that are none, or lie beyond the calendar, are refused with what would do', () => {
    assert.throws(
      () => calendar.sessionIndex(isoDate('2025-01-09')),
      (error) =>
        failsWith('calendar-not-a-session')(error) &&
        /Funeral of President Carter.*2025-01-09.*2025-01-08 or 2025-01-10/.test(String(error)),
    );
    assert.throws(() => calendar.sessionIndex(isoDate('1962-01-01')), failsWith('calendar-out-of-range'));
    assert.throws(() => calendar.sessionIndex(isoDate('2029-01-02')), failsWith('calendar-out-of-range'));
    assert.throws(() => calendar.sessionAt(-1), failsWith('calendar-out-of-range'));
    assert.throws(() => calendar.sessionAt(recorded.sessions), failsWith('calendar-out-of-range'));
    assert.throws(() => calendar.previous(calendar.firstSession), failsWith('calendar-out-of-range'));
    assert.throws(() => calendar.next(calendar.lastSession), failsWith('calendar-out-of-range'));
    assert.throws(() => calendar.openMs(isoDate('2024-12-25')), failsWith('calendar-not-a-session'));
    assert.throws(() => calendar.isEarlyClose(isoDate('2024-12-25')), failsWith('calendar-not-a-session'));
  });
});

describe('rules and closings', () => {
  test('fall on the weekdays that their names promise', () => {
    const weekdays: Readonly<Record<string, number>> = {
      'Martin Luther King Jr. Day': 1,
      'Good Friday': 5,
      'Labor Day': 1,
      'Election Day': 2,
      'Thanksgiving Day': 4,
      'Day after Thanksgiving': 5,
    };
    for (let year = 1962; year <= 2099; year += 1) {
      for (const { date, name } of [...holidaysOf(year), ...earlyClosesOf(year)]) {
        assert.equal(yearOf(date), year, `${name} ${date}`);
        assert.ok(weekdayOf(toEpochDay(date)) >= 1 && weekdayOf(toEpochDay(date)) <= 5, `${name} ${date}`);
        assert.equal(weekdayOf(toEpochDay(date)), weekdays[name] ?? weekdayOf(toEpochDay(date)), `${name} ${date}`);
      }
    }
  });

  test('are listed in order, and no closing repeats a holiday', () => {
    for (let year = 1962; year <= 2099; year += 1) {
      for (const list of [holidaysOf(year), earlyClosesOf(year)]) {
        const dates = list.map(({ date }) => date);
        assert.deepEqual(dates, [...new Set(dates)].sort());
      }
    }
    const closings = CLOSURES.map(({ date }) => date);
    assert.deepEqual(closings, [...new Set(closings)].sort());
    for (const date of closings) assert.ok(!holidaysOf(yearOf(date)).some((holiday) => holiday.date === date), date);
    assert.equal(CLOSURES.filter(({ name }) => name === 'Paper crisis').length, 23);
  });
});

describe('open and close', () => {
  test('are the instants that other calendars have, since 1993', () => {
    const sessions = calendar.range(isoDate('1993-01-01'), recorded.lastSession);
    const lines = sessions.map((session) => `${session} ${calendar.openMs(session)} ${calendar.closeMs(session)}`);
    assert.equal(sha256(lines), recorded.openAndCloseMsSince1993Digest);
  });

  test('are early on the days that other calendars have, since 1993', () => {
    const sessions = calendar.range(isoDate('1993-01-01'), recorded.lastSession);
    assert.deepEqual(
      sessions.filter((session) => calendar.isEarlyClose(session)),
      recorded.earlyClosesAt1300Since1993,
    );
    assert.equal(calendar.closeMs(isoDate('2024-07-03')), Date.parse('2024-07-03T13:00:00-04:00'));
    assert.equal(calendar.closeMs(isoDate('2024-12-24')), Date.parse('2024-12-24T13:00:00-05:00'));
    assert.equal(calendar.closeMs(isoDate('1992-12-24')), Date.parse('1992-12-24T14:00:00-05:00'));
  });

  test('move with daylight saving on the days on which it began and ended', () => {
    let hours: number | undefined;
    const changes: [IsoDate, number][] = [];
    for (const session of calendar.range(isoDate('1993-01-01'), recorded.lastSession)) {
      const now = (Date.parse(`${session}T09:30:00Z`) - calendar.openMs(session)) / HOUR_MS;
      if (now !== hours) changes.push([session, now]);
      hours = now;
    }
    assert.deepEqual(changes, recorded.newYorkHoursFromUtcSince1993);
  });

  test('do not depend on the zone of the machine', () => {
    const before = process.env.TZ;
    const summer = isoDate('2024-07-10');
    try {
      for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/Los_Angeles', 'UTC']) {
        process.env.TZ = zone;
        const fresh = createCalendar({ lastYear: 2026 });
        assert.equal(fresh.openMs(summer), Date.parse('2024-07-10T13:30:00Z'), zone);
        assert.equal(fresh.closeMs(summer), Date.parse('2024-07-10T20:00:00Z'), zone);
        assert.equal(fresh.lastClosedSession(Date.parse('2024-07-10T20:00:00Z')), summer, zone);
        assert.equal(fresh.hash, calendar.hash, zone);
      }
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });

  test('enclose the session, and the session settles at 11:00 in New York on the next', () => {
    fc.assert(
      fc.property(anySession, (session) => {
        assert.ok(calendar.openMs(session) < calendar.closeMs(session));
        if (session === calendar.lastSession) return;
        const next = calendar.next(session);
        assert.ok(calendar.closeMs(session) < calendar.openMs(next));
        assert.ok(calendar.settlesAtMs(session) > calendar.openMs(next));
        assert.ok(calendar.settlesAtMs(session) < calendar.closeMs(next));
      }),
    );
    assert.equal(calendar.settlesAtMs(isoDate('2024-03-08')), Date.parse('2024-03-11T11:00:00-04:00'));
    assert.equal(calendar.settlesAtMs(isoDate('2024-07-03')), Date.parse('2024-07-05T11:00:00-04:00'));
  });
});

describe('the last closed session', () => {
  test('changes at the close, to the millisecond', () => {
    fc.assert(
      fc.property(anySession, (session) => {
        if (session === calendar.firstSession) return;
        const closeMs = calendar.closeMs(session);
        assert.equal(calendar.lastClosedSession(closeMs), session);
        assert.equal(calendar.lastClosedSession(closeMs - 1), calendar.previous(session));
      }),
    );
  });

  test('stays over nights, weekends and holidays', () => {
    const expected: readonly [string, string][] = [
      ['2024-07-03T12:59:59-04:00', '2024-07-02'],
      ['2024-07-03T13:00:00-04:00', '2024-07-03'],
      ['2024-07-04T16:30:00-04:00', '2024-07-03'],
      ['2024-07-08T03:00:00Z', '2024-07-05'],
      ['2025-01-01T02:00:00Z', '2024-12-31'],
    ];
    for (const [instant, session] of expected) {
      assert.equal(calendar.lastClosedSession(Date.parse(instant)), session, instant);
    }
  });

  test('is not guessed beyond the calendar', () => {
    assert.throws(
      () => calendar.lastClosedSession(Date.parse('2029-01-02T22:00:00Z')),
      failsWith('calendar-out-of-range'),
    );
    assert.throws(
      () => calendar.lastClosedSession(Date.parse('1962-01-02T12:00:00Z')),
      failsWith('calendar-out-of-range'),
    );
  });
});

describe('closings by configuration', () => {
  const closing = { date: isoDate('2027-03-03'), name: 'Day of mourning' };

  test('make a session no session and move all later indexes by one', () => {
    const added = createCalendar({ lastYear: 2028, closures: [closing] });
    assert.equal(added.isSession(closing.date), false);
    assert.equal(added.whyClosed(closing.date), 'Day of mourning');
    assert.deepEqual(added.addedClosures, [closing]);
    const index = calendar.sessionIndex(closing.date);
    assert.equal(added.sessionAt(index - 1), calendar.sessionAt(index - 1));
    assert.equal(added.sessionAt(index), calendar.sessionAt(index + 1));
    assert.equal(added.lastSession, calendar.lastSession);
  });

  test('that the calendar knows already are allowed and change nothing', () => {
    const known = { date: isoDate('2025-01-09'), name: 'Mourning' };
    const added = createCalendar({ lastYear: 2028, closures: [known, known] });
    assert.equal(added.hash, calendar.hash);
  });

  test('on a weekend or outside its years are refused', () => {
    for (const date of ['2027-03-06', '1961-06-01', '2100-03-03']) {
      assert.throws(
        () => createCalendar({ lastYear: 2028, closures: [{ date: isoDate(date), name: 'x' }] }),
        failsWith('calendar-closure-invalid'),
      );
    }
  });
});

describe('the hash', () => {
  /** A release that changes this value makes every lake recompute silver from the first differing session on. */
  test('is that of the calendar as released', () => {
    assert.equal(calendar.hash, 'e13b8b6bd7c106c04da58aa2b2cd2e4a98e80582f800ed5cd1d04894848655fd');
  });

  test('does not change with the horizon', () => {
    for (const lastYear of [1962, 2024, 2099]) assert.equal(createCalendar({ lastYear }).hash, calendar.hash);
  });

  test('changes with each closing, also one beyond the horizon, and not with their order', () => {
    const [a, b] = ['2027-03-03', '2040-03-05'].map((date) => ({ date: isoDate(date), name: date }));
    assert.ok(a !== undefined && b !== undefined);
    const hashes = [[], [a], [b], [a, b]].map((closures) => createCalendar({ lastYear: 2028, closures }).hash);
    assert.equal(new Set(hashes).size, 4);
    assert.equal(createCalendar({ lastYear: 2028, closures: [b, a] }).hash, hashes[3]);
  });
});
