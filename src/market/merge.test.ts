import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeRow, rankOf, replacedBy, type SourcedValues } from './merge.ts';

const stored: SourcedValues = {
  open: 1,
  high: 2,
  low: 1,
  close: 2,
  volume: 5,
  vwap: null,
  trades: null,
  source: 'import',
};

test('a row without a counterpart is inserted', () => {
  assert.equal(mergeRow(undefined, stored), 'inserted');
});

test('equal values write nothing, from whatever source: fetched_at is when they first arrived', () => {
  assert.equal(mergeRow(stored, { ...stored, source: 'massive' }), 'unchanged');
  assert.equal(mergeRow(stored, { ...stored, source: 'simulated' }), 'unchanged');
});

test('a source of equal or higher rank replaces, one of lower rank is a conflict', () => {
  assert.equal(mergeRow(stored, { ...stored, close: 3 }), 'replaced');
  assert.equal(mergeRow(stored, { ...stored, close: 3, source: 'massive' }), 'replaced');
  assert.equal(mergeRow(stored, { ...stored, close: 3, source: 'simulated' }), 'conflict');
});

test('a look that was held up does not put older values over newer ones of its own rank', () => {
  const incoming = { ...stored, close: 3 };
  assert.equal(mergeRow(stored, incoming, { isStaleFetch: true }), 'conflict');
  assert.equal(mergeRow(stored, { ...incoming, source: 'massive' }, { isStaleFetch: true }), 'replaced');
  assert.equal(mergeRow(stored, incoming, { isStaleFetch: true, replace: true }), 'replaced');
});

test('--replace overrules the rank', () => {
  assert.equal(mergeRow(stored, { ...stored, close: 3, source: 'simulated' }, { replace: true }), 'replaced');
});

test('a value that appears where there was none is a difference', () => {
  assert.equal(mergeRow(stored, { ...stored, vwap: 1.5 }), 'replaced');
});

test('a null beside equal prices and volume is no other value, and takes none away', () => {
  const known = { ...stored, vwap: 1.5, trades: 7 };
  assert.equal(mergeRow(known, stored), 'unchanged');
  assert.equal(mergeRow(known, { ...stored, source: 'simulated' }), 'unchanged');
  const corrected = { ...stored, trades: 8 };
  assert.equal(mergeRow(known, corrected), 'replaced');
  assert.deepEqual(replacedBy(known, corrected), { ...known, trades: 8 });
});

test('an average of other prices is not kept beside new ones', () => {
  const known = { ...stored, vwap: 1.5 };
  assert.deepEqual(replacedBy(known, { ...stored, close: 1 }), { ...stored, close: 1 });
});

test('--replace takes nulls as they are', () => {
  const known = { ...stored, vwap: 1.5 };
  assert.equal(mergeRow(known, stored, { replace: true }), 'replaced');
  assert.deepEqual(replacedBy(known, stored, true), stored);
});

test('unknown sources rank like an import, rows of other programs lowest', () => {
  assert.equal(rankOf('my-file'), rankOf('import'));
  assert.ok(rankOf(null) < rankOf('simulated'));
});
