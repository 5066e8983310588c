import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  axisPrice,
  compact,
  day,
  dayRange,
  duration,
  endOfDay,
  instant,
  minusMonths,
  percent,
  plural,
  price,
  signed,
  weekdayAndDay,
  weekdaysBetween,
} from './format.ts';

test('prices have two decimals, or four below one dollar', () => {
  assert.equal(price(1234.5), '1,234.50');
  assert.equal(price(0.0123), '0.0123');
  assert.equal(price(-1.5), '−1.50');
  assert.equal(price(null), '–');
});

test('changes have a sign, unless they round to zero', () => {
  assert.equal(signed(1.2), '+1.20');
  assert.equal(signed(-0.35), '−0.35');
  assert.equal(signed(-0.001), '0.00');
  assert.equal(percent(12), '+12.00%');
  assert.equal(percent(-14.6), '−14.60%');
});

test('dates are calendar dates in every time zone', () => {
  assert.equal(day('2026-11-04'), '4 Nov 2026');
  assert.equal(weekdayAndDay('2026-11-24'), 'Tue 24 Nov 2026');
  assert.equal(dayRange('2026-11-02', '2026-11-24'), '2 Nov 2026 – 24 Nov 2026');
  assert.equal(minusMonths('2026-11-24', 12), '2025-11-24');
});

test('instants are in Eastern Time, standard or daylight', () => {
  assert.equal(instant(Date.parse('2026-11-24T21:05:00Z')), '24 Nov 2026, 16:05 ET');
  assert.equal(instant(Date.parse('2026-12-01T01:38:00Z')), '30 Nov 2026, 20:38 ET');
  assert.equal(instant(Date.parse('2026-07-01T04:00:00Z')), '1 Jul 2026, 00:00 ET');
  assert.equal(instant(null), '–');
});

test('durations and counts have their units', () => {
  assert.equal(duration(320), '320 ms');
  assert.equal(duration(4240), '4.2 s');
  assert.equal(duration(185_000), '3 min 5 s');
  assert.equal(duration(3_700_000), '1 h 1 min');
  assert.equal(plural(1, 'row'), '1 row');
  assert.equal(plural(2000, 'row'), '2,000 rows');
  assert.equal(compact(15_047_878), '15.05M');
});

test('weekdays are counted with both ends, over any number of weeks', () => {
  assert.equal(weekdaysBetween('2026-11-23', '2026-11-27'), 5);
  assert.equal(weekdaysBetween('2026-11-28', '2026-11-29'), 0);
  assert.equal(weekdaysBetween('2026-11-27', '2026-11-30'), 2);
  assert.equal(weekdaysBetween('2026-01-01', '2026-12-31'), 261);
  assert.equal(weekdaysBetween('2026-11-27', '2026-11-26'), 0);
});

test('a day ends at midnight in New York, in summer and in winter', () => {
  assert.equal(endOfDay('2026-06-30'), '2026-07-01T03:59:59.999Z');
  assert.equal(endOfDay('2026-11-24'), '2026-11-25T04:59:59.999Z');
  assert.equal(endOfDay('2026-11-01'), '2026-11-02T04:59:59.999Z');
  assert.equal(endOfDay(undefined), undefined);
});

test('an axis has no price below zero, and one number of decimals', () => {
  assert.equal(axisPrice(-20, 2), '');
  assert.equal(axisPrice(0, 2), '0.00');
  assert.equal(axisPrice(0.5, 2), '0.50');
  assert.equal(axisPrice(1234, 4), '1,234.0000');
});
