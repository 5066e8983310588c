import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { addDays, type IsoDate, isoDate } from '#base/dates.ts';
import { compactTable, verifySameRows } from '#lake/compact.ts';
import { writeDataFile } from '#lake/data-file.ts';
import { stagePut } from '#lake/put.ts';
import { scanSql } from '#lake/scan.ts';
import { SessionSet } from '#market/session-set.ts';
import type { PutIfAbsentOutcome } from '#ports/object-store.ts';
import { PROBE } from '#test/fixtures/probe-table.ts';
import { pythonLacks, runPython } from '#test/fixtures/python.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';

const FIRST = isoDate('2024-01-01');

function days(offset: number, n: number): SessionSet {
  return SessionSet.of(Array.from({ length: n }, (_, i) => addDays(FIRST, offset + i)));
}

/** Two rows a session, whose price says which put brought them. */
function probeRows(units: SessionSet, price: number): string {
  const values = [...units].map((date) => `(DATE '${date}')`).join(', ');
  return `
    SELECT symbol, session, ${price}::DOUBLE AS price, 1::BIGINT AS trades, NULL AS rank, symbol = 'A' AS flag,
      TIMESTAMPTZ '2024-01-01 00:00:00+00' AS seen_at
    FROM (VALUES ${values}) d(session), (VALUES ('B'), ('A')) s(symbol)`;
}

async function put(
  lake: TestLake,
  units: SessionSet,
  price: number,
  mayShare = (_: IsoDate): boolean => false,
): Promise<void> {
  await lake.lake.table(PROBE).write(async (base) => {
    const staged = await stagePut(lake.deps, PROBE, base, {
      units,
      rows: (some) => probeRows(some, price),
      rowCount: 2 * units.size,
      mayShare,
    });
    return { operation: 'WRITE', add: staged.add, remove: staged.remove, units, dataChange: true };
  });
}

/** `session price` of symbol A, by session. */
async function pricesOf(lake: TestLake, version?: number): Promise<string[]> {
  const table = lake.lake.table(PROBE);
  const snapshot = version === undefined ? await table.head() : await table.at({ version });
  const scan = await scanSql(lake.deps, PROBE, snapshot?.files ?? []);
  const rows = await lake.deps.engine.rows<{ session: string; price: number; n: number }>(
    `SELECT session, min(price) AS price, count(*) AS n FROM (${scan}) GROUP BY session ORDER BY session`,
  );
  assert(
    rows.every(({ n }) => n === 2),
    'two rows a session',
  );
  return rows.map(({ session, price }) => `${session} ${price}`);
}

async function fileUnits(lake: TestLake): Promise<number[]> {
  const files = (await lake.lake.table(PROBE).head())?.files ?? [];
  return files.map((file) => file.units?.size ?? 0).sort((a, b) => b - a);
}

const everything = (): boolean => true;
const never = (): boolean => false;

test('putting a session again replaces its rows and leaves all others as they were', async () => {
  await using lake = await openTestLake();
  await put(lake, days(0, 30), 1, everything);
  await put(lake, days(30, 3), 2);
  assert.deepEqual(await fileUnits(lake), [30, 1, 1, 1]);
  await put(lake, SessionSet.of([addDays(FIRST, 5), addDays(FIRST, 31)]), 3);
  assert.deepEqual(await fileUnits(lake), [30, 1, 1, 1]);
  const expected = [...days(0, 33)].map((date, i) => `${date} ${i === 5 || i === 31 ? 3 : i >= 30 ? 2 : 1}`);
  assert.deepEqual(await pricesOf(lake), expected);
  assert.deepEqual(
    (await pricesOf(lake, 1)).slice(30),
    [...days(30, 3)].map((date) => `${date} 2`),
    'the version before is untouched',
  );
});

