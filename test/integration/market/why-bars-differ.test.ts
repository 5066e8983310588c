import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { CalendarWindows } from '#market/calendar-windows.ts';
import { DEFAULT_INTERVALS, windowNumber, windowSessions } from '#market/window.ts';

/** Computes what `docs/reference/why-bars-differ.md` shows. */
const page = readFileSync('docs/reference/why-bars-differ.md', 'utf8');
const calendar = createCalendar({ lastYear: 2028 });
const N = 5;

function assertShown(rows: readonly string[]): void {
  assert.ok(page.includes(`\n${rows.join('\n')}\n`), `the page does not show:\n${rows.join('\n')}`);
}

test('the page shows our windows as they are', () => {
  const rows = [3170, 3171, 3172].map((number) => {
    const sessions = windowSessions(calendar, N, number);
    return `| ${number} | ${sessions[0]} | ${sessions.at(-1)} | ${sessions.length} |`;
  });
  assertShown(rows);
});

for (const anchor of ['2024-12-16', '2024-12-17']) {
  test(`the page shows the vendor's bars from ${anchor} as they are`, () => {
    const windows = new CalendarWindows('day', N, isoDate(anchor));
    const rows = [0, 1, 2, 3, 4].map((number) => {
      const [from, to] = [windows.firstDayOf(number), windows.lastDayOf(number)];
      return `| ${number + 1} | ${from} | ${to} | ${calendar.range(from, to).length} |`;
    });
    assertShown(rows);
  });
}

test('the page shows how windows of a rolling range move', () => {
  const rows = ['2025-01-14', '2025-01-15', '2025-01-16'].map((today) => {
    const kept = calendar.range(isoDate(today.replace('2025', '2020')), isoDate(today));
    const groups = Map.groupBy(kept.keys(), (i) => Math.floor(i / N));
    const bars = [...groups.values()].slice(-2).map((rows) => `${kept[rows[0] ?? 0]} to ${kept[rows.at(-1) ?? 0]}`);
    return `| ${today} | …, ${bars.join(', ')} |`;
  });
  assertShown(rows);
});

test('the page shows how often boundaries agree', () => {
  const sessions = calendar.range(isoDate('2015-01-02'), isoDate('2024-12-31'));
  const firstDays = (numberOf: (session: IsoDate) => number): Set<IsoDate> =>
    new Set(sessions.filter((session, i) => i === 0 || numberOf(sessions[i - 1] ?? session) !== numberOf(session)));
  const written = (value: number): string => value.toLocaleString('en-US');
  const rows = DEFAULT_INTERVALS.map((n) => {
    const ours = firstDays((session) => windowNumber(calendar, n, session));
    const windows = new CalendarWindows('day', n, isoDate('2015-01-02'));
    const vendors = firstDays((session) => windows.numberOf(session));
    const same = ours.intersection(vendors).size;
    return `| ${n} | ${written(ours.size)} | ${written(vendors.size)} | ${Math.round((100 * same) / ours.size)}% |`;
  });
  assertShown(rows);
});
