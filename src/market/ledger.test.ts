import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { afterFetch, expectedRows, type LedgerRow } from './ledger.ts';

const session = isoDate('2024-01-03');
const settlesAtMs = 1_000_000;

function fetch(rows: number, fetchedAtMs: number, expected: number | null = 100) {
  return { session, rows, expected, isSecondOpinion: true, fetchedAtMs, settlesAtMs };
}

function states(...fetches: ReturnType<typeof fetch>[]): string[] {
  let row: LedgerRow | undefined;
  return fetches.map((next) => {
    row = afterFetch(row, next).row;
    return row.state;
  });
}

test('a session fetched before 11:00 on the next one is provisional, and settled by a later fetch', () => {
  assert.deepEqual(states(fetch(100, settlesAtMs - 1), fetch(100, settlesAtMs)), ['provisional', 'settled']);
});

test('a backfill needs one fetch a session: the first one settles it when it is late enough', () => {
  assert.deepEqual(states(fetch(100, settlesAtMs)), ['settled']);
});

test('too few rows make a session partial, before and after it could settle', () => {
  assert.deepEqual(states(fetch(89, settlesAtMs - 1)), ['partial']);
  assert.deepEqual(states(fetch(89, settlesAtMs)), ['partial']);
  assert.deepEqual(states(fetch(90, settlesAtMs)), ['settled']);
});

test('where only some rows count, those decide, and a look that lacks some of them settles nothing', () => {
  const look = (rows: number, counted: number, fetched: number, fetchedCounted: number) => ({
    ...fetch(rows, settlesAtMs),
    counted,
    fetched,
    fetchedCounted,
  });
  assert.deepEqual(states(look(200, 89, 200, 89)), ['partial']);
  assert.deepEqual(states(look(200, 90, 200, 90)), ['settled']);
  assert.deepEqual(states(look(200, 95, 194, 89)), ['provisional']);
});

test('two late fetches with equal counts settle a short session, with a warning', () => {
  const first = afterFetch(undefined, fetch(50, settlesAtMs));
  const second = afterFetch(first.row, fetch(50, settlesAtMs + 1));
  assert.deepEqual([first.row.state, second.row.state, second.settledShort], ['partial', 'settled', true]);
});

test('an early short fetch does not count as one of the two', () => {
  assert.deepEqual(states(fetch(50, settlesAtMs - 1), fetch(50, settlesAtMs)), ['partial', 'partial']);
});

test('a second late look before another session has closed does not count as one of the two, and is recorded', () => {
  const first = afterFetch(undefined, fetch(50, settlesAtMs));
  const again = { ...fetch(50, settlesAtMs + 1), isSecondOpinion: false };
  const second = afterFetch(first.row, again).row;
  assert.deepEqual([second.state, second.lastFetchMs], ['partial', settlesAtMs + 1]);
});

test('a look that comes late into the ledger does not turn back the instant of the last one', () => {
  const settled = afterFetch(undefined, fetch(100, settlesAtMs)).row;
  const held = afterFetch(settled, { ...fetch(100, settlesAtMs - 1), isSecondOpinion: false }).row;
  assert.deepEqual([held.state, held.lastFetchMs], ['settled', settlesAtMs]);
});

test('growing counts keep a short session partial', () => {
  assert.deepEqual(states(fetch(50, settlesAtMs), fetch(60, settlesAtMs + 1)), ['partial', 'partial']);
});

test('a settled session stays settled when what is expected of it grows', () => {
  assert.deepEqual(states(fetch(100, settlesAtMs), fetch(100, settlesAtMs + 1, 200)), ['settled', 'settled']);
});

test('where nothing is expected, nothing is partial', () => {
  assert.deepEqual(states(fetch(1, settlesAtMs, null)), ['settled']);
});

test('attempts are counted, and the first fetch is remembered', () => {
  const first = afterFetch(undefined, fetch(100, 5)).row;
  const second = afterFetch(first, fetch(100, 9)).row;
  assert.deepEqual([second.attempts, second.firstFetchMs, second.lastFetchMs], [2, 5, 9]);
});

function settled(counts: readonly number[], from = '2023-12-01') {
  return counts.map((rows, i) => ({
    session: isoDate(new Date(Date.parse(from) + i * 86_400_000).toISOString().slice(0, 10)),
    rows,
  }));
}

test('listings say what is expected; else the median of the 20 nearest settled sessions; else nothing', () => {
  assert.equal(expectedRows(session, 42, settled([1, 1, 1, 1, 1])), 42);
  assert.equal(expectedRows(session, 0, settled([10, 30, 20, 40, 1000])), 30);
  assert.equal(expectedRows(session, 0, settled([10, 10, 10, 10])), null);
});

test('sessions further away than the 20 nearest do not count', () => {
  const near = Array.from({ length: 20 }, () => 100);
  assert.equal(expectedRows(session, 0, settled([...Array.from({ length: 50 }, () => 1), ...near], '2023-10-20')), 100);
});

test('the session itself is no witness', () => {
  const others = settled([10, 10, 10, 10, 10], '2023-12-30').filter((row) => row.session !== session);
  assert.equal(
    expectedRows(
      session,
      0,
      [...others, { session, rows: 99 }].sort((a, b) => (a.session < b.session ? -1 : 1)),
    ),
    null,
  );
});

test('a late reply that is short of what is stored settles nothing', () => {
  const full = afterFetch(undefined, fetch(100, settlesAtMs - 10)).row;
  const short = afterFetch(full, { ...fetch(100, settlesAtMs), fetched: 40 }).row;
  assert.equal(short.state, 'provisional');
  assert.equal(afterFetch(short, { ...fetch(100, settlesAtMs + 1), fetched: 100 }).row.state, 'settled');
});

test('a session without a row never settles: it stays work to do', () => {
  assert.deepEqual(states(fetch(0, settlesAtMs, null), fetch(0, settlesAtMs + 1, null)), ['partial', 'partial']);
});
