import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import type { DailyBar } from './bar.ts';
import { restatementsOf } from './restatement.ts';

const before: DailyBar = {
  symbol: 'A',
  session: isoDate('2024-01-03'),
  open: 1,
  high: 2,
  low: 1,
  close: 2,
  volume: 5,
  vwap: null,
  trades: null,
  source: 'massive',
  fetchedAtMs: 10,
};

test('each value that changed is a restatement of its own, with both values', () => {
  const rows = restatementsOf(before, { ...before, close: 1.5, vwap: 1.4, fetchedAtMs: 99 }, 50);
  assert.deepEqual(
    rows.map(({ field, old, new: now, seenAtMs }) => [field, old, now, seenAtMs]),
    [
      ['close', 2, 1.5, 99],
      ['vwap', null, 1.4, 99],
    ],
  );
});

test('a change is a settlement if the old value was fetched before the session settled, a restatement after', () => {
  assert.equal(restatementsOf(before, { ...before, close: 1 }, 11)[0]?.kind, 'settlement');
  assert.equal(restatementsOf(before, { ...before, close: 1 }, 10)[0]?.kind, 'restatement');
});

test('a value that the settling fetch confirmed is final: what changes it later is a restatement', () => {
  assert.equal(restatementsOf(before, { ...before, close: 1 }, 11, true)[0]?.kind, 'restatement');
});

test('another source with equal values restates nothing', () => {
  assert.deepEqual(restatementsOf(before, { ...before, source: 'import', fetchedAtMs: 99 }, 50), []);
});
