import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, isoDate } from '#base/dates.ts';
import { planAdjustment } from './adjust.ts';
import type { AppliedDividend, AppliedSplit } from './corporate-actions.ts';

const TODAY = isoDate('2024-12-31');

function split(exDate: string, splitFrom: number, splitTo: number): AppliedSplit {
  return { securityId: 'A', symbol: 'A', exDate: isoDate(exDate), splitFrom, splitTo, source: 'test' };
}

function dividend(exDate: string, cashAmount: number, kind = 'CD'): AppliedDividend {
  return { securityId: 'A', symbol: 'A', exDate: isoDate(exDate), cashAmount, kind, source: 'test' };
}

function close(session: string, value: number) {
  return { session: isoDate(session), close: value };
}

test('a 4-for-1 split quarters the prices before its ex-date and multiplies their volume by four', () => {
  const plan = planAdjustment({ adjustment: 'split', splits: [split('2020-08-31', 1, 4)], lastPublished: TODAY });
  assert.deepEqual(plan.factorsOf(isoDate('2020-08-28')), { price: 0.25, volume: 4 });
  assert.deepEqual(plan.factorsOf(isoDate('2020-08-31')), { price: 1, volume: 1 });
});

test('raw leaves every value as it is', () => {
  const plan = planAdjustment({ adjustment: 'raw', splits: [split('2020-08-31', 1, 4)], lastPublished: TODAY });
  assert.deepEqual(plan.factorsOf(isoDate('2000-01-03')), { price: 1, volume: 1 });
  assert.deepEqual(plan.events, []);
});

test('a split announced ahead does not count before its ex-date is published', () => {
  const inputs = { adjustment: 'split' as const, splits: [split('2024-06-10', 1, 10)] };
  const before = planAdjustment({ ...inputs, lastPublished: isoDate('2024-06-07') });
  const on = planAdjustment({ ...inputs, lastPublished: isoDate('2024-06-10') });
  assert.equal(before.factorsOf(isoDate('2024-06-07')).price, 1);
  assert.equal(on.factorsOf(isoDate('2024-06-07')).price, 0.1);
});

test("a vendor's rounding of 7-for-1 is used as it was given", () => {
  const plan = planAdjustment({
    adjustment: 'split',
    splits: [split('2014-06-09', 1, 7.00000700001)],
    lastPublished: TODAY,
  });
  assert.equal(plan.factorsOf(isoDate('2014-06-06')).volume, 7.00000700001);
});

test('a dividend takes its share of the close before off all earlier prices, and leaves volume', () => {
  const plan = planAdjustment({
    adjustment: 'total',
    splits: [],
    dividends: [dividend('2024-05-10', 2)],
    closes: [close('2024-05-08', 99), close('2024-05-09', 100), close('2024-05-10', 98)],
    lastPublished: TODAY,
  });
  assert.deepEqual(plan.factorsOf(isoDate('2024-05-09')), { price: 0.98, volume: 1 });
  assert.deepEqual(plan.factorsOf(isoDate('2024-05-10')), { price: 1, volume: 1 });
});

test('the close before is taken in the share count of the ex-date', () => {
  // 2-for-1 and a dividend of $1 on one day: the close of 100 is 50 new shares' dollars.
  const plan = planAdjustment({
    adjustment: 'total',
    splits: [split('2024-05-10', 1, 2)],
    dividends: [dividend('2024-05-10', 1)],
    closes: [close('2024-05-09', 100)],
    lastPublished: TODAY,
  });
  assert.equal(plan.factorsOf(isoDate('2024-05-09')).price, 0.5 * (1 - 1 / 50));
});

test('cash of two kinds on one date is one fall of the price', () => {
  const plan = planAdjustment({
    adjustment: 'total',
    splits: [],
    dividends: [dividend('2024-05-10', 1), dividend('2024-05-10', 9, 'SC')],
    closes: [close('2024-05-09', 100)],
    lastPublished: TODAY,
  });
  assert.equal(plan.factorsOf(isoDate('2024-05-09')).price, 0.9);
});

test('cash of 90 % of the close before or more is held back and reported (Kansas City Southern, 2000-07-13)', () => {
  const plan = planAdjustment({
    adjustment: 'total',
    splits: [],
    dividends: [dividend('1999-12-13', 0.04), dividend('2000-07-13', 181)],
    closes: [close('1999-12-10', 59), close('2000-07-12', 93.75), close('2000-07-13', 6.25)],
    lastPublished: TODAY,
  });
  assert.equal(plan.factorsOf(isoDate('2000-07-12')).price, 1);
  // The dividend before it counts as ever.
  assert.equal(plan.factorsOf(isoDate('1999-12-10')).price, 1 - 0.04 / 59);
  assert.equal(plan.held.length, 1);
  assert.match(plan.held[0]?.reason ?? '', /90 %/);
});

test('a dividend before the first close is held back', () => {
  const plan = planAdjustment({
    adjustment: 'total',
    splits: [],
    dividends: [dividend('2000-01-03', 1)],
    closes: [close('2000-01-03', 10)],
    lastPublished: TODAY,
  });
  assert.equal(plan.held[0]?.reason, 'no close before the ex-date');
});

test('the factor of any session is the product of all later events in the order of their dates', () => {
  const event = fc.record({
    day: fc.integer({ min: 1, max: 300 }),
    to: fc.integer({ min: 1, max: 20 }),
    from: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(event, { selector: (e) => e.day, maxLength: 12 }),
      fc.integer({ min: 0, max: 310 }),
      (events, at) => {
        const start = isoDate('2023-01-01');
        const splits = events
          .sort((a, b) => a.day - b.day)
          .map((e) => ({ ...split('2023-01-01', e.from, e.to), exDate: addDays(start, e.day) }));
        const plan = planAdjustment({ adjustment: 'split', splits, lastPublished: TODAY });
        let price = 1;
        for (const e of events) if (e.day > at) price *= e.from / e.to;
        assert.equal(plan.factorsOf(addDays(start, at)).price, price);
        assert.equal(plan.eventsAfter(addDays(start, at)).length, events.filter((e) => e.day > at).length);
      },
    ),
  );
});
