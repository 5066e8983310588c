import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ImportStatements } from '#batch/import/request.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { openImportLake } from '#test/fixtures/import-lake.ts';

/** A few lines that contradict themselves or have two meanings, and the message that says so. */
interface RefusedLayout {
  /** Completes "refuses …". */
  readonly name: string;
  readonly file: string;
  readonly content: string | Uint8Array;
  readonly statements?: ImportStatements;
  readonly code: string;
  readonly message: RegExp;
}

const csv = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;
const epoch = (text: string): number => Date.parse(text);

const REFUSED: readonly RefusedLayout[] = [
  {
    name: 'a table of one symbol without its symbol, naming the option',
    file: 'prices.csv',
    content: csv('Date,Open,High,Low,Close,Volume', '2024-01-02,100,102,99,101,10000'),
    code: 'import-columns-missing',
    message: /^.{0,120}no column for symbol\. Add --symbol/,
  },
  {
    name: 'N-session bars, which look like listings',
    file: 'windows.csv',
    content: csv(
      'symbol,first_session,last_session,open,high,low,close,volume,vwap,trades,sessions,expected,complete,finality',
      'AAA,2024-01-03,2024-01-05,101,105,100,104,30006,,,3,3,true,settled',
    ),
    code: 'import-contradiction',
    message: /bars of several sessions.*resample/,
  },
  {
    name: 'N-session bars stated to be listings',
    file: 'windows.csv',
    content: csv('symbol,first_session,last_session,open,high,low,close', 'AAA,2024-01-03,2024-01-05,101,105,100,104'),
    statements: { dataset: 'listings' },
    code: 'import-contradiction',
    message: /bars, not listings/,
  },
  {
    name: 'bars stated to be dividends',
    file: 'bars.csv',
    content: csv('symbol,date,open,high,low,close,volume,dividend', 'AAA,2024-01-02,100,102,99,101,10000,0.5'),
    statements: { dataset: 'dividends' },
    code: 'import-contradiction',
    message: /bars, not dividends/,
  },
  {
    name: 'bars that Condvest itself served, which are adjusted by default',
    file: 'aaa.csv',
    content: csv(
      'symbol,session,open,high,low,close,volume,vwap,trades,finality',
      'AAA,2024-01-02,100,102,99,101,10000,,,settled',
    ),
    code: 'import-adjusted',
    message: /may be adjusted.*--adjusted none/,
  },
  {
    name: "the vendor's adjusted response",
    file: 'aggs.json',
    content: JSON.stringify({
      ticker: 'AAA',
      adjusted: true,
      results: [{ v: 1, o: 1, c: 1, h: 1, l: 1, t: epoch('2024-01-02T05:00:00Z') }],
    }),
    code: 'import-adjusted',
    message: /the response says/,
  },
  {
    name: 'a table with the close as traded in a column of its own',
    file: 'sep.csv',
    content: csv(
      'ticker,date,open,high,low,close,volume,closeadj,closeunadj',
      'AAA,2024-01-02,100,102,99,101,10000,100,404',
    ),
    code: 'import-adjusted',
    message: /column of its own/,
  },
  {
    name: 'a table of yfinance with its default adjustment',
    file: 'AAA.csv',
    content: csv(
      'Date,Open,High,Low,Close,Volume,Dividends,Stock Splits',
      '2024-01-02 00:00:00-05:00,100,102,99,101,10000,0.0,0.0',
    ),
    statements: { symbol: 'AAA' },
    code: 'import-adjusted',
    message: /yfinance adjusts/,
  },
  {
    name: 'a table of yfinance with several header lines',
    file: 'AAA.csv',
    content: csv(
      'Price,Close,High,Low,Open,Volume',
      'Ticker,AAA,AAA,AAA,AAA,AAA',
      'Date,,,,,',
      '2024-01-02,101,102,99,100,10000',
    ),
    statements: { symbol: 'AAA' },
    code: 'import-header-levels',
    message: /several header lines/,
  },
  {
    name: 'a file without a header',
    file: 'AAA.txt',
    content: csv('2024-01-02,100,102,99,101,10000', '2024-01-03,101,103,100,102,10001'),
    statements: { symbol: 'AAA' },
    code: 'import-header-missing',
    message: /first line is data/,
  },
  {
    name: 'bars of an hour by their period',
    file: 'aaa.us.txt',
    content: csv(
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>',
      'AAA,60,20240102,160000,100,102,99,101,10000',
    ),
    code: 'import-contradiction',
    message: /another length than a day: <PER> is 60/,
  },
  {
    name: 'bars of minutes by their times',
    file: 'minutes.csv',
    content: csv('symbol,date,time,open,high,low,close,volume', 'AAA,2024-01-02,09:31,100,102,99,101,10000'),
    code: 'import-contradiction',
    message: /times of the day.*time is 09:31/,
  },
  {
    name: 'bars of minutes by their instants',
    file: 'minutes.csv',
    content: csv('symbol,timestamp,open,high,low,close,volume', 'AAA,2024-01-02 09:31:00-05:00,100,102,99,101,10000'),
    code: 'import-dates-unreadable',
    message: /minute or hourly bars/,
  },
  {
    name: 'weekly bars by their dates',
    file: 'weekly.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume',
      ...['02-05', '02-12', '02-20', '02-26', '03-04', '03-11'].map((day) => `AAA,2024-${day},100,102,99,101,10000`),
    ),
    code: 'import-contradiction',
    message: /weekly or monthly bars.*--sparse/,
  },
  {
    name: 'weekly bars by their interval',
    file: 'bars.csv',
    content: csv('symbol,date,interval,open,high,low,close,volume', 'AAA,2024-01-02,1wk,100,102,99,101,10000'),
    code: 'import-contradiction',
    message: /interval is 1wk/,
  },
  {
    name: 'records of another kind among daily bars',
    file: 'bars.csv',
    content: csv(
      'ts_event,rtype,open,high,low,close,volume,symbol',
      '2024-01-02T00:00:00Z,35,1,1,1,1,1,AAA',
      '2024-01-03T00:00:00Z,34,1,1,1,1,1,AAA',
    ),
    code: 'import-contradiction',
    message: /rtype is 34/,
  },
  {
    name: 'a flat file whose rows are of another day than its name',
    file: '2024-01-02.csv',
    content: csv(
      'ticker,volume,open,close,high,low,window_start,transactions',
      'AAA,1000,10,11,12,9,-68400000000000,5',
    ),
    code: 'import-contradiction',
    message: /named after 2024-01-02, but it has rows of 1969-12-31/,
  },
  {
    name: 'a flat file from before there were any',
    file: 'day.csv',
    content: csv(
      'ticker,volume,open,close,high,low,window_start,transactions',
      'AAA,1000,10,11,12,9,-68400000000000,5',
    ),
    code: 'import-contradiction',
    message: /rows of 1969-12-31, before the first of them/,
  },
  {
    name: 'a file named after a day with the rows of the next',
    file: '20240102.csv',
    content: csv('symbol,date,open,high,low,close,volume', 'AAA,2024-01-03,100,102,99,101,10000'),
    code: 'import-contradiction',
    message: /named after 2024-01-02/,
  },
  {
    name: 'another symbol than the one stated',
    file: 'AAA.csv',
    content: csv('symbol,date,open,high,low,close,volume', 'BBB,2024-01-02,100,102,99,101,10000'),
    statements: { symbolFromName: true },
    code: 'import-contradiction',
    message: /rows of BBB, but its symbol is stated as AAA/,
  },
  {
    name: 'prices in billionths of a dollar',
    file: 'raw.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume',
      'AAA,2024-01-02,100000000000,102000000000,99000000000,101000000000,10000',
    ),
    code: 'import-contradiction',
    message: /prices are in dollars/,
  },
  {
    name: 'a decimal comma',
    file: 'comma.csv',
    content: csv('symbol;date;open;high;low;close;volume', 'AAA;2024-01-02;100,5;102;99;101;10000'),
    code: 'import-decimal-comma',
    message: /decimal comma: 100,5/,
  },
  {
    name: 'a comma that may be a decimal point or not',
    file: 'comma.csv',
    content: csv('symbol;date;open;high;low;close;volume', 'AAA;2024-01-02;1,100;1,102;1,099;1,101;10000'),
    code: 'import-decimal-comma',
    message: /1,100/,
  },
  {
    name: 'dates with the month first and dates with the day first in one column',
    file: 'mixed.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume',
      'AAA,01/31/2024,100,102,99,101,10000',
      'AAA,31/01/2024,101,103,100,102,10001',
    ),
    code: 'import-dates-unreadable',
    message: /month first and dates with the day first/,
  },
  {
    name: 'dates that contradict the stated order',
    file: 'mdy.csv',
    content: csv('symbol,date,open,high,low,close,volume', 'AAA,01/31/2024,100,102,99,101,10000'),
    statements: { dateOrder: 'dmy' },
    code: 'import-dates-unreadable',
    message: /cannot be dmy/,
  },
  {
    name: 'day numbers of a spreadsheet',
    file: 'serial.csv',
    content: csv('symbol,date,open,high,low,close,volume', 'AAA,45293,100,102,99,101,10000'),
    code: 'import-dates-unreadable',
    message: /45293/,
  },
  {
    name: 'JSON that is cut off',
    file: 'cut.json',
    content: '[{"symbol":"AAA","date":"2024-01-02","open":1',
    code: 'import-file-format',
    message: /cannot be read as JSON/,
  },
  {
    name: 'JSON that is not made of records',
    file: 'numbers.json',
    content: '[1, 2, 3]',
    code: 'import-file-format',
    message: /not made of records/,
  },
];

describe('an import', () => {
  for (const { name, file, content, statements, code, message } of REFUSED) {
    it(`refuses ${name}`, async () => {
      await using lake = await openImportLake();
      const path = await lake.file(file, content);
      await assert.rejects(lake.import(path, statements), (error: Error & { code?: string }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message.replace(path, file), message);
        return true;
      });
      assert.deepEqual(await lake.versions(DAILY_BARS), [undefined]);
    });
  }
});
