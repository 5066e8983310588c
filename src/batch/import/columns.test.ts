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

  it('names the nearest dataset and what it lacks, in few words and before any list', () => {
    for (const [header, dataset, missing] of [
      [['date', 'open', 'high', 'low', 'volume', 'ticker'], 'daily bars', 'close'],
      [['ticker', 'ex_date', 'split_to'], 'splits', 'split_from'],
      [['ticker', 'ex_dividend_date'], 'dividends', 'cash_amount'],
      [['name', 'list_date'], 'listings', 'symbol'],
    ] as const) {
      assert.throws(
        () => guessDataset(header, 'x.csv'),
        (error: Error) => {
          const start = error.message.slice(0, 200);
          assert.ok(start.startsWith(`x.csv looks like ${dataset}, but has no column for ${missing}`), error.message);
          return true;
        },
      );
    }
  });

  it('takes what has open, high, low and close for bars, whatever else it has', () => {
    const header = ['symbol', 'date', 'open', 'high', 'low', 'close', 'volume', 'dividend', 'first_session'];
    assert.equal(guessDataset(header, 'f'), 'daily_bars');
  });

  it('does not choose between datasets that both fit', () => {
    assert.throws(() => guessDataset(['symbol', 'date', 'ratio', 'dividend'], 'f'), /splits, dividends\).*--dataset/s);
  });

  it('takes a column that the user names, and no other for its field', () => {
    const header = ['Date', 'Open', 'High', 'Low', 'Close', 'Last', 'Volume', 'Stock', 'Name'];
    const stated = { symbol: 'Name', close: 'Last' };
    const columns = matchColumns('daily_bars', header, 'f', { stated });
    assert.deepEqual([columns.get('symbol'), columns.get('close')], [8, 5]);
    assert.throws(() => matchColumns('daily_bars', header, 'f', { stated: { symbol: 'Ticker' } }), {
      code: 'import-column-unknown',
      found: 'Ticker',
    });
    assert.throws(() => matchColumns('daily_bars', header, 'f', { stated: { ticker: 'Stock' } }), {
      code: 'import-column-unknown',
      found: 'ticker',
    });
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
