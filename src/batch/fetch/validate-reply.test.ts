import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { RawDailyRow } from '#market/quality.ts';
import { validateReply } from './validate-reply.ts';

const session = isoDate('2026-11-20');
const rules = { calendar: createCalendar({ lastYear: 2028 }), lastSession: session };
const row = (symbol: string, more: Partial<RawDailyRow> = {}): RawDailyRow => ({
  symbol,
  session,
  open: 10,
  high: 12,
  low: 9,
  close: 11,
  volume: 100,
  vwap: null,
  trades: null,
  ...more,
});

test('each row is accepted or refused with its reason and place', () => {
  const validated = validateReply(session, [row('B'), row('C', { close: null }), row('A')], rules);
  assert.deepEqual(
    validated.accepted.map(({ symbol }) => symbol),
    ['A', 'B'],
  );
  assert.deepEqual(
    validated.rejected.map(({ rowNumber, reason }) => [rowNumber, reason]),
    [[2, 'missing or non-finite field']],
  );
});

test('equal rows count once; different values of one symbol are all refused', () => {
  const validated = validateReply(session, [row('A'), row('A'), row('B'), row('B', { close: 12 })], rules);
  assert.deepEqual([validated.accepted.length, validated.collapsed, validated.rejected.length], [1, 1, 2]);
});

test('symbols are case-sensitive: BACpB is not BACPB', () => {
  assert.equal(validateReply(session, [row('BACpB'), row('BACPB', { close: 10 })], rules).accepted.length, 2);
});

test('a row of another session is never put beside the others', () => {
  const validated = validateReply(session, [row('A', { session: isoDate('2026-11-19') })], rules);
  assert.deepEqual(
    validated.rejected.map(({ reason }) => reason),
    ['not a session'],
  );
});
