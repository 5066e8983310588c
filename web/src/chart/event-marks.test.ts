import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bar, EventsResponse } from '../api/wire.ts';
import { marksOf } from './event-marks.ts';

const values = { open: 1, high: 1, low: 1, close: 1, volume: 1, vwap: 1, trades: 1 };

function daily(session: string): Bar {
  return { symbol: 'A', session, finality: 'settled', ...values };
}

function window(first_session: string, last_session: string): Bar {
  const count = { sessions: 3, expected: 3, complete: true };
  return { symbol: 'A', first_session, last_session, finality: 'settled', ...count, ...values };
}

const UNKNOWN = { declaration_date: null, record_date: null, pay_date: null, frequency: null };

function events(dividends: readonly string[], splits: readonly string[] = []): EventsResponse {
  return {
    symbol: 'A',
    security_id: 'A',
    splits: splits.map((ex_date) => ({ ex_date, split_from: 1, split_to: 4, source: null, applied: true })),
    dividends: dividends.map((ex_date) => ({ ex_date, kind: 'CD', cash_amount: 0.25, source: null, ...UNKNOWN })),
    held: [],
  };
}

test('an event is placed on the bar of its ex-date', () => {
  const bars = [daily('2024-01-02'), daily('2024-01-03'), daily('2024-01-05')];
  assert.deepEqual(
    marksOf(bars, events(['2024-01-03'])).map(({ bar, terms }) => [bar, terms]),
    [[1, '$0.25']],
  );
});

test('an event on a day without a bar is placed on the next bar', () => {
  const bars = [daily('2024-01-02'), daily('2024-01-03'), daily('2024-01-05')];
  assert.deepEqual(
    marksOf(bars, events(['2024-01-04'])).map(({ bar }) => bar),
    [2],
  );
});

test('events before the first bar or after the last one are left out', () => {
  const bars = [daily('2024-01-02'), daily('2024-01-03')];
  assert.deepEqual(marksOf(bars, events(['2024-01-01', '2024-01-04'])), []);
  assert.deepEqual(marksOf([], events(['2024-01-01'])), []);
});

test('an event is placed on the window that contains its ex-date, ends included', () => {
  const bars = [window('2024-01-02', '2024-01-04'), window('2024-01-05', '2024-01-09')];
  const marks = marksOf(bars, events(['2024-01-02', '2024-01-04', '2024-01-05', '2024-01-09'], ['2024-01-08']));
  assert.deepEqual(
    marks.map(({ bar, exDate }) => [bar, exDate]),
    [
      [0, '2024-01-02'],
      [0, '2024-01-04'],
      [1, '2024-01-05'],
      [1, '2024-01-08'],
      [1, '2024-01-09'],
    ],
  );
  assert.equal(marks[3]?.terms, '4 for 1');
});

test('a split that is not applied carries the reason', () => {
  const { splits, ...rest } = events([], ['2024-01-02']);
  const held = splits.map((split) => ({ ...split, applied: false, reason: 'contradicts the prices' }));
  assert.equal(marksOf([daily('2024-01-02')], { ...rest, splits: held })[0]?.heldBack, 'contradicts the prices');
});