test('rows that do not add up stop the put, and its files are deleted again', async () => {
  await using lake = await openTestLake();
  await put(lake, days(0, 2), 1);
  const before: string[] = [];
  for await (const { key } of lake.deps.store.list('')) before.push(key);
  const base = await lake.lake.table(PROBE).head();
  const request = { units: days(0, 1), rows: (some: SessionSet) => probeRows(some, 2), rowCount: 3, mayShare: never };
  await assert.rejects(stagePut(lake.deps, PROBE, base, request), /2 new rows of 3/);
  await assert.rejects(stagePut(lake.deps, PROBE, base, { ...request, rows: () => 'SELECT no_such_column' }));
  const after: string[] = [];
  for await (const { key } of lake.deps.store.list('')) after.push(key);
  assert.deepEqual(after, before);
});

test('merging keeps every row, in fewer files, and says that no data changed', async () => {
  await using lake = await openTestLake();
  await put(lake, days(0, 25), 1);
  await put(lake, days(25, 10), 2);
  const before = await pricesOf(lake);
  const settled = addDays(FIRST, 30);
  const rules = { mode: 'incremental', mayShare: (date: IsoDate) => date < settled, isWholeYear: never } as const;
  const [done, ...more] = await compactTable(lake.deps, lake.lake.table(PROBE), rules);
  assert.equal(more.length, 0);
  assert.deepEqual([done?.rows, done?.filesBefore, done?.filesAfter, done?.version], [60, 30, 1, 2]);
  assert.deepEqual(await fileUnits(lake), [30, 1, 1, 1, 1, 1]);
  assert.deepEqual(await pricesOf(lake), before);
  for await (const commit of lake.lake.table(PROBE).commits(2, 2)) assert.equal(commit.dataChange, false);
  assert.deepEqual(
    await compactTable(lake.deps, lake.lake.table(PROBE), rules),
    [],
    'a second run finds nothing to do',
  );
  const [full] = await compactTable(lake.deps, lake.lake.table(PROBE), {
    ...rules,
    mode: 'full',
    mayShare: everything,
  });
  assert.deepEqual([full?.rows, full?.filesBefore, full?.filesAfter], [70, 6, 1]);
  assert.deepEqual(await pricesOf(lake), before);
});

test('a merge that would lose, double or alter a row is not committed', async () => {
  await using lake = await openTestLake();
  await put(lake, days(0, 3), 1);
  const files = (await lake.lake.table(PROBE).head())?.files ?? [];
  const scan = await scanSql(lake.deps, PROBE, files);
  const write = async (select: string) => {
    const file = await writeDataFile(lake.deps, PROBE, { select, year: 2024, units: days(0, 3) });
    assert(file !== undefined);
    return file;
  };
  const verify = async (select: string): Promise<number> =>
    verifySameRows(lake.deps, PROBE, PROBE.columns, files, [await write(select)]);
  assert.equal(await verify(scan), 6);
  const wrong = { code: 'lake-rows-differ' };
  await assert.rejects(verify(`SELECT * FROM (${scan}) LIMIT 5`), wrong);
  await assert.rejects(verify(`FROM (${scan}) UNION ALL (SELECT * FROM (${scan}) LIMIT 1)`), wrong);
  await assert.rejects(verify(`SELECT * REPLACE (price + 1e-12 AS price) FROM (${scan})`), wrong);
  await assert.rejects(verify(`SELECT * REPLACE (1 AS rank) FROM (${scan})`), wrong);
  // One row lost and another doubled: the counts agree.
  const swap = `SELECT * FROM (${scan}) WHERE (symbol, session) <> ('A', DATE '2024-01-01')
    UNION ALL SELECT * FROM (${scan}) WHERE (symbol, session) = ('B', DATE '2024-01-01')`;
  await assert.rejects(verify(swap), wrong);
});

