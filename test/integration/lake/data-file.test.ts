import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { writeDataFile } from '#lake/data-file.ts';
import { DataFile, type NewFile } from '#lake/files.ts';
import { unionByName } from '#lake/put.sql.ts';
import { isForRanges, RANGE_ROWS, type RowPart } from '#lake/range-sort.ts';
import { scanSql } from '#lake/scan.ts';
import { sqlText } from '#lake/sql-text.ts';
import type { SessionSet } from '#market/session-set.ts';
import { PROBE, sessions } from '#test/fixtures/probe-table.ts';
import { pythonLacks, runPython } from '#test/fixtures/python.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';

const ROWS = `
  SELECT * FROM (VALUES
    ('B', DATE '2024-01-03', 'NaN'::DOUBLE, 9007199254740993, 1, true, TIMESTAMPTZ '2024-01-03 21:00:00.123+00'),
    ('BÄ', DATE '2024-01-02', 1.5, 2, -1, false, TIMESTAMPTZ '1969-12-31 23:59:59.999+00'),
    ('A', DATE '2024-01-03', NULL, NULL, NULL, NULL, NULL),
    ('A', DATE '2024-01-02', -0.1, -3, 2, NULL, TIMESTAMPTZ '2024-01-02 21:00:00+00')
  ) t(symbol, session, price, trades, rank, flag, seen_at)`;
const UNITS = sessions('2024-01-02', '2024-01-03');

async function writeProbeRows(lake: TestLake, select: string): Promise<NewFile> {
  const file = await lake.lake.table(PROBE).writeDataFile({ select, year: 2024, units: UNITS });
  assert(file !== undefined);
  return file;
}

async function keysOf(lake: TestLake): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of lake.deps.store.list('')) keys.push(key);
  return keys;
}

async function commit(lake: TestLake, file: NewFile): Promise<void> {
  const plan = { operation: 'WRITE', add: [file], remove: [], units: UNITS, dataChange: true };
  await lake.lake.table(PROBE).write(async () => plan);
}

test('one symbol is a small part of a file: row groups are small, those of a single session smallest', async () => {
  await using lake = await openTestLake();
  const groupsOf = async (units: SessionSet): Promise<number[]> => {
    const select = `SELECT 'S' || lpad(s::VARCHAR, 6, '0') AS symbol, session, s::DOUBLE AS price, s AS trades, 1 AS rank,
        true AS flag, TIMESTAMPTZ '2024-01-02 21:00:00+00' AS seen_at
      FROM range(20_000) t(s), (VALUES ${[...units].map((date) => `(DATE '${date}')`).join(', ')}) u(session)`;
    const file = await lake.lake.table(PROBE).writeDataFile({ select, year: 2024, units });
    const path = await lake.deps.store.localPath(`${PROBE.name}/${file?.path}`);
    const groups = await lake.deps.engine.rows<{ rows: number }>(
      `SELECT DISTINCT row_group_id, row_group_num_rows AS rows FROM parquet_metadata(${sqlText(path)}) ORDER BY ALL`,
    );
    return groups.map(({ rows }) => rows);
  };
  assert.deepEqual(await groupsOf(sessions('2024-01-02', '2024-01-03')), [30_720, 9280]);
  assert.deepEqual(await groupsOf(sessions('2024-01-02')), [...Array<number>(9).fill(2048), 1568]);
});

