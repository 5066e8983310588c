import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import { isoDate } from '#base/dates.ts';
import { DAILY_BARS, DIVIDENDS, QUARANTINE, SPLITS } from '#lake/tables.ts';
import { only, openImportLake } from '#test/fixtures/import-lake.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';
const ROW = '2024-01-02,10,12,9,11,100';

/** 00:00 in New York: 05:00 UTC in winter, 04:00 in summer. */
const WINTER_NS = `${Date.parse('2024-01-02T05:00:00Z')}000000`;
const SUMMER_NS = `${Date.parse('2024-07-02T04:00:00Z')}000000`;
const FLAT_HEADER = 'ticker,volume,open,close,high,low,window_start,transactions';

describe('reading files', () => {
  it('reads CSV, CSV.gz and Parquet to the same rows', async () => {
    await using lake = await openImportLake();
    const csv = `${HEADER}\nAAA,${ROW}\nBBB,${ROW}\n`;
    const first = await lake.import(await lake.file('a.csv', csv));
    assert.equal(only(first).inserted, 2);
    const zipped = await lake.import(await lake.file('a.csv.gz', gzipSync(csv)));
    assert.equal(only(zipped).unchanged, 2);
    const path = await lake.parquet('a.parquet', `SELECT * FROM read_csv('${await lake.file('b.csv', csv)}')`);
    const parquet = await lake.import(path);
    assert.equal(only(parquet).unchanged, 2);
    assert.equal(parquet.changed, false);
  });

  it("reads the vendor's flat files: nanoseconds of midnight in New York, summer and winter", async () => {
    await using lake = await openImportLake();
    const rows = [`AAA,100,10,11,12,9,${WINTER_NS},7`, `AAA,100,10,11,12,9,${SUMMER_NS},8`];
    const report = await lake.import(await lake.file('day.csv.gz', gzipSync([FLAT_HEADER, ...rows].join('\n'))));
    assert.equal(only(report).source, 'flat-file');
    const stored = await lake.rows(DAILY_BARS);
    assert.deepEqual(
      stored.map((row) => [row['session'], row['trades'], row['source'], row['vwap']]),
      [
        ['2024-01-02', 7, 'flat-file', null],
        ['2024-07-02', 8, 'flat-file', null],
      ],
    );
  });

  it('takes the session from a zoneless timestamp at 04:00 or 05:00 UTC by season', async () => {
    await using lake = await openImportLake();
    const values = `(TIMESTAMP '2024-01-02 05:00:00'), (TIMESTAMP '2024-07-02 04:00:00'), (TIMESTAMP '2024-07-03 00:00:00')`;
    const path = await lake.parquet(
      'naive.parquet',
      `SELECT 'AAA' AS symbol, t AS timestamp, 10.0 AS o, 12.0 AS h, 9.0 AS l, 11.0 AS c, 5 AS v FROM (VALUES ${values}) AS x(t)`,
    );
    await lake.import(path);
    const stored = await lake.rows(DAILY_BARS);
    assert.deepEqual(
      stored.map((row) => row['session']),
      ['2024-01-02', '2024-07-02', '2024-07-03'],
    );
  });

  it("tells the vendor's T (symbol) from its t (time), in CSV and in Parquet", async () => {
    await using lake = await openImportLake();
    const ms = Date.parse('2024-01-02T05:00:00Z');
    await lake.import(await lake.file('grouped.csv', `T,v,vw,o,c,h,l,t,n\nAAA,100,10.5,10,11,12,9,${ms},7\n`));
    assert.deepEqual(
      (await lake.rows(DAILY_BARS)).map((row) => [row['symbol'], row['session'], row['vwap'], row['trades']]),
      [['AAA', '2024-01-02', 10.5, 7]],
    );
  });

  it('keeps the tickers TRUE, NAN and NULL, and the case of all', async () => {
    await using lake = await openImportLake();
    const symbols = ['BACpB', 'NAN', 'NULL', 'TRUE', 'bacpb'];
    await lake.import(
      await lake.file('odd.csv', `${HEADER}\n${symbols.map((symbol) => `${symbol},${ROW}`).join('\n')}\n`),
    );
    assert.deepEqual(
      (await lake.rows(DAILY_BARS)).map((row) => row['symbol']),
      symbols,
    );
  });

  it('reads other delimiters, quotes, carriage returns and a byte order mark', async () => {
    await using lake = await openImportLake();
    const header = HEADER.replaceAll(',', ';');
    const text = `\uFEFF${header}\r\n"AAA";2024-01-02;10;12;9;11;"100"\r\n`;
    assert.equal(only(await lake.import(await lake.file('semi.csv', text))).inserted, 1);
  });

  it('reads files whose names hold the characters of patterns', async () => {
    await using lake = await openImportLake();
    const report = await lake.import(await lake.file('a[1]*?.csv', `${HEADER}\nAAA,${ROW}\n`));
    assert.equal(only(report).inserted, 1);
  });

  it('imports several files of several datasets at once, and says which columns it did not use', async () => {
    await using lake = await openImportLake();
    const bars = await lake.file('bars.csv', `${HEADER},adj_close\nAAA,${ROW},5\n`);
    const splits = await lake.file('splits.csv', 'ticker,execution_date,split_from,split_to\nAAA,2024-01-02,1,2\n');
    const dividends = await lake.file('dividends.csv', 'symbol,ex_date,amount\nAAA,2024-01-02,0.5\n');
    const report = await lake.import([bars, splits, dividends]);
    assert.deepEqual(
      report.datasets.map(({ dataset, inserted }) => [dataset, inserted]),
      [
        ['splits', 1],
        ['dividends', 1],
        ['daily_bars', 1],
      ],
    );
    assert.deepEqual(report.files.find(({ path }) => path === bars)?.ignoredColumns, ['adj_close']);
    assert.ok(report.files.every(({ guessed }) => guessed));
    assert.equal((await lake.rows(SPLITS)).length, 1);
    assert.equal((await lake.rows(DIVIDENDS))[0]?.['kind'], 'CD');
  });

  it('stages many small files as one import', async () => {
    await using lake = await openImportLake();
    const sessions = lake.deps.calendar.range(isoDate('2023-01-03'), isoDate('2023-06-30')).slice(0, 70);
    const files: string[] = [];
    for (const session of sessions) {
      files.push(
        await lake.file(`${session}.csv`, `${HEADER}\nAAA,${session},10,12,9,11,1\nBBB,${session},10,12,9,11,1\n`),
      );
    }
    const report = await lake.import(files);
    assert.equal(only(report).inserted, 140);
    assert.equal(only(report).version, 0);
    assert.ok(report.files.every(({ rows }) => rows === 2));
  });

  it('writes nothing on a dry run, and says what it would do', async () => {
    await using lake = await openImportLake();
    const path = await lake.file('a.csv', `${HEADER}\nAAA,${ROW}\nBBB,2024-01-06,10,12,9,11,1\n`);
    const report = await lake.import(path, { dryRun: true, quarantineBound: 1 });
    assert.equal(only(report).inserted, 1);
    assert.equal(only(report).quarantined, 1);
    assert.equal(report.changed, false);
    assert.deepEqual(await lake.versions(DAILY_BARS, QUARANTINE), [undefined, undefined]);
  });
});

