import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { gapRuns } from './gap-runs.ts';

const calendar = createCalendar({ lastYear: 2028 });
const gap = (session: string, reason = 'missing') => ({ session: isoDate(session), reason });

test('sessions that follow each other are one run, across weekends and holidays; the newest run comes first', () => {
  // Monday 2026-01-19 was a holiday.
  const sessions = ['2026-01-08', '2026-01-15', '2026-01-16', '2026-01-20'].map((session) => gap(session));
  assert.deepEqual(gapRuns(calendar, sessions), [
    { first: '2026-01-15', last: '2026-01-20', sessions: 3, reason: 'missing' },
    { first: '2026-01-08', last: '2026-01-08', sessions: 1, reason: 'missing' },
  ]);
});

test('a run has one reason', () => {
  const sessions = [gap('2026-01-06'), gap('2026-01-07', 'partial'), gap('2026-01-08', 'partial')];
  assert.deepEqual(
    gapRuns(calendar, sessions).map(({ reason, sessions: count }) => [reason, count]),
    [
      ['partial', 2],
      ['missing', 1],
    ],
  );
  assert.deepEqual(gapRuns(calendar, []), []);
});

test('years without a session are one run', () => {
  const sessions = calendar.range(isoDate('2021-04-22'), isoDate('2026-11-30')).map((session) => gap(session));
  const [run, ...others] = gapRuns(calendar, sessions);
  assert.deepEqual([run?.first, run?.last, run?.sessions], ['2021-04-22', '2026-11-30', sessions.length]);
  assert.deepEqual(others, []);
});
