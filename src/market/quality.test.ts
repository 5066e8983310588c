import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from './calendar/calendar.ts';
import { isSymbol, type RawDailyRow, rejectionOf, warningsOf } from './quality.ts';

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

function bar(session: string, close: number, volume = 1) {
  return {
    symbol: 'A',
    session: isoDate(session),
    open: close,
    high: close,
    low: close,
    close,
    volume,
    vwap: null,
    trades: null,
  };
}

function split(exDate: string, splitTo: number) {
  return { securityId: 'A', symbol: 'A', exDate: isoDate(exDate), splitFrom: 1, splitTo, source: null };
}

test('a price cliff without a split is warned of; one with its split is not', () => {
  const bars = [bar('2024-01-03', 100), bar('2024-01-04', 50)];
  assert.deepEqual(
    warningsOf(bars, []).map((w) => w.kind),
    ['jump-without-split'],
  );
  assert.deepEqual(warningsOf(bars, [split('2024-01-04', 2)]), []);
});

test('a split without its cliff is warned of', () => {
  const bars = [bar('2024-01-03', 100), bar('2024-01-04', 101)];
  assert.deepEqual(
    warningsOf(bars, [split('2024-01-04', 2)]).map((w) => w.kind),
    ['split-without-jump'],
  );
});

test('a split during a halt shows at the first bar after it', () => {
  const bars = [bar('2024-01-03', 100), bar('2024-01-08', 50)];
  assert.deepEqual(warningsOf(bars, [split('2024-01-05', 2)]), []);
});

test('a bar without shares traded is kept and warned of', () => {
  assert.deepEqual(
    warningsOf([bar('2024-01-03', 100, 0)], []).map((w) => w.kind),
    ['no-volume'],
  );
});
