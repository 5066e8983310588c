import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Watched } from '../api/wire.ts';
import { nextSorting, sorted } from './sort.ts';

function watched(symbol: string, close: number | null): Watched {
  const none = { name: null, previous_close: null, change: null, change_percent: null, volume: null };
  return { symbol, close, ...none, first: null, last: null, closes: [] };
}

const rows = [watched('B', 2), watched('A', null), watched('C', 10)];
const symbolsOf = (list: readonly Watched[]) => list.map(({ symbol }) => symbol).join('');

test('without an order a list stays as it was put together', () => {
  assert.equal(symbolsOf(sorted(rows, undefined)), 'BAC');
});

test('numbers go by size, and what has none stands last either way', () => {
  assert.equal(symbolsOf(sorted(rows, { key: 'close', isDescending: true })), 'CBA');
  assert.equal(symbolsOf(sorted(rows, { key: 'close', isDescending: false })), 'BCA');
});

test('a column begins with its useful way and turns with each click', () => {
  const first = nextSorting(undefined, 'close');
  assert.deepEqual(first, { key: 'close', isDescending: true });
  assert.deepEqual(nextSorting(first, 'close'), { key: 'close', isDescending: false });
  assert.deepEqual(nextSorting(first, 'symbol'), { key: 'symbol', isDescending: false });
});
