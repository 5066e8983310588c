import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';

import { allWindows, groupsOf, outdatedFrom, publishedOf, touchedWindows, windowAt } from './plan.ts';

const CALENDAR = createCalendar({ lastYear: 2028 });
const NO_CHANGES = { sessions: SessionSet.empty, exDates: [] };

function published(from: string, count: number, without: readonly number[] = []) {
  const first = CALENDAR.indexOnOrAfter(isoDate(from));
  const indexes = Array.from({ length: count }, (_, i) => first + i).filter((_, i) => !without.includes(i));
  return publishedOf(
    CALENDAR,
    indexes.map((index) => CALENDAR.sessionAt(index)),
  );
}

test('a changed session touches the one window it lies in', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 252 }), fc.integer({ min: 0, max: 16_000 }), (interval, index) => {
      const changes = { ...NO_CHANGES, sessions: SessionSet.of([CALENDAR.sessionAt(index)]) };
      assert.deepEqual(touchedWindows(CALENDAR, interval, changes), [Math.floor(index / interval)]);
    }),
  );
});

test('a date without a session touches nothing', () => {
  const changes = { ...NO_CHANGES, sessions: SessionSet.of([isoDate('2024-12-25'), isoDate('2024-12-28')]) };
  assert.deepEqual(touchedWindows(CALENDAR, 5, changes), []);
});

test('a split on the first session of a window touches no window', () => {
  const start = CALENDAR.sessionAt(15_800);
  assert.deepEqual(touchedWindows(CALENDAR, 5, { ...NO_CHANGES, exDates: [start] }), []);
  assert.deepEqual(touchedWindows(CALENDAR, 5, { ...NO_CHANGES, exDates: [CALENDAR.next(start)] }), [3160]);
});

test('a split on a weekend cuts before the session after it', () => {
  const monday = isoDate('2024-06-10');
  const index = CALENDAR.sessionIndex(monday);
  const interval = index % 2 === 0 ? 3 : 2;
  const expected = index % interval === 0 ? [] : [Math.floor(index / interval)];
  const changes = { ...NO_CHANGES, exDates: [addDays(monday, -1)] };
  assert.deepEqual(touchedWindows(CALENDAR, interval, changes), expected);
});

test('a split far outside the calendar touches nothing', () => {
  const changes = { ...NO_CHANGES, exDates: [isoDate('1901-05-05'), isoDate('2099-05-05')] };
  assert.deepEqual(touchedWindows(CALENDAR, 5, changes), []);
});

test('a window is complete when all its sessions are published, and open while it reaches past the last one', () => {
  const first = Math.ceil(CALENDAR.indexOnOrAfter(isoDate('2024-03-01')) / 5) * 5;
  const sessions = published(CALENDAR.sessionAt(first), 12, [6]);
  const state = [0, 1, 2].map((n) => {
    const window = windowAt(CALENDAR, 5, first / 5 + n, sessions);
    return [window.complete, window.open, window.lastPublished];
  });
  assert.deepEqual(state, [
    [true, false, CALENDAR.sessionAt(first + 4)],
    [false, false, CALENDAR.sessionAt(first + 9)],
    [false, true, CALENDAR.sessionAt(first + 11)],
  ]);
});

test('all windows are those with a published session', () => {
  const first = Math.ceil(CALENDAR.indexOnOrAfter(isoDate('2024-03-01')) / 3) * 3;
  const sessions = published(CALENDAR.sessionAt(first), 10, [3, 4, 5]);
  assert.deepEqual(
    allWindows(3, sessions).map((number) => number - first / 3),
    [0, 2, 3],
  );
});

test('a calendar that has not changed finds every stored window in its place', () => {
  const sessions = published('2024-01-02', 100);
  const stored = allWindows(8, sessions).map((number) => windowAt(CALENDAR, 8, number, sessions));
  assert.equal(outdatedFrom(CALENDAR, 8, stored), undefined);
});

test('a new closing outdates the windows from the one it lies in on, whatever their order in storage', () => {
  const sessions = published('2024-01-02', 100);
  const stored = allWindows(8, sessions).map((number) => windowAt(CALENDAR, 8, number, sessions));
  const closed = isoDate('2024-03-15');
  const calendar = createCalendar({ lastYear: 2028, closures: [{ date: closed, name: 'test' }] });
  const holder = stored.find((window) => window.firstSession <= closed && closed <= window.lastSession);
  assert.ok(holder);
  const outdated = outdatedFrom(calendar, 8, stored.toReversed());
  assert.equal(outdated?.fromWindow, holder.number);
  assert.equal(outdated?.obsolete.min, holder.firstSession);
  assert.equal(outdated?.obsolete.size, stored.filter((window) => window.number >= holder.number).length);
});

test('a closing that is taken back outdates the windows from where it lay on', () => {
  const closed = isoDate('2024-03-15');
  const calendar = createCalendar({ lastYear: 2028, closures: [{ date: closed, name: 'test' }] });
  const before = publishedOf(calendar, calendar.range(isoDate('2024-01-02'), isoDate('2024-05-01')));
  const stored = allWindows(8, before).map((number) => windowAt(calendar, 8, number, before));
  const outdated = outdatedFrom(CALENDAR, 8, stored);
  assert.equal(outdated?.fromWindow, Math.floor(CALENDAR.sessionIndex(closed) / 8));
});

test('tables are folded together as long as the bars of a year fit, and a table that does not fit is folded alone', () => {
  const tables = [3, 5, 8, 13, 21, 34].map((interval) => ({ interval, windows: new Array(400) }));
  const lengths = (symbols: number) => groupsOf(tables, symbols).map((group) => group.map(({ interval }) => interval));
  assert.deepEqual(lengths(14_000), [[3, 5, 8, 13, 21, 34]]);
  assert.deepEqual(lengths(25_000), [[3], [5, 8, 13, 21], [34]]);
  assert.deepEqual(lengths(1_000_000), [[3], [5], [8], [13], [21], [34]]);
  // A night touches one window a table.
  const night = tables.map(({ interval }) => ({ interval, windows: new Array(1) }));
  assert.equal(groupsOf(night, 400_000).length, 1);
  assert.deepEqual(groupsOf([], 10), []);
});
