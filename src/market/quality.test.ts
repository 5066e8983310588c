import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from './calendar/calendar.ts';
import { isSymbol, type PriceStep, type RawDailyRow, rejectionOf, warningOfStep } from './quality.ts';

const rules = { calendar: createCalendar({ lastYear: 2028 }), lastSession: isoDate('2024-06-28') };
const good: RawDailyRow = {
  symbol: 'BRK.B',
  session: isoDate('2024-01-03'),
  open: 10,
  high: 12,
  low: 9,
  close: 11,
  volume: 0,
  vwap: null,
  trades: null,
};

test('a whole row is accepted, also without volume, vwap or trades', () => {
  assert.equal(rejectionOf(good, rules), undefined);
});

test('the average price of no shares may be zero', () => {
  assert.equal(rejectionOf({ ...good, vwap: 0 }, rules), undefined);
});

test('of several reasons the first of the list is given', () => {
  assert.equal(
    rejectionOf({ ...good, symbol: 'A B', low: -1, volume: -1, session: isoDate('2024-01-06') }, rules),
    'price not positive',
  );
});

const rejected: readonly [string, Partial<RawDailyRow>, string][] = [
  [
    'two rows of nulls, as the real data has of BF.B',
    { session: null, open: null, high: null, low: null, close: null, volume: null },
    'missing or non-finite field',
  ],
  ['no volume at all', { volume: null }, 'missing or non-finite field'],
  ['an infinite price', { high: Number.POSITIVE_INFINITY }, 'missing or non-finite field'],
  ['a vwap that is not a number', { vwap: Number.NaN }, 'missing or non-finite field'],
  ['more trades than can be counted', { trades: 1e20 }, 'missing or non-finite field'],
  ['a price of zero', { low: 0 }, 'price not positive'],
  ['a vwap of zero of shares that were traded', { volume: 1, vwap: 0 }, 'price not positive'],
  ['a negative vwap', { vwap: -1 }, 'price not positive'],
  ['a low above the open', { low: 10.5 }, 'low or high out of order'],
  ['a high below the close', { high: 10.9 }, 'low or high out of order'],
  ['a negative volume', { volume: -1 }, 'negative volume'],
  ['a negative number of trades', { trades: -1 }, 'negative volume'],
  ['a Saturday', { session: isoDate('2024-01-06') }, 'not a session'],
  ['a holiday', { session: isoDate('2024-01-01') }, 'not a session'],
  ['a session that has not been', { session: isoDate('2024-07-01') }, 'session in the future'],
  ['a symbol with a space', { symbol: 'A B' }, 'malformed symbol'],
];
for (const [what, change, reason] of rejected) {
  test(`${what} is rejected as "${reason}"`, () => {
    assert.equal(rejectionOf({ ...good, ...change }, rules), reason);
  });
}

test('symbols keep their case and their marks', () => {
  for (const symbol of ['A', 'BRK.B', 'BACpB', 'ABC.WS', 'TRUE', 'NAN', 'ABC/U']) assert.ok(isSymbol(symbol), symbol);
  for (const text of ['', ' A', 'A,B', '1A', "A'", 'A'.repeat(21)]) assert.ok(!isSymbol(text), text);
});

function step(sessionBefore: string, closeBefore: number, session: string, close: number): PriceStep {
  return { symbol: 'A', session: isoDate(session), close, sessionBefore: isoDate(sessionBefore), closeBefore };
}

function split(exDate: string, splitTo: number) {
  return { securityId: 'A', symbol: 'A', exDate: isoDate(exDate), splitFrom: 1, splitTo, source: null };
}

test('a price cliff without a split raises a warning; one with its split does not', () => {
  const cliff = step('2024-01-03', 100, '2024-01-04', 50);
  assert.equal(warningOfStep(cliff, [])?.kind, 'jump-without-split');
  assert.equal(warningOfStep(cliff, [split('2024-01-04', 2)]), undefined);
});

test('a split without its cliff raises a warning', () => {
  const flat = step('2024-01-03', 100, '2024-01-04', 101);
  assert.equal(warningOfStep(flat, [split('2024-01-04', 2)])?.kind, 'split-without-jump');
  assert.equal(warningOfStep(flat, [split('2024-01-03', 2)]), undefined, 'it was in the price before');
});

test('a split during a halt shows at the first bar after it', () => {
  assert.equal(warningOfStep(step('2024-01-03', 100, '2024-01-08', 50), [split('2024-01-05', 2)]), undefined);
});
