import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { resolveDividends, resolveSplits, type SplitFact } from './corporate-actions.ts';
import { Listings } from './security.ts';

const listings = new Listings([
  { securityId: 'FB', symbol: 'FB', firstSession: isoDate('2012-05-18'), lastSession: isoDate('2022-06-08') },
  { securityId: 'FB', symbol: 'META', firstSession: isoDate('2022-06-09'), lastSession: null },
]);

function fact(symbol: string, exDate: string, splitTo: number): SplitFact {
  return { symbol, exDate: isoDate(exDate), splitFrom: 1, splitTo, source: 'test' };
}

test("an event filed under today's symbol reaches the security that had another one then", () => {
  const { applied } = resolveSplits(listings, [fact('META', '2015-06-01', 2)]);
  assert.deepEqual([...applied.keys()], ['FB']);
});

test('an event under a symbol that the security has given up is not its own', () => {
  const { applied } = resolveSplits(listings, [fact('FB', '2024-06-03', 10)]);
  assert.deepEqual([...applied.keys()], ['FB@unlisted']);
});

test('an event from before the first listing of its symbol belongs to the security that has it now', () => {
  const { applied } = resolveSplits(listings, [fact('FB', '2012-01-03', 2)]);
  assert.deepEqual([...applied.keys()], ['FB']);
});

test('a symbol that was reused takes each event to the security it was then', () => {
  const reused = new Listings([
    { securityId: 'C', symbol: 'C', firstSession: isoDate('1977-01-03'), lastSession: isoDate('1998-10-07') },
    { securityId: 'C@1998-12-01', symbol: 'C', firstSession: isoDate('1998-12-01'), lastSession: null },
  ]);
  const { applied } = resolveSplits(reused, [fact('C', '1996-11-04', 2), fact('C', '1999-06-01', 1.5)]);
  assert.deepEqual([...applied.keys()], ['C', 'C@1998-12-01']);
});

test('one split filed under two symbols of a security counts once', () => {
  const { applied, held } = resolveSplits(listings, [fact('META', '2015-06-01', 2), fact('FB', '2015-06-01', 2)]);
  assert.equal(applied.get('FB')?.length, 1);
  assert.equal(held.length, 0);
});

test('two different values for one split are both held back and neither is applied', () => {
  const { applied, held } = resolveSplits(Listings.none, [fact('A', '2020-01-02', 2), fact('A', '2020-01-02', 3)]);
  assert.equal(applied.size, 0);
  assert.deepEqual(
    held.map((event) => event.terms),
    ['2 for 1', '3 for 1'],
  );
});

test('a ratio given as 1 and r or as numerator and denominator is the same split', () => {
  const halves: SplitFact = { symbol: 'A', exDate: isoDate('2020-01-02'), splitFrom: 2, splitTo: 3, source: null };
  const { applied, held } = resolveSplits(Listings.none, [fact('A', '2020-01-02', 1.5), halves]);
  assert.equal(applied.get('A')?.length, 1);
  assert.equal(held.length, 0);
});

test('dividends of two kinds on one date are two events', () => {
  const on = { symbol: 'A', exDate: isoDate('2020-01-02'), source: null };
  const { applied, held } = resolveDividends(Listings.none, [
    { ...on, kind: 'CD', cashAmount: 1 },
    { ...on, kind: 'SC', cashAmount: 5 },
  ]);
  assert.equal(applied.get('A')?.length, 2);
  assert.equal(held.length, 0);
});

test('a special and a supplemental dividend of one date are two, unless they are one under two names', () => {
  const on = { symbol: 'A', exDate: isoDate('2020-01-02'), source: null };
  const resolved = (...dividends: [string, number][]) => {
    const facts = dividends.map(([kind, cashAmount]) => ({ ...on, kind, cashAmount }));
    const { applied, held } = resolveDividends(Listings.none, facts);
    return [applied.get('A')?.map(({ kind, cashAmount }) => `${kind} ${cashAmount}`), held.length];
  };
  assert.deepEqual(resolved(['SC', 1], ['SU', 0.5], ['IR', 2]), [['IR 2', 'SC 1', 'SU 0.5'], 0]);
  assert.deepEqual(resolved(['SU', 1], ['SC', 1]), [['SC 1'], 0]);
  assert.deepEqual(
    resolved(['CD', 1], ['SC', 1]),
    [['CD 1', 'SC 1'], 0],
    'a regular one beside a special one is another',
  );
});

test('events come ascending by ex-date', () => {
  const { applied } = resolveSplits(Listings.none, [fact('A', '2021-01-04', 2), fact('A', '2020-01-02', 3)]);
  assert.deepEqual(
    applied.get('A')?.map((split) => split.exDate),
    ['2020-01-02', '2021-01-04'],
  );
});