describe('duplicates inside one import', () => {
  it('collapses equal rows and counts them', async () => {
    await using lake = await openImportLake();
    const report = await lake.import(await lake.file('a.csv', `${HEADER}\nAAA,${ROW}\nBBB,${ROW}\nAAA,${ROW}\n`));
    assert.equal(only(report).duplicates, 1);
    assert.equal(only(report).inserted, 2);
    assert.equal(only(report).quarantined, 0);
  });

  it('refuses all rows of a key that has different values', async () => {
    await using lake = await openImportLake();
    const rows = [`AAA,${ROW}`, `BBB,${ROW}`, 'AAA,2024-01-02,10,12,9,11,101'];
    const path = await lake.file('a.csv', [HEADER, ...rows].join('\n'));
    const report = await lake.import(path, { quarantineBound: 1 });
    assert.deepEqual(only(report).quarantinedByReason, { 'duplicate with other values': 2 });
    assert.equal(report.files[0]?.quarantined, 2);
    assert.deepEqual(
      (await lake.rows(QUARANTINE)).map((row) => row['row_number']),
      [1, 3],
    );
    assert.deepEqual(
      (await lake.rows(DAILY_BARS)).map((row) => row['symbol']),
      ['BBB'],
    );
  });

  it('finds them between two files', async () => {
    await using lake = await openImportLake();
    const one = await lake.file('one.csv', `${HEADER}\nAAA,${ROW}\n`);
    const two = await lake.parquet(
      'two.parquet',
      `SELECT 'AAA' AS symbol, DATE '2024-01-02' AS date, 10.0 AS open, 12.0 AS high, 9.0 AS low, 11.0 AS close, 7.0 AS volume`,
    );
    const report = await lake.import([one, two], { quarantineBound: 1 });
    assert.deepEqual(only(report).quarantinedByReason, { 'duplicate with other values': 2 });
    assert.equal(only(report).inserted, 0);
    assert.equal((await lake.rows(QUARANTINE)).length, 2);
  });
});

