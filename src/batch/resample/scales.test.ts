import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { AppliedSplit } from '#market/corporate-actions.ts';

import { windowScales } from './scales.ts';

const CALENDAR = createCalendar({ lastYear: 2028 });
/** First session of a window of five. */
const START = 15_800;

function split(offset: number, splitTo: number, securityId = 'A'): AppliedSplit {
  const exDate = CALENDAR.sessionAt(START + offset);
  return { securityId, symbol: securityId, exDate, splitFrom: 1, splitTo, source: 'test' };
}

const scalesUpTo = (offset: number | undefined, ...splits: AppliedSplit[]) =>
  windowScales(CALENDAR, 5, splits, () => (offset === undefined ? undefined : CALENDAR.sessionAt(START + offset))).map(
    ({ securityId, fromIndex, toIndex, price, volume }) => [
      securityId,
      fromIndex - START,
      toIndex - START,
      price,
      volume,
    ],
  );

test('a split scales the sessions of its window before it', () => {
  assert.deepEqual(scalesUpTo(4, split(2, 4)), [['A', 0, 1, 0.25, 4]]);
});

test('two splits in one window make two pieces, the earlier one scaled by both', () => {
  assert.deepEqual(scalesUpTo(4, split(3, 2), split(1, 5)), [
    ['A', 0, 0, 0.2 * 0.5, 10],
    ['A', 1, 2, 0.5, 2],
  ]);
});

test('splits of two securities do not mix', () => {
  assert.deepEqual(scalesUpTo(4, split(3, 2), split(1, 5, 'B')), [
    ['A', 0, 2, 0.5, 2],
    ['B', 0, 0, 0.2, 5],
  ]);
});

test('a split on the first session of a window scales nothing', () => {
  assert.deepEqual(scalesUpTo(4, split(0, 2)), []);
});

test('a split after the last published session does not count yet', () => {
  assert.deepEqual(scalesUpTo(2, split(3, 2)), []);
  assert.deepEqual(scalesUpTo(3, split(3, 2)), [['A', 0, 2, 0.5, 2]]);
});

test('a window that is not wanted has no scales', () => {
  assert.deepEqual(scalesUpTo(undefined, split(3, 2)), []);
});

test('splits outside the calendar are passed over', () => {
  const old = { ...split(1, 2), exDate: isoDate('1950-01-03') };
  const far = { ...split(1, 2), exDate: isoDate('2090-01-03') };
  assert.deepEqual(scalesUpTo(4, old, far), []);
});
