import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { LedgerRow } from '#market/ledger.ts';

import { classifySessions, openWindowStart, type SessionChanges } from './classify-sessions.ts';
import { countCovering, type ListedRows } from './listed-counts.ts';

const calendar = createCalendar({ lastYear: 2026 });
const MONDAY = isoDate('2024-01-08');
const TUESDAY_NOON_MS = Date.parse('2024-01-09T17:00:00Z');
const WEDNESDAY_NOON_MS = Date.parse('2024-01-10T17:00:00Z');

type Inputs = Partial<SessionChanges> & { readonly ledger?: ReadonlyMap<LedgerRow['session'], LedgerRow> };

function classify(rows: number, { ledger = new Map(), ...changes }: Inputs = {}) {
  const classified = classifySessions({ calendar, partialShare: 0.9 }, ledger, {
    rowsAfter: new Map([[MONDAY, rows]]),
    listed: listedOf(100, rows),
    changed: new Set(),
    fetchedAtMs: TUESDAY_NOON_MS,
    countUnchangedAttempts: false,
    ...changes,
  }).get(MONDAY);
  assert.ok(classified !== undefined);
  return classified;
}

/** Listings of so many symbols, and the rows of theirs that are stored. */
function listedOf(symbols: number, rows: number): ListedRows {
  return { on: () => symbols, after: new Map([[MONDAY, rows]]) };
}

function ledgerOf(row: LedgerRow): ReadonlyMap<LedgerRow['session'], LedgerRow> {
  return new Map([[row.session, row]]);
}

describe('classifying sessions', () => {
  it('settles a session that is first seen after it has settled', () => {
    assert.equal(classify(95).row.state, 'settled');
  });

  it('counts only rows of listed symbols where listings say what is expected', () => {
    const many = { listed: listedOf(100, 80) };
    assert.deepEqual([classify(150, many).row.state, classify(150, many).row.counted], ['partial', 80]);
    const unlisted = classify(150, { listed: listedOf(0, 80) });
    assert.deepEqual([unlisted.row.state, unlisted.row.counted], ['settled', 150]);
  });

  it('leaves it provisional before', () => {
    assert.equal(classify(95, { fetchedAtMs: Date.parse('2024-01-09T15:59:00Z') }).row.state, 'provisional');
  });

  it('has no news of a session that it knows already', () => {
    const first = classify(95);
    assert.equal(first.isNews, true);
    const again = classify(95, { ledger: ledgerOf(first.row), fetchedAtMs: WEDNESDAY_NOON_MS });
    assert.equal(again.isNews, false);
    assert.deepEqual(again.row, first.row);
  });

  it('counts each fetch as an attempt, even if nothing changed', () => {
    const first = classify(95);
    const again = classify(95, { ledger: ledgerOf(first.row), countUnchangedAttempts: true });
    assert.deepEqual([again.isNews, again.row.attempts], [true, 2]);
  });

  it('does not take a second look on the same day for a second opinion on what is missing', () => {
    const first = classify(50);
    assert.equal(first.row.state, 'partial');
    const sameDay = classify(50, { ledger: ledgerOf(first.row), fetchedAtMs: TUESDAY_NOON_MS + 3_600_000 });
    assert.equal(sameDay.isNews, false);
    const fetched = classify(50, {
      ledger: ledgerOf(first.row),
      fetchedAtMs: TUESDAY_NOON_MS + 1,
      countUnchangedAttempts: true,
    });
    assert.equal(fetched.row.state, 'partial');
    const nextDay = classify(50, { ledger: ledgerOf(first.row), fetchedAtMs: Date.parse('2024-01-10T22:00:00Z') });
    assert.deepEqual([nextDay.row.state, nextDay.settledShort, nextDay.isNews], ['settled', true, true]);
  });

  it('settles a provisional session when it comes again unchanged on a later day', () => {
    const first = classify(95, { fetchedAtMs: Date.parse('2024-01-08T22:00:00Z') });
    assert.equal(first.row.state, 'provisional');
    const later = classify(95, { ledger: ledgerOf(first.row), fetchedAtMs: WEDNESDAY_NOON_MS });
    assert.deepEqual([later.row.state, later.isNews], ['settled', true]);
  });

  it('sees a hole inside a first import, where no ledger says what is usual', () => {
    const sessions = calendar.range(isoDate('2023-11-01'), isoDate('2024-01-08'));
    const rowsAfter = new Map(sessions.map((session) => [session, session === MONDAY ? 10 : 100]));
    const classified = classify(0, { rowsAfter, listed: listedOf(0, 0) });
    assert.deepEqual([classified.row.state, classified.row.expected], ['partial', 100]);
  });
});

describe('the open window', () => {
  it('is the window that the next close falls into', () => {
    for (const interval of [3, 34]) {
      const start = openWindowStart(calendar, interval, Date.parse('2024-01-12T22:00:00Z'));
      assert.equal(calendar.sessionIndex(start) % interval, 0);
      assert.ok(
        start <= '2024-01-16' && calendar.sessionIndex(start) + interval > calendar.sessionIndex(isoDate('2024-01-16')),
      );
    }
  });
});

describe('counting what is listed', () => {
  it('counts the spans that cover a session', () => {
    const listed = countCovering(calendar, [
      { first: isoDate('2024-01-08'), last: isoDate('2024-01-09') },
      { first: isoDate('2024-01-06'), last: null },
      { first: isoDate('1950-01-01'), last: isoDate('1960-01-01') },
      { first: isoDate('2024-01-06'), last: isoDate('2024-01-07') },
    ]);
    const counts = ['2024-01-05', '2024-01-08', '2024-01-09', '2024-01-10'].map((date) => listed(isoDate(date)));
    assert.deepEqual(counts, [0, 2, 2, 1]);
  });
});
