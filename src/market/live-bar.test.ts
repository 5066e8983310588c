import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { liveBarKey, type RevisedLiveBar } from './live-bar.ts';

const bar: RevisedLiveBar = {
  symbol: 'BRK.B',
  session: isoDate('2026-11-24'),
  interval: '5m',
  alignment: 'session',
  startMs: Date.parse('2026-11-24T09:30:00-05:00'),
  endMs: Date.parse('2026-11-24T09:35:00-05:00'),
  part: 'rth',
  rev: 3,
  state: 'forming',
  origin: 'built',
  auction: true,
  open: 500.1,
  high: 500.5,
  low: 499.9,
  close: 500,
  volume: 1200.5,
  vwap: 500.2,
  trades: 31,
};

test('revisions of a live bar share a key, and no other bar has it', () => {
  const corrected: RevisedLiveBar = { ...bar, rev: 4, state: 'corrected', close: 501 };
  assert.equal(liveBarKey(corrected), liveBarKey(bar));
  const others: readonly Partial<RevisedLiveBar>[] = [
    { symbol: 'BRK.A' },
    { interval: '15m' },
    { alignment: 'clock' },
    { startMs: bar.endMs },
  ];
  for (const other of others) assert.notEqual(liveBarKey({ ...bar, ...other }), liveBarKey(bar));
});
