import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameStatistics } from './statistics.ts';

const file = (numRecords: number, nulls: number, min?: number, max?: number) => ({
  stats: {
    numRecords,
    nullCount: { close: nulls },
    ...(min === undefined ? {} : { minValues: { close: min } }),
    ...(max === undefined ? {} : { maxValues: { close: max } }),
  },
});

test('statistics of the same rows agree, however they lie in files', () => {
  assert.ok(sameStatistics([file(2, 1, 3, 4), file(3, 0, 1, 9)], [file(5, 1, 1, 9)]));
  for (const wrong of [file(6, 1, 1, 9), file(5, 0, 1, 9), file(5, 1, 2, 9), file(5, 1, 1, 8), file(5, 1, 1)])
    assert.ok(!sameStatistics([file(2, 1, 3, 4), file(3, 0, 1, 9)], [wrong]), JSON.stringify(wrong));
});

test('bounds that one file does not know are known of none of them', () => {
  assert.ok(sameStatistics([file(2, 1), file(3, 0, 1, 9)], [file(5, 1)]));
  assert.ok(!sameStatistics([file(2, 1), file(3, 0, 1, 9)], [file(5, 1, 1, 9)]));
});

test('without statistics nothing agrees', () => {
  assert.ok(!sameStatistics([{ stats: undefined }], [file(5, 1, 1, 9)]));
  assert.ok(!sameStatistics([file(5, 1, 1, 9)], [{ stats: {} }]));
});
