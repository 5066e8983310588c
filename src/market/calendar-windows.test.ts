import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { addDays, fromEpochDay, isoDate, toEpochDay, weekdayOf } from '#base/dates.ts';
import { CALENDAR_UNITS, CalendarWindows } from './calendar-windows.ts';

const span = (windows: CalendarWindows, n: number): string => `${windows.firstDayOf(n)}..${windows.lastDayOf(n)}`;

test('windows of days begin on the day that is asked for', () => {
  const windows = new CalendarWindows('day', 5, isoDate('2024-01-03'));
  assert.equal(span(windows, 0), '2024-01-03..2024-01-07');
  assert.equal(span(windows, 1), '2024-01-08..2024-01-12');
  assert.equal(windows.numberOf(isoDate('2024-01-02')), -1);
});

test('weeks begin on Sunday, quarters and years with their first month, whatever day is asked for', () => {
  const anchor = isoDate('2024-05-15');
  assert.equal(span(new CalendarWindows('week', 1, anchor), 0), '2024-05-12..2024-05-18');
  assert.equal(span(new CalendarWindows('month', 2, anchor), 0), '2024-05-01..2024-06-30');
  assert.equal(span(new CalendarWindows('quarter', 1, anchor), 0), '2024-04-01..2024-06-30');
  assert.equal(span(new CalendarWindows('quarter', 3, anchor), 1), '2025-01-01..2025-09-30');
  assert.equal(span(new CalendarWindows('year', 1, anchor), 0), '2024-01-01..2024-12-31');
  assert.equal(span(new CalendarWindows('week', 1, isoDate('1969-12-31')), 0), '1969-12-28..1970-01-03');
  assert.equal(span(new CalendarWindows('month', 1, isoDate('1969-12-31')), 0), '1969-12-01..1969-12-31');
});

test('windows lie one after the other without a gap, and a window that begins a query is that of the query', () => {
  const day = fc.integer({ min: toEpochDay(isoDate('1962-01-02')), max: toEpochDay(isoDate('2030-12-31')) });
  const property = fc.property(
    fc.constantFrom(...CALENDAR_UNITS),
    fc.integer({ min: 1, max: 60 }),
    day,
    day,
    (unit, multiplier, anchorDay, otherDay) => {
      const windows = new CalendarWindows(unit, multiplier, fromEpochDay(anchorDay));
      const date = fromEpochDay(otherDay);
      const number = windows.numberOf(date);
      assert.ok(windows.firstDayOf(number) <= date && date <= windows.lastDayOf(number));
      assert.equal(addDays(windows.lastDayOf(number), 1), windows.firstDayOf(number + 1));
      if (unit === 'week') assert.equal(weekdayOf(toEpochDay(windows.firstDayOf(number))), 0);
      const again = new CalendarWindows(unit, multiplier, windows.firstDayOf(number));
      assert.equal(again.firstDayOf(0), windows.firstDayOf(number));
      assert.equal(again.lastDayOf(3), windows.lastDayOf(number + 3));
    },
  );
  fc.assert(property, { numRuns: 2000 });
});
