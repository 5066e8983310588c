import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { guessDataset, isFlatFile, matchColumns } from './columns.ts';

const FLAT = ['ticker', 'volume', 'open', 'close', 'high', 'low', 'window_start', 'transactions'];

describe('finding columns', () => {
  it('finds the usual names in any case and order', () => {
    const columns = matchColumns('daily_bars', ['Close', ' LOW', 'Ticker', 'Date', 'v', 'H', 'o'], 'f');
    assert.deepEqual(Object.fromEntries(columns), {
      symbol: 2,
      session: 3,
      open: 6,
      high: 5,
      low: 1,
      close: 0,
      volume: 4,
    });
  });

  it('takes T for the symbol and t for the time, and neither for the other', () => {
    const columns = matchColumns('daily_bars', ['T', 'v', 'vw', 'o', 'c', 'h', 'l', 't', 'n'], 'f');
    assert.deepEqual([columns.get('symbol'), columns.get('session'), columns.get('trades')], [0, 7, 8]);
  });

  it('guesses the dataset from what only it can be', () => {
    assert.equal(guessDataset(FLAT, 'f'), 'daily_bars');
    assert.equal(guessDataset(['symbol', 'ex_date', 'ratio'], 'f'), 'splits');
    assert.equal(guessDataset(['ticker', 'execution_date', 'split_from', 'split_to'], 'f'), 'splits');
    assert.equal(guessDataset(['symbol', 'ex_date', 'cash_amount'], 'f'), 'dividends');
    assert.equal(guessDataset(['ticker', 'list_date', 'name'], 'f'), 'listings');
  });

  it('names what was found and what is allowed when nothing fits', () => {
    assert.throws(
      () => guessDataset(['a', 'b'], 'x.csv'),
      (error: Error) => {
        assert.match(error.message, /x\.csv fit no dataset: a, b\. Allowed: daily_bars: symbol \| ticker \| T/);
        return true;
      },
    );
  });

  it('does not choose between datasets that both fit', () => {
    const header = ['symbol', 'date', 'open', 'high', 'low', 'close', 'volume', 'dividend'];
    assert.throws(() => guessDataset(header, 'f'), /daily_bars, dividends\).*Choose one with --dataset/s);
  });

  it('refuses half a split', () => {
    assert.throws(() => matchColumns('splits', ['symbol', 'ex_date', 'split_to'], 'f'), {
      code: 'import-columns-missing',
    });
  });

  it('refuses two columns for one field', () => {
    assert.throws(() => matchColumns('splits', ['symbol', 'ticker', 'ex_date', 'ratio'], 'f'), {
      code: 'import-column-ambiguous',
      found: 'symbol, ticker',
    });
  });

  it("knows the vendor's flat files by exactly their columns", () => {
    assert.equal(isFlatFile(FLAT), true);
    assert.equal(isFlatFile([...FLAT, 'vwap']), false);
    assert.equal(isFlatFile(FLAT.slice(1)), false);
  });
});
