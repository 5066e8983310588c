import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { resolveSplits } from '#market/corporate-actions.ts';
import { Listings } from '#market/security.ts';
import { SplitFactors } from './session-rows.ts';

const listings = new Listings([
  { securityId: 'META', symbol: 'FB', firstSession: isoDate('2012-05-18'), lastSession: isoDate('2022-06-08') },
  { securityId: 'META', symbol: 'META', firstSession: isoDate('2022-06-09'), lastSession: null },
]);
const split = (symbol: string, exDate: string, splitTo: number) => ({
  symbol,
  exDate: isoDate(exDate),
  splitFrom: 1,
  splitTo,
  source: null,
});
const splits = resolveSplits(listings, [
  split('META', '2022-06-20', 2),
  split('META', '2023-06-20', 5),
  split('OTHER', '2022-07-01', 4),
]);

test('the splits between a row and the session count, whatever the symbol was then', () => {
  const factors = new SplitFactors(listings, splits, { since: isoDate('2022-06-01'), until: isoDate('2023-06-20') });
  assert.deepEqual(factors.of('FB', isoDate('2022-06-01')), { price: 1 / 10, volume: 10 });
  assert.deepEqual(factors.of('META', isoDate('2022-06-17')), { price: 1 / 10, volume: 10 });
  assert.deepEqual(factors.of('META', isoDate('2022-06-20')), { price: 1 / 5, volume: 5 });
  assert.deepEqual(factors.of('META', isoDate('2023-06-20')), { price: 1, volume: 1 });
  assert.equal(factors.of('NONE', isoDate('2022-06-01')), undefined);
});

test('a split outside the range is none', () => {
  const factors = new SplitFactors(listings, splits, { since: isoDate('2022-06-20'), until: isoDate('2022-06-30') });
  assert.deepEqual([...factors.securities], []);
  const later = new SplitFactors(listings, splits, { since: isoDate('2022-06-20'), until: isoDate('2022-07-01') });
  assert.deepEqual([...later.securities], ['OTHER']);
});
