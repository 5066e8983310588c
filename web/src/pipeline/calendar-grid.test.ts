import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionRow } from '../api/wire.ts';
import { plusDays, weekdayOf } from '../format.ts';
import { nextCell, weeksOf } from './calendar-grid.ts';

function row(session: string): SessionRow {
  const times = { first_fetch_ms: null, last_fetch_ms: null, table_version: 0 };
  return { session, state: 'settled', rows: 1, counted: 1, expected: 1, attempts: 1, early_close: false, ...times };
}

test('every weekday of a year has exactly one cell, in the row of its weekday', () => {
  for (let year = 1995; year <= 2030; year += 1) {
    const seen: string[] = [];
    for (const { days } of weeksOf(year, [])) {
      assert.equal(days.length, 5);
      days.forEach((cell, n) => {
        if (cell === undefined) return;
        assert.equal(weekdayOf(cell.date), n + 1);
        seen.push(cell.date);
      });
    }
    const expected: string[] = [];
    for (let date = `${year}-01-01`; date.startsWith(`${year}-`); date = plusDays(date, 1)) {
      if (weekdayOf(date) >= 1 && weekdayOf(date) <= 5) expected.push(date);
    }
    assert.deepEqual(seen, expected);
  }
});

test('each month is labeled once, in order', () => {
  const months = weeksOf(2026, []).flatMap(({ month }) => (month === undefined ? [] : [month]));
  assert.deepEqual(months, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('keys move from session to session, across weekends and market holidays', () => {
  // Monday 2026-01-19 was a holiday.
  const weeks = weeksOf(2026, ['2026-01-15', '2026-01-16', '2026-01-20', '2026-01-23'].map(row));
  const placeOf = (date: string) => {
    const week = weeks.findIndex(({ days }) => days.some((cell) => cell?.date === date));
    return { week, day: weekdayOf(date) - 1 };
  };
  const step = (from: string, key: string) => {
    const next = nextCell(weeks, placeOf(from), key);
    return next === undefined ? undefined : weeks[next.week]?.days[next.day]?.date;
  };
  assert.equal(step('2026-01-16', 'ArrowDown'), '2026-01-20');
  assert.equal(step('2026-01-20', 'ArrowUp'), '2026-01-16');
  assert.equal(step('2026-01-16', 'ArrowRight'), '2026-01-23');
  assert.equal(step('2026-01-23', 'ArrowRight'), undefined);
  assert.equal(step('2026-01-20', 'Home'), '2026-01-15');
  assert.equal(step('2026-01-15', 'End'), '2026-01-23');
  assert.equal(step('2026-01-15', 'x'), undefined);
});