test('many rows are sorted range by range: every row once, in table order, and no scratch file left', async () => {
  await using lake = await openTestLake();
  const partOf = (session: string, rowCount: number): RowPart => ({
    select: `SELECT symbol, session, price, trades, 1 AS rank, true AS flag,
        TIMESTAMPTZ '2024-01-02 21:00:00+00' AS seen_at
      FROM (
        SELECT CASE WHEN s > 0 THEN 'S' || lpad(s::VARCHAR, 6, '0') END AS symbol, DATE '${session}' AS session,
          s::DOUBLE AS price, s AS trades
        FROM range(${rowCount}) t(s)
      ) ORDER BY hash(symbol)`,
    rowCount,
  });
  const parts = { shared: partOf('2024-01-02', 2 * RANGE_ROWS), single: partOf('2024-01-03', 1000) };
  assert.ok(isForRanges(parts));
  const request = { select: unionByName([parts.shared.select, parts.single.select]), year: 2024, units: UNITS };
  const ranged = await writeDataFile(lake.deps, PROBE, { ...request, parts });
  const atOnce = await writeDataFile(lake.deps, PROBE, request);
  assert(ranged !== undefined && atOnce !== undefined);
  assert.deepEqual(ranged.stats, atOnce.stats);
  const rowsOf = async ({ path }: NewFile): Promise<string> =>
    `SELECT * FROM read_parquet(${sqlText(await lake.deps.store.localPath(`${PROBE.name}/${path}`))})`;
  // Both are in table order, which `writeDataFile` has checked, and no two rows are equal in it.
  const [found] = await lake.deps.engine.rows(
    `SELECT count(*) FILTER (a IS DISTINCT FROM b) AS different FROM (${await rowsOf(ranged)}) a
      POSITIONAL JOIN (${await rowsOf(atOnce)}) b`,
  );
  assert.deepEqual(found, { different: 0 });
  assert.equal(ranged.stats.numRecords, 2 * RANGE_ROWS + 1000);
  assert.deepEqual(await readdir(join(lake.root, '.scratch')), []);
});

test('a data file is sorted, and its statistics are in the form that Delta readers expect', async () => {
  await using lake = await openTestLake();
  const file = await writeProbeRows(lake, ROWS);
  assert.match(file.path, /^year=2024\/[0-9a-f-]{36}\.parquet$/);
  assert.deepEqual(file.partitionValues, { year: '2024' });
  assert.deepEqual(file.stats, {
    numRecords: 4,
    // No bounds for the price (a NaN is among them), none for texts beyond ASCII, booleans, integers and instants.
    minValues: { session: '2024-01-02' },
    maxValues: { session: '2024-01-03' },
    nullCount: { symbol: 0, session: 0, price: 1, trades: 1, rank: 1, flag: 2, seen_at: 1 },
  });
  const path = await lake.deps.store.localPath(`${PROBE.name}/${file.path}`);
  const rows = await lake.deps.engine.rows<{ symbol: string; session: string }>(
    `SELECT symbol, session::VARCHAR AS session FROM read_parquet(${sqlText(path)}, hive_partitioning = false)`,
  );
  assert.deepEqual(
    rows.map(({ symbol, session }) => `${symbol} ${session}`),
    ['A 2024-01-02', 'A 2024-01-03', 'B 2024-01-03', 'BÄ 2024-01-02'],
  );
});

