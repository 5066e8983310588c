import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { CondvestError } from '#base/errors.ts';

import { cancelable, uncancelable } from './cancellation.ts';
import { Engine } from './engine.ts';
import { sqlText } from './sql-text.ts';

let folder: string;
let engine: Engine;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'condvest-engine-'));
  engine = await Engine.create({ tempFolder: join(folder, 'tmp'), threads: 2, memoryLimitBytes: 256_000_000 });
});
after(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert(error instanceof CondvestError, String(error));
    return error.code;
  }
  return 'no error';
}

describe('values', () => {
  test('arrive as the program keeps them: dates as text, instants as milliseconds, integers as numbers while they are exact', async () => {
    const [row] = await engine.rows(`
      SELECT DATE '1962-01-02' AS day, TIMESTAMPTZ '2024-01-02 03:04:05.678Z' AS instant, TIMESTAMP '1969-12-31 23:59:59' AS plain,
        7::BIGINT AS small, 9007199254740993::BIGINT AS big, sum(7::BIGINT) AS total, 12.5::DECIMAL(10, 2) AS cents,
        'NaN'::DOUBLE AS nan, true AS yes, NULL::DATE AS none, [DATE '2024-01-02'] AS days, {'a': 1::BIGINT} AS nested,
        'infinity'::DATE AS never, TIMESTAMP_NS '2024-01-02 00:00:00' AS nanos, TIMESTAMP_S '2024-01-02 00:00:00' AS seconds`);
    assert.deepEqual(row, {
      day: '1962-01-02',
      instant: Date.parse('2024-01-02T03:04:05.678Z'),
      plain: -1000,
      small: 7,
      big: 9007199254740993n,
      total: 7,
      cents: 12.5,
      nan: Number.NaN,
      yes: true,
      none: null,
      days: ['2024-01-02'],
      nested: { a: 1 },
      never: '5881580-07-11',
      nanos: Date.parse('2024-01-02T00:00:00Z'),
      seconds: Date.parse('2024-01-02T00:00:00Z'),
    });
  });

  test('arrive as records with names in camel case, instants in milliseconds', async () => {
    const sql = `SELECT DATE '2024-01-02' AS ex_date, TIMESTAMPTZ '1970-01-01 00:00:01Z' AS seen_at, NULL::DOUBLE AS split_from_old`;
    assert.deepEqual(await engine.records(sql), [{ exDate: '2024-01-02', seenAtMs: 1000, splitFromOld: null }]);
    assert.deepEqual(await engine.records('SELECT 1 AS a WHERE false'), []);
  });

  test('of every column type go into a temporary table and come back, nulls too', async () => {
    using session = await engine.session();
    const columns = [
      { name: 'a', type: 'string' },
      { name: 'b', type: 'date' },
      { name: 'c', type: 'double' },
      { name: 'd', type: 'long' },
      { name: 'e', type: 'integer' },
      { name: 'f', type: 'boolean' },
      { name: 'g h', type: 'timestamp' },
    ] as const;
    const rows = [
      ["it's", '1962-01-02', -0.1, 2 ** 53 - 1, -5, false, -1000],
      [null, null, null, null, null, null, null],
    ];
    assert.equal(await session.load('given', columns, rows), 2);
    const back = await session.rows<Record<string, unknown>>('FROM given');
    assert.deepEqual(
      back.map((row) => Object.values(row)),
      rows,
    );
    assert.equal(await codeOf(engine.rows('FROM given')), 'engine-sql', 'temporary tables belong to their session');
  });

  test('are bound as parameters, never pasted', async () => {
    assert.deepEqual(await engine.rows('SELECT ? AS a, ?::DATE AS b', ["x'; DROP", '2024-02-29']), [
      { a: "x'; DROP", b: '2024-02-29' },
    ]);
  });
});

test('a stream that fails after many rows throws: it does not end as if that were all', async () => {
  const { chunks } = await engine.stream(
    "SELECT CASE WHEN i = $1 THEN error('boom') ELSE i END FROM range(1_000_000) t(i)",
    [900_000],
  );
  let rows = 0;
  await assert.rejects(
    async () => {
      for await (const { rowCount } of chunks) rows += rowCount;
    },
    { code: 'engine-sql', message: /boom/ },
  );
  assert.ok(rows > 0 && rows < 1_000_000);
});

test('a large result streams in bounded memory, and stopping early frees the connection', async () => {
  const { names, types, chunks } = await engine.stream('SELECT i, i * 0.5::DOUBLE AS half FROM range(3_000_000) t(i)');
  assert.deepEqual(
    [names, types],
    [
      ['i', 'half'],
      ['BIGINT', 'DOUBLE'],
    ],
  );
  let count = 0;
  let sum = 0;
  for await (const { rowCount, columns } of chunks) {
    assert.ok(rowCount <= 2048);
    assert.equal(columns.length, 2);
    count += rowCount;
    for (const value of columns[1] ?? []) sum += Number(value);
  }
  assert.deepEqual([count, sum], [3_000_000, (3_000_000 * 2_999_999) / 4]);
  const again = await engine.stream('SELECT * FROM range(1_000_000_000_000)');
  for await (const _ of again.chunks) break;
});