describe('the quarantine', () => {
  it('holds refused rows once, however often the file comes', async () => {
    await using lake = await openImportLake();
    const path = await lake.file(
      'a.csv',
      `${HEADER}\nAAA,${ROW}\nBBB,2024-01-06,10,12,9,11,1\nCCC,2024-01-02,nan,1,1,1,1\n`,
    );
    const first = await lake.import(path, { quarantineBound: 1 });
    assert.deepEqual(only(first).quarantinedByReason, { 'missing or non-finite field': 1, 'not a session': 1 });
    assert.equal(only(first).newlyQuarantined, 2);
    const again = await lake.import(path, { quarantineBound: 1 });
    assert.equal(only(again).newlyQuarantined, 0);
    assert.equal(again.changed, false);
    const rows = await lake.rows(QUARANTINE);
    assert.deepEqual(
      rows.map((row) => [row['row_number'], row['reason'], JSON.parse(String(row['row'])).symbol]),
      [
        [2, 'not a session', 'BBB'],
        [3, 'missing or non-finite field', 'CCC'],
      ],
    );
    assert.equal(rows[0]?.['source_digest'], first.files[0]?.digest);
  });

  it('allows one row, and refuses a file with more rejected rows than the bound', async () => {
    await using lake = await openImportLake();
    const saturday = 'BBB,2024-01-06,10,12,9,11,1';
    const one = await lake.import(await lake.file('one.csv', `${HEADER}\nAAA,${ROW}\n${saturday}\n`));
    assert.deepEqual([only(one).inserted, only(one).quarantined], [1, 1]);
    const two = await lake.file('two.csv', `${HEADER}\nCCC,${ROW}\n${saturday}\nD,2024-01-07,10,12,9,11,1\n`);
    await assert.rejects(lake.import(two), {
      code: 'import-over-bound',
      message: /2 of 3 rows of .*two\.csv were rejected.*2 × not a session; first: row 2/,
    });
    const all = await lake.file('all.csv', `${HEADER}\n${saturday}\n`);
    await assert.rejects(lake.import(all), { code: 'import-over-bound' });
    const none = await lake.file('none.csv', `${HEADER}\nCCC,${ROW}\n${saturday}\n`);
    await assert.rejects(lake.import(none, { quarantineBound: 0 }), { code: 'import-over-bound' });
    assert.deepEqual(await lake.versions(DAILY_BARS, QUARANTINE), [0, 0]);
  });

  it('counts duplicates against the bound', async () => {
    await using lake = await openImportLake();
    const path = await lake.file('a.csv', `${HEADER}\nAAA,${ROW}\nAAA,2024-01-02,10,12,9,11,101\n`);
    await assert.rejects(lake.import(path), { code: 'import-over-bound' });
  });

  it('refuses bars of a session that has not closed', async () => {
    await using lake = await openImportLake(Date.parse('2024-01-03T20:00:00Z'));
    const path = await lake.file('a.csv', `${HEADER}\nAAA,${ROW}\nAAA,2024-01-03,10,12,9,11,100\n`);
    const report = await lake.import(path, { quarantineBound: 1 });
    assert.deepEqual(only(report).quarantinedByReason, { 'session in the future': 1 });
  });
});
