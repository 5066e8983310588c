import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import type { ImportStatements } from '#batch/import/request.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';

/** A few lines in the layout of a site, broker or library, and what they mean. */
interface Layout {
  /** Completes "reads …" or "refuses …". */
  readonly name: string;
  readonly file: string;
  readonly content: string | Uint8Array;
  readonly statements?: ImportStatements;
}

interface ReadLayout extends Layout {
  /** The stored bars: symbol, session, close and volume. */
  readonly bars: readonly string[];
  readonly note?: RegExp;
}

const TWO_DAYS = ['AAA 2024-01-02 101 10000', 'AAA 2024-01-03 102 10001'];
const csv = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;
const epoch = (text: string): number => Date.parse(text);

const READ: readonly ReadLayout[] = [
  {
    name: 'a download of Yahoo, with the symbol stated, and says that its prices may be adjusted',
    file: 'download.csv',
    content: csv(
      'Date,Open,High,Low,Close,Adj Close,Volume',
      '2024-01-02,100.0,102.0,99.0,101.0,100.5,10000',
      '2024-01-03,101.0,103.0,100.0,102.0,101.5,10001',
    ),
    statements: { symbol: 'AAA' },
    bars: TWO_DAYS,
    note: /taken as traded/,
  },
  {
    name: 'a file per symbol named after it',
    file: 'AAA.csv',
    content: csv(
      'Date,Open,High,Low,Close,Volume',
      '2024-01-02,100,102,99,101,10000',
      '2024-01-03,101,103,100,102,10001',
    ),
    statements: { symbolFromName: true },
    bars: TWO_DAYS,
  },
  {
    name: 'a file of a bulk archive in lower case with an exchange suffix in its name',
    file: 'aaa.us.txt',
    content: csv(
      'Date,Open,High,Low,Close,Volume,OpenInt',
      '2024-01-02,100,102,99,101,10000,0',
      '2024-01-03,101,103,100,102,10001,0',
    ),
    statements: { symbolFromName: true, stripSuffix: '.us', upperCase: true },
    bars: TWO_DAYS,
  },
  {
    name: 'a symbol column and a name that say the same once both are converted',
    file: 'aaa.us.csv',
    content: csv('symbol,date,open,high,low,close,volume', 'aaa.us,2024-01-02,100,102,99,101,10000'),
    statements: { symbolFromName: true, stripSuffix: '.us', upperCase: true },
    bars: ['AAA 2024-01-02 101 10000'],
  },
  {
    name: 'column names in angle brackets, with a period and a time',
    file: 'aaa.us.txt',
    content: csv(
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\r',
      'AAA.US,D,20240102,000000,100,102,99,101,10000,0\r',
      'AAA.US,D,20240103,000000,101,103,100,102,10001,0\r',
    ),
    statements: { stripSuffix: '.US' },
    bars: TWO_DAYS,
  },
  {
    name: 'dollar signs, separators of thousands and months first, newest first, as a stock exchange writes them',
    file: 'HistoricalData.csv',
    content: csv(
      'Date,Close/Last,Volume,Open,High,Low',
      '01/31/2024,$1101.00,"10,500",$1100.00,"$1,102.00",$1099.00',
      '01/03/2024,$102.00,10001,$101.00,$103.00,$100.00',
      '01/02/2024,$101.00,10000,$100.00,$102.00,$99.00',
    ),
    statements: { symbol: 'AAA' },
    bars: [...TWO_DAYS, 'AAA 2024-01-31 1101 10500'],
    note: /month first/,
  },
  {
    name: 'abbreviated volumes and a close called Price, with the order of dates stated',
    file: 'history.csv',
    content: csv(
      '"Date","Price","Open","High","Low","Vol.","Change %"',
      '"01/03/2024","102.00","101.00","103.00","100.00","82.49M","-0.75%"',
      '"01/02/2024","101.00","100.00","102.00","99.00","10.00K","1.00%"',
    ),
    statements: { symbol: 'AAA', dateOrder: 'mdy' },
    bars: ['AAA 2024-01-02 101 10000', 'AAA 2024-01-03 102 82490000'],
  },
  {
    name: 'a spreadsheet that puts the close at 16:00 without a zone',
    file: 'sheet.csv',
    content: csv(
      'Date,Open,High,Low,Close,Volume',
      '1/2/2024 16:00:00,100,102,99,101,10000',
      '1/31/2024 16:00:00,101,103,100,102,10001',
    ),
    statements: { symbol: 'AAA' },
    bars: ['AAA 2024-01-02 101 10000', 'AAA 2024-01-31 102 10001'],
  },
  {
    name: 'instants as text at midnight in New York, summer and winter, with trade counts',
    file: 'bars.csv',
    content: csv(
      'symbol,timestamp,open,high,low,close,volume,trade_count,vwap',
      'AAA,2024-01-02 05:00:00+00:00,100,102,99,101,10000,50,100.5',
      'AAA,2024-07-02T04:00:00Z,101,103,100,102,10001,50,101.5',
    ),
    bars: ['AAA 2024-01-02 101 10000', 'AAA 2024-07-02 102 10001'],
  },
  {
    name: 'instants as text at midnight where the file was written',
    file: 'bars.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume',
      'AAA,2024-01-02 00:00:00-05:00,100,102,99,101,10000',
      'AAA,2024-01-03 00:00:00-05:00,101,103,100,102,10001',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'instants with nanoseconds as text',
    file: 'daily.csv',
    content: csv(
      'ts_event,rtype,open,high,low,close,volume,symbol',
      '2024-01-02T00:00:00.000000000Z,35,100.000000000,102.000000000,99.000000000,101.000000000,10000,AAA',
      '2024-01-03T00:00:00.000000000Z,35,101.000000000,103.000000000,100.000000000,102.000000000,10001,AAA',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'epoch seconds at the open, as a charting site writes them',
    file: 'chart.csv',
    content: csv(
      'time,open,high,low,close,Volume',
      `${epoch('2024-01-02T14:30:00Z') / 1000},100,102,99,101,10000`,
      `${epoch('2024-07-02T13:30:00Z') / 1000},101,103,100,102,10001`,
    ),
    statements: { symbol: 'AAA' },
    bars: ['AAA 2024-01-02 101 10000', 'AAA 2024-07-02 102 10001'],
  },
  {
    name: "the vendor's grouped response as a table: milliseconds of the close, also of an early one",
    file: 'grouped.csv',
    content: csv(
      'T,v,vw,o,c,h,l,t,n',
      `AAA,10000,100.5,100,101,102,99,${epoch('2024-01-02T21:00:00Z')},7`,
      `AAA,10001,100.5,101,102,103,100,${epoch('2024-07-03T17:00:00Z')},7`,
    ),
    bars: ['AAA 2024-01-02 101 10000', 'AAA 2024-07-03 102 10001'],
  },
  {
    name: 'the symbol in a column called Name, last',
    file: 'all.csv',
    content: csv(
      'date,open,high,low,close,volume,Name',
      '2024-01-02,100,102,99,101,10000,AAA',
      '2024-01-03,101,103,100,102,10001,AAA',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'an index without a name that is a number, beside a date',
    file: 'frame.csv',
    content: csv(
      ',Date,Open,High,Low,Close,Volume,Stock',
      '0,2024-01-02,100,102,99,101,10000,AAA',
      '1,2024-01-03,101,103,100,102,10001,AAA',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'an index without a name that is the date',
    file: 'frame.csv',
    content: csv(
      ',symbol,open,high,low,close,volume',
      '2024-01-02,AAA,100,102,99,101,10000',
      '2024-01-03,AAA,101,103,100,102,10001',
    ),
    bars: TWO_DAYS,
    note: /column without a name/,
  },
  {
    name: 'dates with the name of the month',
    file: 'named.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume',
      'AAA,"Jan 02, 2024",100,102,99,101,10000',
      'AAA,"Jan 03, 2024",101,103,100,102,10001',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'dates with the name of the month and two digits of the year',
    file: 'short.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume',
      'AAA,2-Jan-24,100,102,99,101,10000',
      'AAA,29-Dec-99,101,103,100,102,10001',
    ),
    bars: ['AAA 1999-12-29 102 10001', 'AAA 2024-01-02 101 10000'],
  },
  {
    name: 'days first where a day above 12 proves it',
    file: 'european.csv',
    content: csv(
      'symbol;date;open;high;low;close;volume',
      'AAA;02/01/2024;100;102;99;101;10000',
      'AAA;31.01.2024;101;103;100;102;10001',
    ),
    bars: ['AAA 2024-01-02 101 10000', 'AAA 2024-01-31 102 10001'],
    note: /day first/,
  },
  {
    name: 'years first with slashes, dots, and no separator at all',
    file: 'slashes.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume',
      'AAA,2024/1/2,100,102,99,101,10000',
      'AAA,2024.01.03,101,103,100,102,10001',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'spaces around values',
    file: 'padded.csv',
    content: csv(
      'symbol, date, open, high, low, close, volume',
      'AAA , 2024-01-02, 100, 102, 99, 101, 10000',
      'AAA , 2024-01-03, 101, 103, 100, 102, 10001',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'placeholders for an average price that is not known',
    file: 'na.csv',
    content: csv(
      'symbol,date,open,high,low,close,volume,vwap',
      'AAA,2024-01-02,100,102,99,101,10000,NaN',
      'AAA,2024-01-03,101,103,100,102,10001,-',
    ),
    bars: TWO_DAYS,
  },
  {
    name: 'a JSON array of records',
    file: 'bars.json',
    content: JSON.stringify([
      { date: '2024-01-02', symbol: 'AAA', open: 100, high: 102, low: 99, close: 101, volume: 10000 },
      { date: '2024-01-03', symbol: 'AAA', open: 101, high: 103, low: 100, close: 102, volume: 10001, vwap: 101.5 },
    ]),
    bars: TWO_DAYS,
  },
  {
    name: 'JSON lines under gzip',
    file: 'bars.jsonl.gz',
    content: gzipSync(
      csv(
        '{"S":"x","symbol":"AAA","date":"2024-01-02","open":100,"high":102,"low":99,"close":101,"volume":10000}',
        '{"symbol":"AAA","date":"2024-01-03","open":101,"high":103,"low":100,"close":102,"volume":10001}',
      ),
    ),
    bars: TWO_DAYS,
  },
  {
    name: "the vendor's response of one symbol, unadjusted",
    file: 'aggs.json',
    content: JSON.stringify({
      ticker: 'AAA',
      adjusted: false,
      results: [
        { v: 10000, o: 100, c: 101, h: 102, l: 99, t: epoch('2024-01-02T05:00:00Z') },
        { v: 10001, o: 101, c: 102, h: 103, l: 100, t: epoch('2024-01-03T05:00:00Z') },
      ],
    }),
    bars: TWO_DAYS,
  },
];

describe('an import', () => {
  for (const { name, file, content, statements, bars, note } of READ) {
    it(`reads ${name}`, async () => {
      await using lake = await openImportLake();
      const report = await lake.import(await lake.file(file, content), statements);
      assert.deepEqual(await storedBars(lake), bars);
      if (note !== undefined) assert.match(report.files[0]?.notes.join('; ') ?? '', note);
    });
  }

  it('reports the rows whose symbol was trimmed', async () => {
    await using lake = await openImportLake();
    const rows = ['AAA ,2024-01-02,100,102,99,101,10000', 'BBB,2024-01-02,100,102,99,101,10000'];
    const report = await lake.import(await lake.file('p.csv', csv('symbol,date,open,high,low,close,volume', ...rows)));
    assert.equal(report.files[0]?.padded, 1);
  });
});

async function storedBars(lake: ImportLake): Promise<string[]> {
  const rows = await lake.rows(DAILY_BARS);
  return rows.map((row) => `${row['symbol']} ${row['session']} ${row['close']} ${row['volume']}`);
}
