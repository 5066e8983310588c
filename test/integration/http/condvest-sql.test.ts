import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { tableFromIPC } from 'apache-arrow';
import { systemRandom } from '#adapters/system/random.ts';
import { isoDate } from '#base/dates.ts';
import { Engine } from '#lake/engine.ts';
import { onlyReads } from '#lake/only-reads.ts';
import { scanSql } from '#lake/scan.ts';
import { SPLITS } from '#lake/tables.ts';
import { sqlProcesses } from '#runtime/server/sql-process.ts';
import type { ServingLimits } from '#serving/http/serving.ts';
import type { ExportFormat } from '#serving/http/sql-runner.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

interface SqlApp extends AsyncDisposable {
  readonly http: HttpApp;
  /** Where anything that a statement writes would be found. */
  readonly folder: string;
  post(statement: string, more?: { format?: ExportFormat; as_of?: string | number }): Promise<Response>;
  rows(statement: string, asOf?: string | number): Promise<Record<string, unknown>[]>;
  /** Code and message of a refusal. */
  refusal(statement: string): Promise<{ readonly status: number; readonly code: string; readonly message: string }>;
}

async function openSqlApp(limits: Partial<ServingLimits> = {}): Promise<SqlApp> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-sql-'));
  const scratchFolder = join(folder, 'scratch');
  await mkdir(scratchFolder);
  const sql = sqlProcesses({ scratchFolder, random: systemRandom });
  const http = await openHttpApp({ deps: { sql }, limits });
  const post: SqlApp['post'] = async (statement, more = {}) =>
    http.app.request('http://localhost:8080/condvest/v1/sql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ statement, ...more }),
    });
  return {
    http,
    folder,
    post,
    rows: async (statement, asOf) => {
      const response = await post(statement, asOf === undefined ? {} : { as_of: asOf });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    refusal: async (statement) => {
      const response = await post(statement);
      const text = await response.text();
      assert.notEqual(response.status, 200, `${statement} was answered: ${text.slice(0, 300)}`);
      const { code, message } = JSON.parse(text) as { code: string; message: string };
      return { status: response.status, code, message };
    },
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The first step of a statement's process, run in the test's own process, which is faster for many statements. */
interface Sandbox {
  run(statement: string): Promise<void>;
  close(): void;
}

async function openSandbox(http: HttpApp): Promise<Sandbox> {
  const { lake, deps } = http.lake.test;
  const files = (await lake.table(SPLITS).head())?.files ?? [];
  const paths = await Promise.all(files.map((file) => deps.store.localPath(`${SPLITS.name}/${file.path}`)));
  const engine = await Engine.createSandbox({ files: paths, memoryLimitBytes: 64 * 2 ** 20 });
  const session = await engine.session();
  await session.run('CREATE SCHEMA bronze');
  await session.run(`CREATE VIEW bronze.splits AS ${await scanSql(deps, SPLITS, files)}`);
  return {
    run: async (statement) => {
      await onlyReads(session, statement);
      await session.streamQuery(statement);
    },
    close: () => {
      session.close();
      engine.close();
    },
  };
}

/** A few of the statements are sent to the server as well: it must say the same. */
async function assertRefused(sql: SqlApp, sandbox: Sandbox, statements: readonly string[]): Promise<void> {
  await sandbox.run('FROM bronze.splits');
  for (const statement of statements)
    await assert.rejects(sandbox.run(statement), { code: /^engine-(not-a-query|sql|io)$/ }, statement);
  for (const statement of statements.slice(0, 3)) {
    const { status, code } = await sql.refusal(statement);
    assert.equal(status, 400, statement);
    assert.match(code, /^query-(not-a-query|invalid)$/, statement);
  }
}

describe('SQL over HTTP', () => {
  let sql: SqlApp;
  before(async () => {
    sql = await openSqlApp({ sqlBytes: 128 * 2 ** 20, exportRows: 100_000 });
  });
  after(async () => {
    assert.deepEqual(await readdir(join(sql.folder, 'scratch')), [], 'no scratch file is left');
    await sql[Symbol.asyncDispose]();
  });

  test('answers a statement over the tables in every format', async () => {
    const statement = `SELECT symbol, session, close FROM bronze.daily_bars WHERE symbol = 'AAA' ORDER BY session -- all`;
    const rows = await sql.rows(statement);
    assert.equal(rows.length, 502);
    const csv = await (await sql.post(statement, { format: 'csv' })).text();
    assert.equal(csv.split('\n').length, 504);
    const arrow = tableFromIPC(await (await sql.post(statement, { format: 'arrow' })).arrayBuffer());
    assert.equal(arrow.numRows, 502);
    const parquet = await sql.post(`${statement}\n; -- that was it`, { format: 'parquet' });
    assert.equal(parquet.headers.get('content-disposition'), 'attachment; filename="query.parquet"');
    const path = join(sql.folder, 'answer.parquet');
    await writeFile(path, Buffer.from(await parquet.arrayBuffer()));
    const read = await sql.http.lake.test.deps.engine.rows(`FROM '${path}'`);
    assert.deepEqual(read, rows);
    assert.deepEqual(await sql.rows('SELECT count(*) AS n FROM silver.bars_5d WHERE complete'), [
      { n: (await sql.rows('FROM silver.bars_5d WHERE complete')).length },
    ]);
    assert.equal((await sql.rows('DESCRIBE bronze.splits')).length, 6);
    assert.deepEqual(await sql.rows('SELECT i FROM range(3) r(i) WHERE false'), []);
  });

  test('reads only the tables: no file, no network, no setting', async () => {
    const secret = join(sql.folder, 'secret.csv');
    await writeFile(secret, 'a\n1\n');
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end('a\n1\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const root = sql.http.lake.test.root;
    const sandbox = await openSandbox(sql.http);
    const statements = [
      `FROM read_csv('${secret}')`,
      `FROM '${url}.parquet'`,
      `SELECT getenv('HOME')`,
      `SELECT * FROM '${secret}'`,
      `FROM "${secret}"`,
      `FROM read_text('/etc/passwd')`,
      `FROM read_blob('${secret}')`,
      `FROM glob('${root}/**')`,
      `FROM read_parquet('${root}/bronze/daily_bars/**/*.parquet')`,
      `FROM parquet_metadata('${root}/x.parquet')`,
      `FROM read_json('${root}/bronze/daily_bars/_delta_log/00000000000000000000.json')`,
      `WITH x AS MATERIALIZED (FROM read_text('/etc/passwd')) FROM x`,
      `SELECT (SELECT content FROM read_text('/etc/passwd')) FROM bronze.splits`,
      `SELECT 1 UNION ALL SELECT * FROM (FROM read_csv('${secret}'))`,
      `FROM bronze.splits WHERE symbol IN (SELECT a FROM read_csv('${secret}'))`,
      `FROM query('FROM read_csv(''${secret}'')')`,
      `FROM query_table('${secret}')`,
      `FROM sniff_csv('${secret}')`,
      `FROM read_csv('${url}.csv')`,
      `FROM duckdb_settings()`,
      `FROM duckdb_secrets()`,
      `SELECT sql FROM duckdb_views`,
      `SELECT current_setting('allowed_paths')`,
      `SELECT main.getenv('HOME')`,
    ];
    await assertRefused(sql, sandbox, statements);
    sandbox.close();
    assert.equal(asked, 0);
    server.close();
  });

  test('cannot write, attach, load or set anything', async () => {
    const target = join(sql.folder, 'stolen');
    const file = (await sql.http.lake.test.lake.table(SPLITS).head())?.files[0];
    const data = join(sql.http.lake.test.root, 'bronze/splits', file?.path ?? '');
    const sandbox = await openSandbox(sql.http);
    const statements = [
      `COPY (SELECT 1) TO '${target}'`,
      `COPY (SELECT 1) TO '${data}'`,
      `EXPLAIN ANALYZE COPY (SELECT 1) TO '${data}'`,
      `EXPORT DATABASE '${target}'`,
      `ATTACH '${target}.db'`,
      `ATTACH ':memory:' AS other`,
      `INSTALL httpfs`,
      `LOAD httpfs`,
      `SET memory_limit = '100GB'`,
      `SET GLOBAL enable_external_access = true`,
      `RESET allowed_paths`,
      `PRAGMA memory_limit = '100GB'`,
      `PRAGMA database_list`,
      `CREATE TABLE t AS SELECT 1`,
      `CREATE TABLE t AS SELECT 1; FROM t`,
      `CREATE SECRET s (TYPE s3)`,
      `DROP VIEW bronze.splits`,
      `INSERT INTO bronze.splits SELECT 1`,
      `UPDATE bronze.splits SET symbol = 'X'`,
      `DELETE FROM bronze.splits`,
      `CALL enable_logging()`,
      `FROM enable_logging('QueryLog', storage := 'file', storage_path := '${target}')`,
      `SELECT write_log('x')`,
      `CHECKPOINT`,
      `VACUUM`,
      `USE memory`,
      `SELECT 1; SELECT 2`,
      `EXECUTE x`,
      `/* nothing */`,
      `;`,
    ];
    await assertRefused(sql, sandbox, statements);
    sandbox.close();
    assert.ok(!existsSync(target) && !existsSync(`${target}.db`));
    assert.equal((await sql.rows('FROM bronze.splits')).length, 5);
  });

  test('ends a statement that needs too much memory with its process, without affecting the server', async () => {
    const before = process.memoryUsage.rss();
    for (const statement of [
      'FROM range(200000000) r(i) ORDER BY hash(i)',
      'SELECT i, count(*) FROM range(100000000) r(i) GROUP BY i ORDER BY i',
      // Texts in the making are not counted by the engine: the process itself is watched.
      "SELECT format('{:500000000}', i) FROM range(100) r(i)",
      "WITH RECURSIVE t AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM t WHERE length(s) < 9e9) SELECT length(s) FROM t",
      'SELECT list(i) FROM range(1000000000) r(i)',
    ]) {
      const { status, code } = await sql.refusal(statement);
      assert.deepEqual([status, code], [400, 'query-too-large'], statement);
    }
    assert.ok(process.memoryUsage.rss() - before < 200 * 2 ** 20);
  });

  test('breaks off a response with too many rows, or rejects a file that is written first', async () => {
    const statement = 'FROM range(200000) r(i)';
    await assert.rejects((await sql.post(statement)).text(), { code: 'query-too-large' });
    const parquet = await sql.post(statement, { format: 'parquet' });
    assert.equal(parquet.status, 400);
    assert.equal(((await parquet.json()) as { code: string }).code, 'query-too-large');
  });

  test('reports a mistake in the database’s words, and breaks off at one in a late row', async () => {
    assert.match((await sql.refusal('SELECT nope FROM bronze.daily_bars')).message, /"nope" not found/);
    assert.match((await sql.refusal('SELEC 1')).message, /syntax error/);
    const late = `SELECT CAST(CASE WHEN i = 90000 THEN 'x' ELSE '1' END AS INTEGER) AS v FROM range(100000) r(i)`;
    assert.equal((await sql.post(late, { format: 'parquet' })).status, 400);
  });

  test('checks the fields of a request', async () => {
    for (const body of [{}, { statement: '' }, { statement: 1 }, { statement: 'SELECT 1', format: 'xml' }, []]) {
      const response = await sql.http.app.request('http://localhost:8080/condvest/v1/sql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 400);
      assert.equal(((await response.json()) as { code: string }).code, 'parameter-invalid');
    }
    const response = await sql.post('SELECT 1', { as_of: 'yesterday' });
    assert.equal(((await response.json()) as { code: string }).code, 'parameter-invalid');
  });
});

test('a statement reads the tables as of an instant, the same forever after', async () => {
  await using sql = await openSqlApp();
  const { http } = sql;
  const asOf = http.clock.nowMs();
  const statement = 'SELECT count(*) AS n, sum(close::DECIMAL(18, 4)) AS s FROM bronze.daily_bars';
  const before = await sql.rows(statement, asOf);
  http.clock.move(120_000);
  await http.commitBars([isoDate('2024-03-04')], { shift: 3 });
  assert.deepEqual(await sql.rows(statement, asOf), before);
  assert.notDeepEqual(await sql.rows(statement), before);
  const late = `SELECT CAST(CASE WHEN i = 900000 THEN 'x' ELSE '1' END AS INTEGER) AS v FROM range(1000000) r(i)`;
  await assert.rejects((await sql.post(late)).text(), /Could not convert string 'x'/);
});

/** Statements that no machine finishes. */
const ENDLESS = 'SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE hash(i, j) = 1';

/** Waits until a statement is run. */
async function running({ http }: SqlApp): Promise<void> {
  while (http.serving.streams.load.running === 0) await setTimeout(1);
}

test('a statement that takes too long is stopped and no longer delays others', async () => {
  await using sql = await openSqlApp({ sqlMs: 3000, sqlRunning: 1 });
  const first = sql.refusal(ENDLESS);
  await running(sql);
  const second = await sql.refusal('SELECT 1');
  assert.deepEqual([second.status, second.code], [503, 'server-busy']);
  assert.deepEqual((await first).code, 'query-too-slow');
  assert.equal(sql.http.serving.streams.load.running, 0);
  sql.http.bugs.length = 0;
});

test('a statement whose reader has left is stopped', async () => {
  await using sql = await openSqlApp({ sqlRunning: 1 });
  const stopped = new AbortController();
  const asked = sql.http.app.request('http://localhost:8080/condvest/v1/sql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ statement: ENDLESS }),
    signal: stopped.signal,
  });
  await running(sql);
  await setTimeout(300); // Also in the middle of its work it is stopped; before that is right too.
  stopped.abort();
  await asked;
  assert.equal(sql.http.serving.streams.load.running, 0);
  const body = (await sql.post('FROM range(40000000) r(i)')).body;
  await body?.cancel();
  assert.equal(sql.http.serving.streams.load.running, 0);
  assert.deepEqual(await sql.rows('SELECT 1 AS a'), [{ a: 1 }]);
  sql.http.bugs.length = 0;
});

test('SQL is off unless the operator turns it on', async () => {
  await using http = await openHttpApp();
  const response = await http.app.request('http://localhost:8080/condvest/v1/sql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ statement: 'SELECT 1' }),
  });
  assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [403, 'sql-disabled']);
});

test('the sandbox rejects by itself what the statement check would let through', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-sandbox-'));
  await writeFile(join(folder, 'allowed.csv'), 'a\n1\n');
  await writeFile(join(folder, 'other.csv'), 'a\n1\n');
  const engine = await Engine.createSandbox({ files: [join(folder, 'allowed.csv')], memoryLimitBytes: 64 * 2 ** 20 });
  try {
    assert.deepEqual(await engine.rows(`FROM read_csv('${folder}/allowed.csv')`), [{ a: 1 }]);
    for (const statement of [
      `FROM read_csv('${folder}/other.csv')`,
      `FROM read_csv('${folder}/*.csv')`,
      `FROM read_csv('${folder}/x/../other.csv')`,
      `FROM glob('${folder}/*')`,
      `COPY (SELECT 1) TO '${folder}/new.csv'`,
      `ATTACH '${folder}/new.db'`,
      'INSTALL httpfs',
      'LOAD httpfs',
      'SET GLOBAL enable_external_access = true',
      `SET GLOBAL allowed_paths = ['${folder}/other.csv']`,
      `SET GLOBAL temp_directory = '${folder}'`,
      "SET memory_limit = '100GB'",
      `FROM read_csv('http://127.0.0.1:1/x.csv')`,
    ]) {
      await assert.rejects(engine.run(statement), { name: 'CondvestError' }, statement);
    }
    assert.deepEqual((await readdir(folder)).sort(), ['allowed.csv', 'other.csv']);
    using session = await engine.session();
    await onlyReads(session, 'SELECT 1');
    await assert.rejects(onlyReads(session, 'FROM glob(1)'), { code: 'engine-not-a-query' });
  } finally {
    engine.close();
    await rm(folder, { recursive: true, force: true });
  }
});
