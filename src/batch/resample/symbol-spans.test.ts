import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, type IsoDate, isoDate } from '#base/dates.ts';
import { type Listing, Listings } from '#market/security.ts';

import { linkedSpans, relinkedRanges } from './symbol-spans.ts';

const listing = (securityId: string, symbol: string, first: string, last: string | null): Listing => ({
  securityId,
  symbol,
  firstSession: isoDate(first),
  lastSession: last === null ? null : isoDate(last),
});

const META = [
  listing('META', 'META', '2021-06-30', '2022-01-31'),
  listing('FB', 'FB', '2012-05-18', '2022-06-08'),
  listing('FB', 'META', '2022-06-09', null),
];

test('a symbol that always was its own security needs no span', () => {
  assert.deepEqual(linkedSpans([listing('AAA', 'AAA', '2000-01-03', null)]), []);
});

test('the history of a symbol that stands for another security at times is whole', () => {
  assert.deepEqual(linkedSpans(META), [
    // Rows of FB after the company became META are somebody else's: a security has one bar a session.
    { symbol: 'FB', first: '0001-01-01', last: '2022-06-08', securityId: 'FB' },
    { symbol: 'FB', first: '2022-06-09', last: '9999-12-31', securityId: 'FB@unlisted' },
    { symbol: 'META', first: '0001-01-01', last: '2022-06-08', securityId: 'META' },
    { symbol: 'META', first: '2022-06-09', last: '9999-12-31', securityId: 'FB' },
  ]);
});

test('a link that begins is a change from its first session on', () => {
  assert.deepEqual(relinkedRanges([], linkedSpans(META)), [
    { symbol: 'FB', first: '2022-06-09', last: '9999-12-31' },
    { symbol: 'META', first: '2022-06-09', last: '9999-12-31' },
  ]);
});

test('a link whose last session becomes known is a change after it only', () => {
  const before = linkedSpans([listing('B@1', 'B', '2020-01-02', null)]);
  const after = linkedSpans([listing('B@1', 'B', '2020-01-02', '2024-05-31')]);
  assert.deepEqual(relinkedRanges(before, after), [{ symbol: 'B', first: '2024-06-01', last: '9999-12-31' }]);
});

test('spans say on every day what the listings say, and differ where those differ', () => {
  const base = isoDate('2020-01-01');
  const day = fc.integer({ min: 0, max: 60 }).map((days) => addDays(base, days));
  const row = fc.record({
    securityId: fc.constantFrom('A', 'B', 'C'),
    symbol: fc.constantFrom('A', 'B'),
    firstSession: day,
    lastSession: fc.option(day),
  });
  const rows = fc.array(row, { maxLength: 6 });
  const days = Array.from({ length: 70 }, (_, i) => addDays(base, i - 5));
  fc.assert(
    fc.property(rows, rows, (before, after) => {
      const [a, b] = [linkedSpans(before), linkedSpans(after)];
      const ranges = relinkedRanges(a, b);
      for (const symbol of ['A', 'B']) {
        for (const date of days) {
          const [then, now] = [new Listings(before).resolve(symbol, date), new Listings(after).resolve(symbol, date)];
          const spans = b.filter((span) => span.symbol === symbol && covers(span, date));
          assert.ok(spans.length <= 1);
          assert.equal(spans[0]?.securityId ?? symbol, now);
          assert.equal(
            ranges.some((range) => range.symbol === symbol && covers(range, date)),
            then !== now,
          );
        }
      }
    }),
    { numRuns: 200 },
  );
});

function covers(range: { first: IsoDate; last: IsoDate }, date: IsoDate): boolean {
  return range.first <= date && date <= range.last;
}
