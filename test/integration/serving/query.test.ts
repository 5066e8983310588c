import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { FsLocalFiles } from '#adapters/fs/local-files.ts';
import { isoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { encodeArrow } from '#serving/export/arrow.ts';
import { encodeCsv } from '#serving/export/csv.ts';
import { parquetOf } from '#serving/export/parquet.ts';
import { type Row, rowsOf, type TableStream } from '#serving/export/table-stream.ts';
import { readBars } from '#serving/read/bars.ts';
import { barsTable } from '#serving/read/bars-table.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { runQuery } from '#serving/read/query.ts';
import { listSymbols, listTables, tableHistory } from '#serving/read/tables.ts';
import { type MarketLake, openMarketLake } from '#test/fixtures/market-lake.ts';
import { pythonLacks, runPython } from '#test/fixtures/python.ts';

const NOW = Date.parse('2024-05-01T16:00:00Z');

async function openQuarter(): Promise<MarketLake> {
  const market = await openMarketLake(NOW);
  await market.put(market.calendar.range(isoDate('2024-01-02'), isoDate('2024-03-28')));
  await market.resample([5]);
  return market;
}

async function rowsOfQuery(market: MarketLake, statement: string, asOfMs?: number): Promise<Row[]> {
  await using query = await runQuery(
    { lake: market.test.lake, clock: market.clock },
    { statement, intervals: [5], asOfMs },
  );
  const rows: Row[] = [];
  for await (const batch of query.table.batches) rows.push(...rowsOf(query.table.fields, batch));
  return rows;
}

test('every table is a view, and every type arrives as the right kind of value', async () => {
  await using market = await openQuarter();
  assert.deepEqual(await rowsOfQuery(market, 'SELECT count(*) AS n FROM bronze.daily_bars'), [{ n: 183 }]);
  assert.deepEqual(await rowsOfQuery(market, 'SELECT count(*) AS n FROM silver.bars_5d WHERE NOT complete'), [
    { n: 6 },
  ]);
  const statement = `SELECT DATE '2024-02-29' AS d, 1.5::DECIMAL(9, 2) AS dec, 9007199254740993 AS big, sum(2::BIGINT) AS huge,
    TIMESTAMPTZ '2024-01-01 00:00:00.5+00' AS t, [1, 2] AS list, {'a': 1} AS struct, NULL AS nothing, true AS yes`;
  assert.deepEqual(await rowsOfQuery(market, statement), [
    {
      d: '2024-02-29',
      dec: 1.5,
      big: 9007199254740993n,
      huge: 2,
      t: Date.UTC(2024, 0, 1, 0, 0, 0, 500),
      list: '[1,2]',
      struct: '{"a":1}',
      nothing: null,
      yes: true,
    },
  ]);
});

test('statements that only read are run, whatever they start with', async () => {
  await using market = await openQuarter();
  for (const statement of [
    'FROM bronze.daily_bars LIMIT 1;',
    'WITH x AS (SELECT 1 AS a) SELECT a FROM x -- and a comment',
    'VALUES (1)',
    'DESCRIBE bronze.daily_bars',
    'SUMMARIZE silver.bars_5d',
    'EXPLAIN SELECT 1',
    'EXPLAIN ANALYZE SELECT 1',
    'PIVOT bronze.daily_bars ON symbol USING max(close) GROUP BY session',
  ]) {
    assert((await rowsOfQuery(market, statement)).length > 0, statement);
  }
});

test('a statement that would write is rejected before it runs', async () => {
  await using market = await openQuarter();
  const target = join(market.test.root, 'stolen.csv');
  for (const statement of [
    `COPY bronze.daily_bars TO '${target}'`,
    `CREATE TABLE t AS SELECT 1; COPY t TO '${target}'`,
    `SELECT 1; SELECT 2`,
    'DROP VIEW bronze.daily_bars',
    'SET GLOBAL threads = 1',
    `ATTACH '${target}' AS other`,
    `EXPLAIN ANALYZE COPY bronze.daily_bars TO '${target}'`,
    `explain (analyze) COPY bronze.daily_bars TO '${target}'`,
    `EXPLAIN /* */ ANALYZE COPY bronze.daily_bars TO '${target}'`,
  ]) {
    await assert.rejects(rowsOfQuery(market, statement), { code: 'query-not-a-query', name: 'UsageError' }, statement);
  }
  assert.equal(existsSync(target), false);
});

test('a wrong statement is reported in the database’s words, even when it fails in a late row', async () => {
  await using market = await openQuarter();
  await assert.rejects(rowsOfQuery(market, 'SELECT nope FROM bronze.daily_bars'), {
    code: 'query-invalid',
    message: /"nope" not found/,
  });
  await assert.rejects(rowsOfQuery(market, 'SELEC 1'), { code: 'query-invalid' });
  await assert.rejects(rowsOfQuery(market, 'SELECT * FROM bronze.nope'), { code: 'query-invalid' });
  const late = `SELECT CAST(CASE WHEN i = 900000 THEN 'x' ELSE '1' END AS INTEGER) AS v FROM range(1000000) r(i)`;
  await assert.rejects(rowsOfQuery(market, late), { code: 'query-invalid' });
  await assert.rejects(rowsOfQuery(market, 'SELECT 1', NOW + 86_400_000), { code: 'as-of-in-future' });
});

test('a large result is never held in memory: batches of at most 2,048 rows are produced on demand', async () => {
  await using market = await openQuarter();
  const statement = 'SELECT i, i * 2 AS j FROM range(300000000) r(i)';
  await using query = await runQuery({ lake: market.test.lake, clock: market.clock }, { statement, intervals: [] });
  let rows = 0;
  for await (const { rowCount, columns } of query.table.batches) {
    assert(rowCount <= 2048 && columns.every((values) => values.length === rowCount));
    rows += rowCount;
    if (rows > 100_000) break;
  }
  assert(rows < 110_000);
});

test('a query reads one version of every table, whatever is written meanwhile', async () => {
  await using market = await openQuarter();
  const statement = 'SELECT sum(open) AS s FROM bronze.daily_bars';
  const [before] = await rowsOfQuery(market, statement);
  await using query = await runQuery({ lake: market.test.lake, clock: market.clock }, { statement, intervals: [] });
  await market.put(market.calendar.range(isoDate('2024-01-02'), isoDate('2024-01-31')), 5);
  const rows: Row[] = [];
  for await (const batch of query.table.batches) rows.push(...rowsOf(query.table.fields, batch));
  assert.deepEqual(rows, [before]);
});

test('tables, symbols and versions are listed with their main facts', async () => {
  await using market = await openQuarter();
  const { lake } = market.test;
  const [bars] = await listTables(lake, []);
  assert.deepEqual(
    [bars?.table, bars?.rows, bars?.first, bars?.last, bars?.version],
    ['bronze/daily_bars', 183, '2024-01-02', '2024-03-28', 0],
  );
  assert((bars?.bytes ?? 0) > 1000 && (bars?.files ?? 0) >= 1);
  // An interval that is configured no longer is still listed: its folder is there.
  assert((await listTables(lake, [])).some(({ table }) => table === 'silver/bars_5d'));
  assert.deepEqual(
    (await listSymbols(lake, { search: 'zz', limit: 10 })).map((row) => [row.symbol, row.security_id, row.bars]),
    [['ZZZ', 'ZZZ', 61]],
  );
  assert.equal((await listSymbols(lake, { limit: 2 })).length, 2);
  const [newest] = await tableHistory(lake, { table: 'bronze.daily_bars', intervals: [], limit: 1 });
  assert.equal(newest?.version, 0);
  await assert.rejects(tableHistory(lake, { table: 'splits', intervals: [], limit: 1 }), { code: 'table-absent' });
});

/** Prints rows of a Parquet and an Arrow file, with types, as pandas would want them. */
const READ_FILES = `
import json, sys
import pyarrow.parquet as pq, pyarrow.ipc as ipc
def told(table):
    return [[f"{f.name} {f.type}" for f in table.schema], [[str(v) for v in row.values()] for row in table.to_pylist()]]
print(json.dumps([told(pq.read_table(sys.argv[1])), told(ipc.open_stream(sys.argv[2]).read_all())]))
`;

test('other programs read exported Parquet and Arrow with the types of the lake', {
  skip: pythonLacks('pyarrow'),
}, async () => {
  await using market = await openQuarter();
  const { lake, root } = market.test;
  const write = async (name: string, chunks: AsyncIterable<Uint8Array>): Promise<string> => {
    const path = join(root, '..', name);
    const parts: Uint8Array[] = [];
    for await (const part of chunks) parts.push(part);
    await writeFile(path, Buffer.concat(parts));
    return path;
  };
  const read = async (): Promise<TableStream> => {
    const request = { symbol: 'AAA', interval: 5, explain: true };
    const { calendar, clock } = market;
    return barsTable(await readBars({ lake, calendar, clock, caches: new MarketCaches(lake) }, request));
  };
  const parquet = await write('bars.parquet', parquetOf(lake, new FsLocalFiles(), await read()));
  const arrow = await write('bars.arrow', encodeArrow(await read()));
  const told = (await runPython(READ_FILES, parquet, arrow)) as [string[], string[][]][];
  const [fromParquet = [[], []], fromArrow] = told;
  assert.deepEqual(fromArrow, fromParquet);
  const [fields, rows] = fromParquet;
  assert.deepEqual(fields.slice(0, 4), [
    'symbol string',
    'first_session date32[day]',
    'last_session date32[day]',
    'open double',
  ]);
  assert(rows.length > 10);
  const csv = await write('bars.csv', encodeCsv(await read()));
  assert.equal(
    (await readFile(csv, 'utf8')).split('\n')[0]?.startsWith('symbol,first_session,last_session,open'),
    true,
  );
});

test('a Parquet export leaves no scratch file behind, even when its reader stops early', async () => {
  await using market = await openQuarter();
  const { lake, deps } = market.test;
  await using query = await runQuery(
    { lake, clock: market.clock },
    { statement: 'FROM bronze.daily_bars', intervals: [] },
  );
  for await (const chunk of parquetOf(lake, new FsLocalFiles(), query.table)) {
    assert(chunk.byteLength > 0);
    break;
  }
  const left: string[] = [];
  for await (const { key } of deps.store.list('')) if (key.includes('scratch')) left.push(key);
  assert.deepEqual(left, []);
  assert.equal((await lake.table(DAILY_BARS).head())?.version, 0);
});