test('a stream that is left in the middle lets go of its files, whenever JavaScript collects its garbage', {
  skip: existsSync('/proc/self/fd') ? false : 'SKIPPED: this system does not tell which files are open',
}, async () => {
  const path = join(folder, 'left.parquet');
  await engine.run(`COPY (SELECT i, hash(i) AS h FROM range(2000000) r(i)) TO ${sqlText(path)} (FORMAT parquet)`);
  const open = async (): Promise<number> => {
    const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(links)).filter((link) => link === path).length;
  };
  // Held, so that no garbage is collected: that would free them as well.
  const held: unknown[] = [];
  for (let i = 0; i < 3; i += 1) {
    using session = await engine.session();
    const { chunks } = await session.stream(`FROM ${sqlText(path)}`);
    const iterator = chunks[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).done, false);
    held.push(iterator);
    assert.ok((await open()) > 0);
  }
  // Bounded, so that it fails and does not hang.
  for (let turns = 0; turns < 5000 && (await open()) > 0; turns += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual([await open(), held.length], [0, 3]);
});

test('the time zone is UTC, and no extension is fetched', async () => {
  const [row] = await engine.rows(
    `SELECT current_setting('TimeZone') AS zone, DATE '2024-07-01'::TIMESTAMPTZ AS midnight`,
  );
  assert.deepEqual(row, { zone: 'UTC', midnight: Date.parse('2024-07-01T00:00:00Z') });
  assert.equal(await codeOf(engine.rows("FROM read_parquet('https://example.com/a.parquet')")), 'engine-sql');
});

describe('failures have a code by which callers decide', () => {
  const cases: [string, (whole: Buffer) => Buffer][] = [
    ['a text file called .parquet', () => Buffer.from('symbol,session,open\nA,2024-01-02,1\n')],
    ['an empty file', () => Buffer.alloc(0)],
    ['a file cut short', (whole) => whole.subarray(0, whole.length - 50)],
    [
      'a footer full of garbage',
      () =>
        Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(99, 255), Buffer.from([80, 0, 0, 0]), Buffer.from('PAR1')]),
    ],
    ['a damaged page', (whole) => Buffer.concat([whole.subarray(0, 4), Buffer.alloc(60, 7), whole.subarray(64)])],
  ];
  for (const [name, damage] of cases) {
    test(`${name} is not readable as Parquet`, async () => {
      const path = join(folder, `${name}.parquet`);
      await engine.run(`COPY (SELECT i, i::VARCHAR AS t FROM range(1000) r(i)) TO ${sqlText(path)} (FORMAT parquet)`);
      const { readFile } = await import('node:fs/promises');
      await writeFile(path, damage(await readFile(path)));
      assert.equal(
        await codeOf(engine.rows(`SELECT sum(i), min(t) FROM read_parquet(${sqlText(path)})`)),
        'parquet-unreadable',
      );
    });
  }

  test('an overwritten page of zstd is not readable as Parquet', async () => {
    const path = join(folder, 'zstd.parquet');
    const select = "SELECT i, repeat('x' || i, 20) AS t FROM range(1000) r(i)";
    await engine.run(`COPY (${select}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(7, 200, 400));
    const sum = `SELECT sum(hash(i, t)::HUGEINT)::VARCHAR AS h FROM read_parquet(${sqlText(path)})`;
    assert.equal(await codeOf(engine.rows(sum)), 'parquet-unreadable');
  });

  test('a full disk', async () => {
    const copy = `COPY (SELECT i * 0.37 AS a FROM range(5_000_000) r(i)) TO '/dev/full' (FORMAT parquet)`;
    assert.equal(await codeOf(engine.run(copy)), 'no-space');
  });

  test('too little memory', async () => {
    using session = await engine.session();
    const list = "SELECT len(list(i::VARCHAR || repeat('x', 100))) FROM range(20_000_000) r(i)";
    assert.equal(await codeOf(session.rows(list)), 'engine-out-of-memory');
  });

  test('a file that is not there', async () => {
    assert.equal(await codeOf(engine.rows("FROM read_parquet('/nowhere/a.parquet')")), 'engine-io');
  });

  test('a statement that is stopped', async () => {
    using session = await engine.session();
    const running = codeOf(
      session.rows('SELECT count(*) FROM range(1_000_000) a, range(1_000_000) b WHERE a.range % 7 = b.range % 11'),
    );
    setTimeout(() => session.interrupt(), 50);
    assert.equal(await running, 'engine-interrupted');
  });

  test('a statement of canceled work, and those after it', async () => {
    const abort = new AbortController();
    const endless = 'SELECT count(*) FROM range(1_000_000) a, range(1_000_000) b WHERE a.range % 7 = b.range % 11';
    const codes: unknown[] = [];
    const work = cancelable(abort.signal, async () => {
      codes.push(await codeOf(engine.rows(endless)), await codeOf(engine.rows('SELECT 1')));
      codes.push(await uncancelable(() => engine.rows('SELECT 2 AS two')));
    });
    setTimeout(() => abort.abort(), 50);
    await work;
    assert.deepEqual(codes, ['engine-interrupted', 'engine-interrupted', [{ two: 2 }]]);
    assert.deepEqual(await engine.rows('SELECT 3 AS three'), [{ three: 3 }], 'the connection goes on');
  });

  test('an engine that was closed', async () => {
    const other = await Engine.create({ tempFolder: join(folder, 'other') });
    await other.rows('SELECT 1');
    other.close();
    assert.equal(await codeOf(other.rows('SELECT 1')), 'engine-closed');
  });
});
