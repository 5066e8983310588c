import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { type Ticker, TickerDirectory } from './ticker-directory.ts';
import { searchTickers } from './ticker-search.ts';

const NAMES = {
  A: 'Agilent Technologies Inc.',
  AAPL: 'Apple Inc.',
  'BRK.B': 'Berkshire Hathaway Inc. Class B',
  BRKB: 'Brookbank Corp.',
  MSFT: 'Microsoft Corporation',
  MZN: 'Mezzanine Holdings',
  'T-W': 'Tri-Wave Systems',
  aapl: 'Lower Case Fund',
};

const directory = new TickerDirectory(
  Object.entries(NAMES).map(
    ([symbol, name]): Ticker => ({
      symbol,
      name,
      securityId: symbol,
      firstSession: isoDate('2020-01-02'),
      lastSession: null,
      type: null,
      exchange: null,
      figi: null,
      seenAtMs: null,
      isListed: true,
    }),
  ),
  undefined,
);

function found(search: string, limit = 20): string[] {
  const request = { session: isoDate('2026-01-02'), limit, isWanted: () => true };
  return searchTickers(directory, search, request).map(({ ticker }) => ticker.symbol);
}

test('the symbol as it is written comes before one that differs by case', () => {
  assert.deepEqual(found('AAPL').slice(0, 2), ['AAPL', 'aapl']);
  assert.deepEqual(found('aapl').slice(0, 2), ['aapl', 'AAPL']);
  assert.deepEqual(found('Aapl').slice(0, 2), ['AAPL', 'aapl']);
});

test('separators are alike in symbols and names, and may be left out of a symbol', () => {
  for (const text of ['brk-b', 'BRK/B', 'brk.b', 'BRK B']) {
    assert.deepEqual(found(text).slice(0, 2).sort(), ['BRK.B', 'BRKB'], text);
  }
  assert.equal(found('BRK.B')[0], 'BRK.B');
  assert.deepEqual(found('tri wave'), ['T-W']);
  assert.deepEqual(found('inc class'), ['BRK.B']);
});

test('part of a symbol or of a name is found, what begins with the text first', () => {
  assert.deepEqual(found('zn'), ['MZN']);
  assert.deepEqual(found('soft'), ['MSFT']);
  assert.deepEqual(found('hath'), ['BRK.B']);
  assert.deepEqual(found('m').slice(0, 2), ['MSFT', 'MZN']);
});

test('one typing mistake in a symbol, or in a word that is being typed, is forgiven', () => {
  assert.deepEqual(found('MSTF'), ['MSFT']);
  assert.deepEqual(found('AAPK'), ['AAPL', 'aapl']);
  assert.deepEqual(found('micrsoft'), ['MSFT']);
  assert.deepEqual(found('mircos'), ['MSFT']);
  assert.deepEqual(found('berkshire hathwa'), ['BRK.B']);
  assert.deepEqual(found('xq'), [], 'two letters are too few to guess');
  assert.deepEqual(found('mcrsft'), [], 'two mistakes are too many');
});

test('mistakes only fill the rest of the limit, and a text of separators matches nothing', () => {
  assert.deepEqual(found('brkb', 1), ['BRKB']);
  assert.deepEqual(found('-'), []);
  assert.deepEqual(found('').length, Object.keys(NAMES).length);
});
