import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import type { SeriesBar } from '../read/bar-series.ts';
import { pageOf } from './aggregate-page.ts';

const bars: readonly SeriesBar[] = [21, 20, 22, 3].map((rows, i) => {
  const day = isoDate(`2024-0${i + 1}-01`);
  const values = { open: 1, high: 1, low: 1, close: 1, volume: 1, vwap: null, trades: null };
  return { ...values, first: day, last: day, rows, isPartial: false };
});

const shown = (sort: 'asc' | 'desc', limit: number) => {
  const { bars: page, queryCount, next } = pageOf(bars, { sort, limit });
  return [page.map(({ rows }) => rows), queryCount, next?.rows];
};

test('a bar that the limit cuts is left to the next page, and the rows that were looked at are counted', () => {
  assert.deepEqual(shown('asc', 100), [[21, 20, 22, 3], 66, undefined]);
  assert.deepEqual(shown('asc', 66), [[21, 20, 22, 3], 66, undefined]);
  assert.deepEqual(shown('asc', 65), [[21, 20, 22], 65, 3]);
  assert.deepEqual(shown('asc', 62), [[21, 20], 62, 22]);
  assert.deepEqual(shown('desc', 25), [[3, 22], 25, 20]);
  assert.deepEqual(shown('desc', 24), [[3], 24, 22]);
});

test('a first bar longer than the limit comes whole, so that pages get on', () => {
  assert.deepEqual(shown('asc', 1), [[21], 21, 20]);
});

test('no bars are a last page', () => {
  assert.deepEqual(pageOf([], { sort: 'asc', limit: 1 }), { bars: [], queryCount: 0, next: undefined });
});
