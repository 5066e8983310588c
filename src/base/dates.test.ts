import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { addDays, fromEpochDay, isoDate, MS_PER_DAY, parseIsoDate, toEpochDay, weekdayOf, yearOf } from './dates.ts';

const FIRST_DAY = toEpochDay(isoDate('0001-01-01'));
const LAST_DAY = toEpochDay(isoDate('9999-12-31'));

describe('dates', () => {
  test('every day of the years 1900 to 2100 is the day that Date says, both ways', () => {
    for (let day = toEpochDay(isoDate('1900-01-01')); day <= toEpochDay(isoDate('2100-12-31')); day += 1) {
      const date = fromEpochDay(day);
      assert.equal(date, new Date(day * MS_PER_DAY).toISOString().slice(0, 10));
      assert.equal(toEpochDay(date), day);
    }
  });

  test('any day of the years 0001 to 9999 is the day that Date says, both ways', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST_DAY, max: LAST_DAY }), (day) => {
        const date = fromEpochDay(day);
        assert.equal(date, new Date(day * MS_PER_DAY).toISOString().slice(0, 10));
        assert.equal(toEpochDay(date), day);
        assert.equal(weekdayOf(toEpochDay(date)), new Date(day * MS_PER_DAY).getUTCDay());
        assert.equal(yearOf(date), new Date(day * MS_PER_DAY).getUTCFullYear());
        assert.equal(parseIsoDate(date), date);
      }),
    );
  });

  test('a day outside the years 0001 to 9999, or no whole day, is refused', () => {
    for (const day of [FIRST_DAY - 1, LAST_DAY + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => fromEpochDay(day), RangeError);
    }
  });

  test('text that is no existing date is no date', () => {
    for (const text of [
      '2023-02-29',
      '2024-13-01',
      '2024-1-02',
      '2024-01-02 ',
      '20240102',
      '0000-01-01',
      '9999-99-99',
      '',
      'today',
    ]) {
      assert.equal(parseIsoDate(text), undefined, text);
      assert.throws(() => isoDate(text), RangeError);
    }
    assert.equal(parseIsoDate('2024-02-29'), '2024-02-29');
  });

  test('days are added across months, leap days and years', () => {
    assert.equal(addDays(isoDate('2024-02-28'), 2), '2024-03-01');
    assert.equal(addDays(isoDate('2024-01-01'), -1), '2023-12-31');
  });
});
