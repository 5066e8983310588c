import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compact,
  day,
  dayRange,
  duration,
  instant,
  minusMonths,
  percent,
  plural,
  price,
  signed,
  weekdayAndDay,
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
