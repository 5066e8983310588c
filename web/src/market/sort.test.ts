import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchlistRow } from '../api/wire.ts';
import { nextSorting, sorted } from './sort.ts';

function row(symbol: string, close: number | null): WatchlistRow {
  const none = { name: null, previous_close: null, change: null, change_percent: null, volume: null };
  return { symbol, close, ...none, first: null, last: null, closes: [] };
}

const rows = [row('B', 2), row('A', null), row('C', 10)];
const symbolsOf = (list: readonly WatchlistRow[]) => list.map(({ symbol }) => symbol).join('');

test('without a sorting the rows keep their order', () => {
  assert.equal(symbolsOf(sorted(rows, undefined)), 'BAC');
});

test('numbers are sorted by value, with missing ones last in either direction', () => {
  assert.equal(symbolsOf(sorted(rows, { key: 'close', isDescending: true })), 'CBA');
  assert.equal(symbolsOf(sorted(rows, { key: 'close', isDescending: false })), 'BCA');
});

test('a column starts in its default direction and reverses with each click', () => {
  const first = nextSorting(undefined, 'close');
  assert.deepEqual(first, { key: 'close', isDescending: true });
  assert.deepEqual(nextSorting(first, 'close'), { key: 'close', isDescending: false });
  assert.deepEqual(nextSorting(first, 'symbol'), { key: 'symbol', isDescending: false });
});
