import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, type IsoDate, isoDate } from '#base/dates.ts';
import { type Listing, Listings, newSecurityId } from './security.ts';

function listing(securityId: string, symbol: string, first: string, last: string | null = null): Listing {
  return { securityId, symbol, firstSession: isoDate(first), lastSession: last === null ? null : isoDate(last) };
}

/** Facebook became Meta; before, META was a fund that made room for it. */
const meta = new Listings([
  listing('FB', 'FB', '2012-05-18', '2022-06-08'),
  listing('FB', 'META', '2022-06-09'),
  listing('META', 'META', '2021-06-30', '2022-01-28'),
  listing('META', 'METV', '2022-01-31'),
]);

test('a symbol means the security that had it on that session', () => {
  assert.equal(meta.resolve('META', isoDate('2021-12-31')), 'META');
  assert.equal(meta.resolve('META', isoDate('2023-01-03')), 'FB');
  assert.equal(meta.resolve('FB', isoDate('2015-01-02')), 'FB');
});

test('a security is followed through all its symbols', () => {
  assert.deepEqual(meta.spans('FB'), [
    { symbol: 'FB', first: null, last: isoDate('2022-06-08') },
    { symbol: 'META', first: isoDate('2022-06-09'), last: null },
  ]);
});

test('without listings a symbol is its own security', () => {
  assert.equal(Listings.none.resolve('AAPL', isoDate('2020-01-02')), 'AAPL');
  assert.deepEqual(Listings.none.spans('AAPL'), [{ symbol: 'AAPL', first: null, last: null }]);
  assert.deepEqual(Listings.none.exceptions(), []);
});

test('an ordinary listing maps nothing: rows of the symbol keep belonging to the security of that name', () => {
  const plain = new Listings([listing('AAPL', 'AAPL', '1980-12-12')]);
  assert.deepEqual(plain.exceptions(), []);
  assert.deepEqual(plain.spans('AAPL'), [{ symbol: 'AAPL', first: null, last: null }]);
});

test('rows of a symbol whose security goes by another one are nobody’s: a security has one bar a session', () => {
  assert.equal(meta.resolve('FB', isoDate('2023-01-03')), 'FB@unlisted');
  assert.deepEqual(meta.spans('FB@unlisted'), [{ symbol: 'FB', first: isoDate('2022-06-09'), last: null }]);
});

test('two securities that claim one symbol on one session are reported', () => {
  const both = new Listings([listing('A', 'X', '2020-01-02'), listing('B', 'X', '2021-01-04')]);
  assert.equal(both.overlaps().length, 1);
  assert.equal(meta.overlaps().length, 0);
});

test('a listing inside a longer one is reported, also when another lies between them', () => {
  const rows = [
    listing('A', 'X', '2020-01-02'),
    listing('B', 'X', '2021-01-04', '2021-01-29'),
    listing('C', 'X', '2022-01-03'),
  ];
  assert.deepEqual(
    new Listings(rows).overlaps().map(({ first, second }) => [first.securityId, second.securityId]),
    [
      ['A', 'B'],
      ['A', 'C'],
    ],
  );
});

test('one security with two symbols on one session is reported: it would have two bars', () => {
  const both = new Listings([listing('FB', 'FB', '2012-05-18'), listing('FB', 'META', '2022-06-09')]);
  assert.deepEqual(
    both.overlaps().map(({ first, second }) => [first.symbol, second.symbol]),
    [['FB', 'META']],
  );
});

test('the id of a new security is its symbol, or says when it began where that is taken', () => {
  assert.equal(
    newSecurityId('X', isoDate('2020-01-02'), () => false),
    'X',
  );
  assert.equal(
    newSecurityId('X', isoDate('2020-01-02'), () => true),
    'X@2020-01-02',
  );
});

test('spans, resolution and exceptions agree on every row of every history', () => {
  const start = isoDate('2020-01-01');
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 90 }), { maxLength: 6 });
  const symbols = ['A', 'B', 'C'];
  const history = fc.tuple(
    ...symbols.map(() => cuts),
    fc.array(fc.constantFrom('A', 'B', 'C', 'X'), { minLength: 24, maxLength: 24 }),
  );
  fc.assert(
    fc.property(history, ([a, b, c, owners]) => {
      const rows: Listing[] = [];
      const taken = new Set<string>();
      for (const [s, points] of [a, b, c].entries()) {
        const ascending = [...(points as number[])].sort((x, y) => x - y);
        for (let i = 0; i + 1 < ascending.length; i += 2) {
          const from = ascending[i] ?? 0;
          const to = (ascending[i + 1] ?? 0) - 1;
          const owner = (owners as string[])[s * 8 + i] ?? 'X';
          const days = Array.from({ length: to - from + 1 }, (_, d) => `${owner} ${from + d}`);
          // A security has one symbol at a time.
          if (days.some((day) => taken.has(day)) || to < from) continue;
          for (const day of days) taken.add(day);
          rows.push({
            securityId: owner,
            symbol: symbols[s] ?? 'A',
            firstSession: addDays(start, from),
            lastSession: addDays(start, to),
          });
        }
      }
      const listings = new Listings(rows);
      const exceptions = listings.exceptions();
      for (let d = 0; d <= 95; d += 1) {
        const date = addDays(start, d);
        const seen = new Set<string>();
        for (const symbol of symbols) {
          const id = listings.resolve(symbol, date);
          const mapped = exceptions.find(
            (e) => e.symbol === symbol && e.firstSession <= date && (e.lastSession === null || date <= e.lastSession),
          );
          assert.equal(mapped?.securityId ?? symbol, id);
          assert.ok(listings.spans(id).some((span) => span.symbol === symbol && inside(span, date)));
          assert.ok(listings.symbolsOf(id).has(symbol));
          assert.ok(listings.spans(id).every((span) => symbols.includes(span.symbol) || span.symbol === id));
          assert.ok(!seen.has(id), `${id} has two symbols on ${date}`);
          seen.add(id);
        }
      }
    }),
  );
});

function inside(span: { readonly first: IsoDate | null; readonly last: IsoDate | null }, date: IsoDate): boolean {
  return (span.first === null || span.first <= date) && (span.last === null || date <= span.last);
}
