import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defined } from '#base/assert.ts';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { LedgerRow, SessionState } from '#market/ledger.ts';
import { completeThrough, planFetch } from './plan.ts';

const calendar = createCalendar({ lastYear: 2028 });
const day = (number: number) => isoDate(`2026-11-${String(number).padStart(2, '0')}`);
const nowMs = Date.parse('2026-11-20T21:10:00Z');

function ledgerOf(states: Readonly<Record<number, SessionState>>): Map<ReturnType<typeof day>, LedgerRow> {
  return new Map(
    Object.entries(states).map(([number, state]) => {
      const session = day(Number(number));
      return [
        session,
        { session, state, rows: 9, counted: 9, expected: 10, attempts: 1, firstFetchMs: 0, lastFetchMs: 0 },
      ];
    }),
  );
}

const plan = (states: Readonly<Record<number, SessionState>>, more: object = {}): string[] =>
  planFetch({ calendar, ledger: ledgerOf(states), nowMs, ...more }).map(
    ({ session, reason }) => `${session} ${reason}`,
  );

test('a hole is work to do, however old: not only what comes after the newest session', () => {
  assert.deepEqual(plan({ 16: 'settled', 18: 'settled', 19: 'settled', 20: 'provisional' }), ['2026-11-17 missing']);
});

test('partial sessions and those whose corrections are over are fetched again, settled ones are not', () => {
  const states = { 16: 'settled', 17: 'partial', 18: 'provisional', 19: 'provisional', 20: 'provisional' } as const;
  assert.deepEqual(plan(states), ['2026-11-17 partial', '2026-11-18 settling', '2026-11-19 settling']);
  assert.deepEqual(plan(states, { settleOnly: true }), ['2026-11-18 settling', '2026-11-19 settling']);
});

test('who plans time after time leaves out what was looked at since the last close, once its corrections are over', () => {
  const lookedAt = (session: number, atMs: number, state: SessionState = 'partial'): string[] => {
    const row = ledgerOf({ [session]: state }).get(day(session));
    const ledger = new Map([[day(session), { ...defined(row, 'it was put there'), lastFetchMs: atMs }]]);
    const inputs = { calendar, ledger, nowMs, to: day(session) };
    assert.equal(planFetch(inputs).length, 1, 'a person may ask as often as they like');
    return planFetch({ ...inputs, newOpinionsOnly: true }).map(({ reason }) => reason);
  };
  const closeMs = calendar.closeMs(day(20));
  assert.deepEqual(lookedAt(18, closeMs + 1), []);
  assert.deepEqual(lookedAt(18, closeMs - 1), ['partial'], 'another session has closed since');
  assert.deepEqual(lookedAt(20, closeMs + 1), ['partial'], 'the vendor is still at work on it');
  assert.deepEqual(lookedAt(18, calendar.settlesAtMs(day(18)) - 1, 'provisional'), ['settling']);
  assert.deepEqual(lookedAt(18, closeMs - 1, 'provisional'), ['settling'], 'the last look was short, and is a day old');
  assert.deepEqual(lookedAt(18, closeMs + 1, 'provisional'), [], 'the last look was short');
});

test('a session that has not closed is never planned, whatever is asked for', () => {
  const before = Date.parse('2026-11-20T20:59:00Z');
  const planned = planFetch({ calendar, ledger: new Map(), nowMs: before, from: day(19), to: day(30) });
  assert.deepEqual(
    planned.map(({ session }) => session),
    ['2026-11-19'],
  );
});

test('what the plan of the source does not cover is no hole, unless it is asked for by name', () => {
  const states = { 13: 'settled', 20: 'provisional' } as const;
  assert.deepEqual(plan(states, { horizon: day(18) }), ['2026-11-19 missing']);
  assert.equal(plan(states, { horizon: day(18), from: day(16) }).length, 4);
});

test('the watermark is the last session with no hole before it', () => {
  assert.equal(completeThrough(calendar, ledgerOf({ 16: 'settled', 17: 'settled', 19: 'settled' })), '2026-11-17');
  assert.equal(completeThrough(calendar, ledgerOf({ 16: 'settled', 17: 'partial' })), '2026-11-16');
  assert.equal(completeThrough(calendar, new Map()), undefined);
});