test('years are merged side by side', async () => {
  await using lake = await openTestLake();
  const units = [2022, 2023, 2024].flatMap((year) => [...days((year - 2024) * 365, 21)]);
  await put(lake, SessionSet.of(units), 1);
  const before = await pricesOf(lake);
  const rules = { mode: 'incremental', mayShare: everything, isWholeYear: never } as const;
  const done = await compactTable(lake.deps, lake.lake.table(PROBE), rules, { maxWorkers: 3 });
  assert.deepEqual(
    done.map(({ year, rows }) => [year, rows]),
    [
      [2022, 42],
      [2023, 42],
      [2024, 42],
    ],
  );
  assert.deepEqual(await pricesOf(lake), before);
});

test('a correction that comes in during a merge is not lost', async () => {
  await using lake = await openTestLake();
  await put(lake, days(0, 21), 1);
  const other = lake.again();
  let corrected = false;
  class Interrupted extends FsObjectStore {
    override async putIfAbsent(key: string, bytes: Uint8Array): Promise<PutIfAbsentOutcome> {
      if (!corrected) {
        corrected = true;
        await put({ ...lake, lake: other }, days(3, 1), 9);
      }
      return super.putIfAbsent(key, bytes);
    }
  }
  const store = new Interrupted({ root: lake.root });
  const rules = { mode: 'incremental', mayShare: everything, isWholeYear: never } as const;
  const merging = lake.again({ store });
  const [done] = await compactTable({ ...lake.deps, store }, merging.table(PROBE), rules);
  assert.equal(done?.version, 2);
  assert.deepEqual(await fileUnits(lake), [21]);
  assert.equal((await pricesOf(lake))[3], `${addDays(FIRST, 3)} 9`);
});

const FOREIGN = `
import sys, datetime
import deltalake, pyarrow as pa
table = deltalake.DeltaTable(sys.argv[1])
rows = pa.table({
  'rank': pa.array([7, 8], pa.int32()),
  'symbol': pa.array(['B', 'A']),
  'session': pa.array([datetime.date(2024, 3, 1)] * 2),
  'price': pa.array([3.25, 3.25]),
  'trades': pa.array([5, 6], pa.int64()),
  'flag': pa.array([True, None]),
  'seen_at': pa.array([datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)] * 2, pa.timestamp('us', 'UTC')),
  'note': pa.array(['theirs', 'too']),
  'year': pa.array([2024] * 2, pa.int32()),
})
deltalake.write_deltalake(table, rows, mode='append', schema_mode='merge')
print('{}')`;

test('rows that another program appended, with a column of its own, are put into our form and stay', {
  skip: pythonLacks('deltalake', 'pyarrow'),
}, async () => {
  await using lake = await openTestLake();
  await put(lake, days(0, 3), 1);
  await runPython(FOREIGN, `${lake.root}/${PROBE.name}`);
  const rules = { mode: 'incremental', mayShare: never, isWholeYear: never } as const;
  const [done] = await compactTable(lake.deps, lake.lake.table(PROBE), rules);
  assert.deepEqual([done?.rows, done?.filesBefore, done?.filesAfter], [2, 1, 1]);
  assert.deepEqual(await compactTable(lake.deps, lake.lake.table(PROBE), rules), []);
  await put(lake, SessionSet.of([addDays(FIRST, 1), isoDate('2024-03-02')]), 4);
  await compactTable(lake.deps, lake.lake.table(PROBE), { ...rules, mode: 'full', mayShare: everything });
  const script = `
import sys, json, polars as pl
frame = pl.scan_delta(sys.argv[1]).sort('session', 'symbol').collect()
print(json.dumps([[str(r['session']), r['symbol'], r['price'], r['note']] for r in frame.to_dicts()][2:8]))`;
  assert.deepEqual(await runPython(script, `${lake.root}/${PROBE.name}`), [
    ['2024-01-02', 'A', 4, null],
    ['2024-01-02', 'B', 4, null],
    ['2024-01-03', 'A', 1, null],
    ['2024-01-03', 'B', 1, null],
    ['2024-03-01', 'A', 3.25, 'too'],
    ['2024-03-01', 'B', 3.25, 'theirs'],
  ]);
});
