import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCalendar } from '#market/calendar/calendar.ts';
import { isVacuumDue, nextRun, runAfter } from './schedule.ts';

const calendar = createCalendar({ lastYear: 2028 });

function next(instant: string): string {
  const { atMs, reason, session } = nextRun(calendar, Date.parse(instant));
  return `${new Date(atMs).toISOString()} ${reason} ${session}`;
}

test('lesson: a schedule in UTC runs an hour late in summer; ours is five minutes after the close all year', () => {
  assert.equal(next('2026-01-15T17:00:00Z'), '2026-01-15T21:05:00.000Z after-close 2026-01-15');
  assert.equal(next('2026-07-15T17:00:00Z'), '2026-07-15T20:05:00.000Z after-close 2026-07-15');
});

test('lesson: half-days were unknown; one closes at 13:00, and its run comes at 13:05', () => {
  assert.equal(next('2026-11-27T17:00:00Z'), '2026-11-27T18:05:00.000Z after-close 2026-11-27');
});

test('over a weekend with the change to daylight saving, the settling run comes at 11:05 on Monday', () => {
  assert.equal(next('2026-03-06T22:00:00Z'), '2026-03-09T15:05:00.000Z settling 2026-03-06');
});

test('lesson: holidays were unknown; a holiday has no run', () => {
  assert.equal(next('2026-11-25T21:06:00Z'), '2026-11-27T16:05:00.000Z settling 2026-11-25');
});

test('a scheduled run that fell inside another one comes right after it', () => {
  const after = (from: string, to: string, again = false): string => {
    const ended = { startedMs: Date.parse(from), endedMs: Date.parse(to), again };
    const { atMs, reason, session } = runAfter(calendar, ended);
    return `${new Date(atMs).toISOString()} ${reason} ${session}`;
  };
  const settling = '2026-11-25T16:05:00.000Z settling 2026-11-24';
  assert.equal(after('2026-11-25T15:55:00Z', '2026-11-25T16:10:00Z'), settling);
  assert.equal(after('2026-11-25T15:55:00Z', '2026-11-25T16:10:00Z', true), settling);
  assert.equal(after('2026-11-25T15:55:00Z', '2026-11-25T16:00:00Z', true), settling, 'sooner than half an hour');
  assert.equal(
    after('2026-11-25T16:05:00Z', '2026-11-25T16:10:00Z'),
    '2026-11-25T21:05:00.000Z after-close 2026-11-25',
  );
  assert.equal(
    after('2026-11-25T16:05:00Z', '2026-11-25T16:10:00Z', true),
    '2026-11-25T16:40:00.000Z again 2026-11-24',
  );
});

test('every session has exactly one run after its close and one that settles it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), (offset) => {
      const sessions = calendar.range(calendar.firstSession, calendar.lastSession);
      const session = sessions.at(-600 + offset);
      if (session === undefined) return;
      const seen: string[] = [];
      let at = calendar.openMs(session);
      for (let runs = 0; runs < 6; runs += 1) {
        const run = nextRun(calendar, at);
        assert.ok(run.atMs > at);
        if (run.session === session) seen.push(run.reason);
        at = run.atMs;
      }
      assert.deepEqual(seen, ['after-close', 'settling']);
    }),
  );
});

test('vacuum is due once a week, when its last session has settled, and later where nobody was there to do it', () => {
  const due = (last: string | undefined, now: string): boolean =>
    isVacuumDue(calendar, last === undefined ? undefined : Date.parse(last), Date.parse(now));
  assert.ok(due(undefined, '2026-11-24T20:00:00Z'));
  // The session of Friday 20 November settles on Monday at eleven in New York.
  assert.ok(!due('2026-11-16T16:06:00Z', '2026-11-23T16:04:00Z'));
  assert.ok(due('2026-11-16T16:06:00Z', '2026-11-23T16:05:00Z'));
  assert.ok(!due('2026-11-23T16:05:00Z', '2026-11-27T21:00:00Z'));
  // Slept through for weeks: once, on waking.
  assert.ok(due('2026-10-05T15:05:00Z', '2026-11-25T03:00:00Z'));
  assert.ok(!due('2026-11-25T03:00:00Z', '2026-11-27T21:00:00Z'));
  // Good Friday: the week ends on Thursday, and its session settles on Monday.
  assert.ok(!due('2026-03-30T15:05:00Z', '2026-04-06T15:04:00Z'));
  assert.ok(due('2026-03-30T15:05:00Z', '2026-04-06T15:05:00Z'));
});
