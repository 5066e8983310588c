import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compact, day, duration, minusMonths, percent, plural, price, signed, weekdayAndDay } from './format.ts';

test('prices have two digits, four below a dollar', () => {
  assert.equal(price(1234.5), '1,234.50');
  assert.equal(price(0.0123), '0.0123');
  assert.equal(price(-1.5), '−1.50');
  assert.equal(price(null), '–');
});

test('changes show their sign; what rounds to nothing has none', () => {
  assert.equal(signed(1.2), '+1.20');
  assert.equal(signed(-0.35), '−0.35');
  assert.equal(signed(-0.001), '0.00');
  assert.equal(percent(12), '+12.00 %');
});

test('dates are calendar days wherever the reader is', () => {
  assert.equal(day('2026-11-04'), '4 Nov 2026');
  assert.equal(weekdayAndDay('2026-11-24'), 'Tue 24 Nov 2026');
  assert.equal(minusMonths('2026-11-24', 12), '2025-11-24');
});

test('times and counts read as a person would say them', () => {
  assert.equal(duration(320), '320 ms');
  assert.equal(duration(4240), '4.2 s');
  assert.equal(duration(185_000), '3 min 5 s');
  assert.equal(duration(3_700_000), '1 h 1 min');
  assert.equal(plural(1, 'row'), '1 row');
  assert.equal(plural(2000, 'try', 'tries'), '2,000 tries');
  assert.equal(compact(15_047_878), '15.05M');
});
