import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { RawDailyRow } from '#market/quality.ts';
import { judgeReply } from './judge-reply.ts';

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
  const judged = judgeReply(session, [row('B'), row('C', { close: null }), row('A')], rules);
  assert.deepEqual(
    judged.accepted.map(({ symbol }) => symbol),
    ['A', 'B'],
  );
  assert.deepEqual(
    judged.refused.map(({ rowNumber, reason }) => [rowNumber, reason]),
    [[2, 'missing or non-finite field']],
  );
});

test('equal rows count once; different values of one symbol are all refused', () => {
  const judged = judgeReply(session, [row('A'), row('A'), row('B'), row('B', { close: 12 })], rules);
  assert.deepEqual([judged.accepted.length, judged.collapsed, judged.refused.length], [1, 1, 2]);
});

test('symbols are case-sensitive: BACpB is not BACPB', () => {
  assert.equal(judgeReply(session, [row('BACpB'), row('BACPB', { close: 10 })], rules).accepted.length, 2);
});

test('a row of another session is never put beside the others', () => {
  const judged = judgeReply(session, [row('A', { session: isoDate('2026-11-19') })], rules);
  assert.deepEqual(
    judged.refused.map(({ reason }) => reason),
    ['not a session'],
  );
});