test('bounds of doubles are exact, and left out with a NaN or an infinity inside', async () => {
  await using lake = await openTestLake();
  const double = fc.double({ noNaN: false, noDefaultInfinity: false });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(double), { minLength: 1, maxLength: 8 }), async (prices) => {
      const bytes = new Float64Array(prices.map((price) => price ?? 0));
      assert.equal(bytes.length, prices.length);
      using session = await lake.deps.engine.session();
      await session.load(
        'given',
        [
          { name: 'symbol', type: 'string' },
          { name: 'price', type: 'double' },
        ],
        prices.map((price, index) => [`S${index}`, price]),
      );
      const file = await lake.lake.table(PROBE).writeDataFile({
        select: `SELECT symbol, DATE '2024-01-02' AS session, price, NULL AS trades, NULL AS rank, NULL AS flag, NULL AS seen_at FROM given`,
        session,
        year: 2024,
        units: UNITS,
      });
      const present = prices.filter((price) => price !== null);
      const bounded = present.length > 0 && present.every(Number.isFinite);
      assert.equal(file?.stats.minValues?.price, bounded ? Math.min(...present) + 0 : undefined);
      assert.equal(file?.stats.maxValues?.price, bounded ? Math.max(...present) + 0 : undefined);
      assert.equal(file?.stats.nullCount?.price, prices.length - present.length);
      assert.equal(file?.stats.minValues?.symbol, 'S0');
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('no rows make no file', async () => {
  await using lake = await openTestLake();
  const select = `SELECT * FROM (${ROWS}) WHERE false`;
  assert.equal(await writeDataFile(lake.deps, PROBE, { select, year: 2024, units: UNITS }), undefined);
  assert.deepEqual(await keysOf(lake), []);
});

test('a write that fails leaves no scratch behind, on a full disk least of all', async () => {
  await using lake = await openTestLake();
  const scratchOf = async (): Promise<string[]> => readdir(join(lake.root, '.scratch')).catch(() => []);
  const fails = `SELECT 'A' || i AS symbol, DATE '2024-01-02' AS session, i AS price, 1 AS trades, 1 AS rank, NULL AS seen_at,
    CASE WHEN i = 999_999 THEN error('no more') ELSE true END AS flag FROM range(1_000_000) t(i)`;
  await assert.rejects(writeDataFile(lake.deps, PROBE, { select: fails, year: 2024, units: UNITS }));
  assert.deepEqual(await scratchOf(), []);
  const unordered = { select: ROWS, year: 2024, units: UNITS, ordered: true };
  await assert.rejects(writeDataFile(lake.deps, PROBE, unordered));
  await writeDataFile(lake.deps, PROBE, { select: `SELECT * FROM (${ROWS}) WHERE false`, year: 2024, units: UNITS });
  assert.deepEqual(await scratchOf(), []);
});

test('a SELECT that claims an order it does not have is found out before anything is published', async () => {
  await using lake = await openTestLake();
  const request = { select: ROWS, year: 2024, units: UNITS, ordered: true };
  await assert.rejects(writeDataFile(lake.deps, PROBE, request), { code: 'lake-file-unordered' });
  assert.deepEqual(await keysOf(lake), []);
  const inOrder = { ...request, select: `${ROWS} ORDER BY symbol, session` };
  assert.equal((await writeDataFile(lake.deps, PROBE, inOrder))?.stats.numRecords, 4);
});

test('a scan gives every type back, reads partition columns and nulls columns that a file lacks', async () => {
  await using lake = await openTestLake();
  await commit(lake, await writeProbeRows(lake, ROWS));
  const head = await lake.lake.table(PROBE).head();
  const sql = await scanSql(lake.deps, PROBE, head?.files ?? []);
  const rows = await lake.deps.engine.rows(`FROM (${sql}) ORDER BY symbol, session`);
  assert.deepEqual(Object.values(rows[0] ?? {}), [
    'A',
    '2024-01-02',
    -0.1,
    -3,
    2,
    null,
    Date.parse('2024-01-02T21:00Z'),
    2024,
  ]);
  assert.deepEqual(Object.values(rows[1] ?? {}), ['A', '2024-01-03', null, null, null, null, null, 2024]);
  assert.deepEqual(Object.values(rows[2] ?? {}), [
    'B',
    '2024-01-03',
    Number.NaN,
    9007199254740993n,
    1,
    true,
    Date.parse('2024-01-03T21:00:00.123Z'),
    2024,
  ]);
  assert.deepEqual(Object.values(rows[3] ?? {}), ['BÄ', '2024-01-02', 1.5, 2, -1, false, -1, 2024]);

  const later = {
    ...PROBE,
    columns: [...PROBE.columns, { name: 'note', type: 'string', comment: 'Added later' }],
  } as const;
  const widened = await lake.deps.engine.rows<{ note: string | null }>(
    `SELECT note FROM (${await scanSql(lake.deps, later, head?.files ?? [])})`,
  );
  assert.deepEqual(
    widened.map(({ note }) => note),
    [null, null, null, null],
  );

  const none = await lake.deps.engine.rows(`SELECT typeof(session) AS t FROM (${await scanSql(lake.deps, PROBE, [])})
    UNION ALL SELECT DISTINCT typeof(session) FROM (${sql})`);
  assert.deepEqual(none, [{ t: 'DATE' }]);
});

test('a filter on the year reaches the list of files', async () => {
  await using lake = await openTestLake();
  await commit(lake, await writeProbeRows(lake, ROWS));
  const files = (await lake.lake.table(PROBE).head())?.files ?? [];
  await lake.deps.store.put(`${PROBE.name}/year=2023/text.parquet`, Buffer.from('not Parquet'));
  const add = { ...(files[0]?.add ?? assert.fail()), partitionValues: { year: '2023' } };
  const sql = await scanSql(lake.deps, PROBE, [...files, new DataFile('year=2023/text.parquet', add, 'session')]);
  // Only a plan that never opens the second file can succeed.
  assert.deepEqual(await lake.deps.engine.rows(`SELECT count(*) AS n FROM (${sql}) WHERE year = 2024`), [{ n: 4 }]);
  await assert.rejects(lake.deps.engine.rows(`SELECT sum(price) FROM (${sql})`), { code: 'parquet-unreadable' });
});

test('a lake lies where it likes, even in a folder whose name looks like a pattern or a partition', async () => {
  await using other = await openTestLake();
  const store = new FsObjectStore({ root: `${other.root}/year=1999/it's [a] *?` });
  await using lake = await openTestLake({ store, engine: other.deps.engine });
  await commit(lake, await writeProbeRows(lake, ROWS));
  const files = (await lake.lake.table(PROBE).head())?.files ?? [];
  const sql = await scanSql(lake.deps, PROBE, files);
  assert.deepEqual(await lake.deps.engine.rows(`SELECT count(*) AS n, max(year) AS year FROM (${sql})`), [
    { n: 4, year: 2024 },
  ]);
});

const READERS = `
import json, sys
import deltalake, polars as pl, pandas as pd
table = deltalake.DeltaTable(sys.argv[1])
frame = pl.scan_delta(sys.argv[1]).sort('symbol', 'session').collect()
pandas = table.to_pandas().sort_values(['symbol', 'session'])
few = pl.scan_delta(sys.argv[1]).filter((pl.col('price') >= 1.5) & (pl.col('price') < 2)).collect()
late = table.to_pandas(filters=[('session', '>=', pd.Timestamp('2024-01-03').date())])
stats = table.get_add_actions(flatten=True)
import pyarrow as pa
stats = pa.table(stats).to_pylist()[0]
print(json.dumps({
  'polars': [[str(v) if v is not None else None for v in row] for row in frame.rows()],
  'types': [str(t) for t in frame.dtypes],
  'pandas': [str(s) for s in pandas['symbol']],
  'few': few['symbol'].to_list(),
  'late': sorted(late['symbol'].to_list()),
  'nulls': stats['null_count.flag'],
  'records': stats['num_records'],
  'min': str(stats['min.session']),
}))`;

test('other readers get the same rows, and skip files by our statistics without losing any', {
  skip: pythonLacks('deltalake', 'polars', 'pandas'),
}, async () => {
  await using lake = await openTestLake();
  await commit(lake, await writeProbeRows(lake, ROWS));
  assert.deepEqual(await runPython(READERS, `${lake.root}/${PROBE.name}`), {
    polars: [
      ['A', '2024-01-02', '-0.1', '-3', '2', null, '2024-01-02 21:00:00+00:00', '2024'],
      ['A', '2024-01-03', null, null, null, null, null, '2024'],
      ['B', '2024-01-03', 'nan', '9007199254740993', '1', 'True', '2024-01-03 21:00:00.123000+00:00', '2024'],
      ['BÄ', '2024-01-02', '1.5', '2', '-1', 'False', '1969-12-31 23:59:59.999000+00:00', '2024'],
    ],
    types: [
      'String',
      'Date',
      'Float64',
      'Int64',
      'Int32',
      'Boolean',
      "Datetime(time_unit='us', time_zone='UTC')",
      'Int32',
    ],
    pandas: ['A', 'A', 'B', 'BÄ'],
    few: ['BÄ'],
    late: ['A', 'B'],
    nulls: 2,
    records: 4,
    min: '2024-01-02',
  });
});

const FOREIGN_APPEND = `
import json, sys, datetime
import deltalake, pyarrow as pa
table = deltalake.DeltaTable(sys.argv[1])
rows = pa.table({
  'rank': pa.array([7], pa.int32()),
  'symbol': pa.array(['C']),
  'session': pa.array([datetime.date(2023, 12, 29)]),
  'price': pa.array([3.25]),
  'trades': pa.array([5], pa.int64()),
  'flag': pa.array([True]),
  'seen_at': pa.array([datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)], pa.timestamp('us', 'UTC')),
  'year': pa.array([2023], pa.int32()),
})
deltalake.write_deltalake(table, rows, mode='append')
deltalake.DeltaTable(sys.argv[1]).optimize.compact()
print('{}')`;

test('rows that deltalake appended and compacted are read as ours are', {
  skip: pythonLacks('deltalake', 'pyarrow'),
}, async () => {
  await using lake = await openTestLake();
  await commit(lake, await writeProbeRows(lake, ROWS));
  const other = `SELECT 'Z' AS symbol, DATE '2024-01-02' AS session, 1 AS price, 1 AS trades, 1 AS rank, true AS flag, NULL AS seen_at`;
  await commit(lake, await writeProbeRows(lake, other));
  await runPython(FOREIGN_APPEND, `${lake.root}/${PROBE.name}`);
  const head = await lake.lake.table(PROBE).head();
  assert.equal(head?.files.length, 2, 'two files of 2024 became one, and 2023 has one');
  const rows = await lake.deps.engine.rows(
    `FROM (${await scanSql(lake.deps, PROBE, head.files)}) WHERE symbol IN ('BÄ', 'C', 'Z') ORDER BY symbol`,
  );
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['BÄ', '2024-01-02', 1.5, 2, -1, false, -1, 2024],
      ['C', '2023-12-29', 3.25, 5, 7, true, Date.parse('2024-01-01T00:00Z'), 2023],
      ['Z', '2024-01-02', 1, 1, 1, true, null, 2024],
    ],
  );
});

