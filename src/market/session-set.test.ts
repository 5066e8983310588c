import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { fromEpochDay, type IsoDate, isoDate, toEpochDay, weekdayOf } from '#base/dates.ts';
import { SessionSet } from './session-set.ts';

/** Two months, so that random dates meet: 2024-02-01 to 2024-03-31. */
const someDates = fc.array(fc.integer({ min: 19_754, max: 19_813 }).map(fromEpochDay), { maxLength: 60 });

function set(...texts: string[]): SessionSet {
  return SessionSet.of(texts.map(isoDate));
}

function dates(sessions: SessionSet): IsoDate[] {
  return [...sessions];
}

describe('a set of sessions', () => {
  test('is ascending and without duplicates, whatever it is made of', () => {
    fc.assert(
      fc.property(someDates, (list) => {
        const sessions = SessionSet.of(list);
        const expected = [...new Set(list)].sort();
        assert.deepEqual(dates(sessions), expected);
        assert.equal(sessions.size, expected.length);
        assert.equal(sessions.min, expected[0]);
        assert.equal(sessions.max, expected.at(-1));
        assert.ok(list.every((date) => sessions.has(date)));
      }),
    );
  });

  test('does as sets do', () => {
    fc.assert(
      fc.property(someDates, someDates, (left, right) => {
        const [a, b] = [SessionSet.of(left), SessionSet.of(right)];
        const [inA, inB] = [new Set(left), new Set(right)];
        assert.deepEqual(dates(a.union(b)), [...inA.union(inB)].sort());
        assert.deepEqual(dates(a.difference(b)), [...inA.difference(inB)].sort());
        assert.deepEqual(dates(a.intersection(b)), [...inA.intersection(inB)].sort());
        assert.equal(a.intersects(b), !inA.isDisjointFrom(inB));
        assert.equal(a.intersects(b), b.intersects(a));
        assert.equal(a.equals(b), inA.symmetricDifference(inB).size === 0);
      }),
    );
  });

  test('is not changed by what is made of it', () => {
    const a = set('2024-01-02', '2024-01-03');
    a.union(set('2024-01-04'));
    a.difference(set('2024-01-02'));
    assert.deepEqual(dates(a), ['2024-01-02', '2024-01-03']);
  });
});

describe('the text of a set of sessions', () => {
  test('is read back as the same set', () => {
    fc.assert(
      fc.property(someDates, (list) => {
        const sessions = SessionSet.of(list);
        const read = SessionSet.parse(sessions.toString());
        assert.ok(read?.equals(sessions), sessions.toString());
      }),
    );
  });

  test('is one text for one set', () => {
    fc.assert(
      fc.property(someDates, (list) => {
        assert.equal(SessionSet.of(list).toString(), SessionSet.of([...list].reverse()).toString());
      }),
    );
  });

  test('joins weekdays into ranges across weekends and cuts at holidays', () => {
    const sessions = set(
      '2024-01-11',
      '2024-01-12',
      '2024-01-16',
      '2024-01-17',
      '2024-01-18',
      '2024-01-19',
      '2024-01-22',
    );
    assert.equal(sessions.toString(), '2024-01-11..2024-01-12,2024-01-16..2024-01-22');
  });

  test('means every weekday of a range, whatever the exchange did', () => {
    const sessions = SessionSet.parse('2023-12-22..2023-12-27');
    assert.deepEqual(sessions?.toArray(), ['2023-12-22', '2023-12-25', '2023-12-26', '2023-12-27']);
  });

  test('keeps a date on a weekend, on its own', () => {
    const sessions = set('2024-01-05', '2024-01-06', '2024-01-08');
    assert.equal(weekdayOf(toEpochDay(isoDate('2024-01-06'))), 6);
    assert.equal(sessions.toString(), '2024-01-05,2024-01-06,2024-01-08');
    assert.ok(SessionSet.parse(sessions.toString())?.equals(sessions));
  });

  test('is empty for the empty set', () => {
    assert.equal(SessionSet.empty.toString(), '');
    assert.equal(SessionSet.parse(''), SessionSet.empty);
    assert.equal(SessionSet.of([]), SessionSet.empty);
  });

  test('is refused where it is not in its form', () => {
    for (const text of [
      ',',
      '2024-01-02,',
      '2024-01-02 2024-01-03',
      '2024-02-30',
      '2024-01-03..2024-01-02',
      '2024-01-02..',
      '..2024-01-02',
      '2024-01-02..2024-01-03..2024-01-04',
      'all',
    ]) {
      assert.equal(SessionSet.parse(text), undefined, text);
    }
  });

  test('is refused where a few letters would mean millions of dates', () => {
    assert.equal(SessionSet.parse('0001-01-01..9999-12-31'), undefined);
  });
});