test('a foreign file with other physical types and a column too few is cast', async () => {
  await using lake = await openTestLake();
  const write = async (name: string, select: string): Promise<DataFile> => {
    const scratch = await lake.deps.store.scratchPath('.parquet');
    await lake.deps.engine.run(`COPY (${select}) TO ${sqlText(scratch)} (FORMAT parquet)`);
    const info = await lake.deps.store.publish(scratch, `${PROBE.name}/${name}`);
    const add = {
      path: name,
      partitionValues: { year: '2024' },
      size: info.sizeBytes,
      modificationTime: 0,
      dataChange: true,
    };
    return new DataFile(name, add, 'session');
  };
  const files = [
    await write(
      'a.parquet',
      `SELECT 1::SMALLINT AS trades, 'A' AS symbol, TIMESTAMP '2024-01-02 00:00:00' AS session, 2::DECIMAL(9, 2) AS price, TIMESTAMP '2024-01-02 01:00:00' AS seen_at`,
    ),
    await write(
      'b.parquet',
      `SELECT 5000000000 AS trades, 'B' AS symbol, DATE '2024-01-03' AS session, 2.5::FLOAT AS price, true AS flag`,
    ),
  ];
  const rows = await lake.deps.engine.rows(`FROM (${await scanSql(lake.deps, PROBE, files)}) ORDER BY symbol`);
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['A', '2024-01-02', 2, 1, null, null, Date.parse('2024-01-02T01:00Z'), 2024],
      ['B', '2024-01-03', 2.5, 5000000000, null, true, null, 2024],
    ],
  );
});
