import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { CondvestError } from '#base/errors.ts';
import { scanSql } from '#lake/scan.ts';
import type { TableDefinition } from '#lake/schema.ts';
import {
  DAILY_BARS,
  DIVIDENDS,
  LISTINGS,
  QUARANTINE,
  RESTATEMENTS,
  SESSIONS,
  SPLITS,
  silverBars,
} from '#lake/tables.ts';
import { byteStream } from '#serving/condvest/byte-stream.ts';
import type { KeyRing } from '#serving/http/gate/key-ring.ts';
import { gated } from '#test/fixtures/gated-app.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

type Rows = Record<string, unknown>[];

/** The rows of a table, or those of a condition, in the table's order. */
async function stored(http: HttpApp, definition: TableDefinition, where = 'true'): Promise<Rows> {
  const head = await http.lake.test.lake.table(definition).head();
  const scan = await scanSql(http.lake.test.deps, definition, head?.files ?? []);
  return http.lake.test.deps.engine.rows(`FROM (${scan}) WHERE ${where} ORDER BY ${orderOf(definition)}`);
}

function orderOf({ sortBy }: TableDefinition): string {
  return sortBy.join(', ');
}

async function bytesOf(http: HttpApp, path: string): Promise<Buffer> {
  const response = await http.get(path);
  assert.equal(response.status, 200, path);
  return Buffer.from(await response.arrayBuffer());
}

/** The rows that an export has, read back by a reader of its format, in the table's order. */
async function exported(http: HttpApp, definition: TableDefinition, format: string, query = ''): Promise<Rows> {
  const bytes = await bytesOf(http, `/condvest/v1/export/${definition.name}?format=${format}${query}`);
  const { engine } = http.lake.test.deps;
  if (format === 'arrow') return fromArrow(bytes, definition);
  const path = join(http.lake.test.root, '..', `export.${format}`);
  await writeFile(path, bytes);
  const types: Record<string, string> = {
    long: 'BIGINT',
    timestamp: 'TIMESTAMPTZ',
    integer: 'INTEGER',
    string: 'VARCHAR',
  };
  const columns = definition.columns.map(({ name, type }) => `'${name}': '${types[type] ?? type.toUpperCase()}'`);
  const reader =
    format === 'parquet'
      ? `read_parquet('${path}')`
      : format === 'csv'
        ? `read_csv('${path}', header = true, columns = {${columns.join(', ')}}, all_varchar = false, nullstr = '', allow_quoted_nulls = false)`
        : `read_json('${path}', format = 'newline_delimited', columns = {${columns.join(', ')}})`;
  return engine.rows(`FROM ${reader} ORDER BY ${orderOf(definition)}`);
}

function fromArrow(bytes: Buffer, definition: TableDefinition): Rows {
  const rows = tableFromIPC(bytes).toArray() as { toJSON(): Record<string, unknown> }[];
  const read = rows.map((row) => {
    const values = row.toJSON();
    for (const { name, type } of definition.columns) {
      const value = values[name];
      if (value === null || value === undefined) continue;
      if (type === 'long' || type === 'timestamp') values[name] = Number(value);
      if (type === 'date') values[name] = new Date(Number(value)).toISOString().slice(0, 10);
    }
    return values;
  });
  const key = (row: Record<string, unknown>): string =>
    definition.sortBy.map((name) => JSON.stringify(row[name])).join();
  return read.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const sorted = (rows: Rows): string[] => rows.map((row) => JSON.stringify(row)).sort((a, b) => (a < b ? -1 : 1));

describe('exports', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(async () => http[Symbol.asyncDispose]());

  for (const definition of [
    ...[DAILY_BARS, SPLITS, DIVIDENDS, LISTINGS, SESSIONS, QUARANTINE, RESTATEMENTS],
    silverBars(5),
    silverBars(34),
  ]) {
    test(`return ${definition.name} as it is, in every format`, async () => {
      const expected = await stored(http, definition);
      assert.ok(expected.length > 0);
      for (const format of ['csv', 'ndjson', 'parquet', 'arrow']) {
        const rows = await exported(http, definition, format);
        assert.deepEqual(sorted(rows), sorted(expected), format);
      }
    });
  }

  test('select rows by symbol and by date, a window if it touches the range', async () => {
    const query = '&symbol=AAA,BBB.A&from=2025-03-03&to=2025-03-05';
    const days = `symbol IN ('AAA', 'BBB.A') AND session BETWEEN DATE '2025-03-03' AND DATE '2025-03-05'`;
    const expected = await stored(http, DAILY_BARS, days);
    assert.equal(expected.length, 6);
    for (const format of ['csv', 'ndjson', 'parquet', 'arrow'])
      assert.deepEqual(sorted(await exported(http, DAILY_BARS, format, query)), sorted(expected), format);
    const windows = await stored(
      http,
      silverBars(21),
      `symbol = 'AAA' AND last_session >= DATE '2025-03-03' AND first_session <= DATE '2025-03-05'`,
    );
    assert.ok(windows.length >= 1);
    assert.deepEqual(
      await exported(http, silverBars(21), 'parquet', '&symbol=AAA&from=2025-03-03&to=2025-03-05'),
      windows,
    );
    const listed = await exported(http, LISTINGS, 'ndjson', '&to=2024-03-01&symbol=FBX');
    assert.deepEqual(
      listed.map(({ security_id }) => security_id),
      ['MTX'],
    );
    assert.deepEqual(await exported(http, DAILY_BARS, 'csv', '&from=2025-03-05&to=2025-03-01'), []);
  });

  test('return columns in the requested order', async () => {
    const csv = await bytesOf(
      http,
      '/condvest/v1/export/bronze/daily_bars?columns=close,symbol&symbol=AAA&from=2025-12-31',
    );
    const [header, row] = csv.toString().split('\n');
    assert.equal(header, 'close,symbol');
    assert.match(row ?? '', /^[\d.]+,AAA$/);
  });

  test('compress text for clients that accept it, and name the file with its version', async () => {
    const plain = await bytesOf(http, '/condvest/v1/export/bronze/daily_bars');
    const response = await http.get('/condvest/v1/export/bronze/daily_bars', { 'accept-encoding': 'gzip' });
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    assert.equal(response.headers.get('content-disposition'), 'attachment; filename="daily_bars-v3.csv"');
    const compressed = Buffer.from(await response.arrayBuffer());
    assert.deepEqual(gunzipSync(compressed), plain);
    assert.ok(compressed.byteLength * 2 < plain.byteLength);
    const parquet = await http.get('/condvest/v1/export/bronze/splits?format=parquet', { 'accept-encoding': 'gzip' });
    assert.equal(parquet.headers.get('content-encoding'), null);
    assert.equal(parquet.headers.get('content-type'), 'application/vnd.apache.parquet');
    await parquet.body?.cancel();
  });

  test('reject what cannot be exported before anything is sent', async () => {
    for (const [path, status, code] of [
      ['bronze/nothing', 404, 'table-unknown'],
      ['gold/daily_bars', 404, 'table-unknown'],
      ['silver/bars_7d', 404, 'table-unknown'],
      ['bronze/daily_bars?format=xlsx', 400, 'parameter-invalid'],
      ['bronze/daily_bars?columns=close,nope', 400, 'parameter-invalid'],
      ['bronze/quarantine?from=2025-01-01', 400, 'parameter-invalid'],
      ['bronze/quarantine?symbol=AAA', 400, 'parameter-invalid'],
      ['bronze/daily_bars?from=yesterday', 400, 'parameter-invalid'],
      ['bronze/daily_bars?as_of=2020-01-01', 404, 'table-absent'],
    ] as const) {
      const response = await http.get(`/condvest/v1/export/${path}`);
      const body = (await response.json()) as { code: string; message: string };
      assert.deepEqual([response.status, body.code], [status, code], `${path}: ${body.message}`);
    }
    assert.deepEqual(http.serving.streams.load.running, 0);
  });

  test('answer a HEAD request with the headers and hold nothing', async () => {
    const response = await http.app.request('http://localhost:8080/condvest/v1/export/bronze/daily_bars', {
      method: 'HEAD',
    });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /csv/);
    const wrong = await http.app.request('http://localhost:8080/condvest/v1/export/bronze/daily_bars?columns=price', {
      method: 'HEAD',
    });
    assert.equal(wrong.status, 400, 'as it is for GET');
    assert.equal(http.serving.streams.load.running, 0);
  });
});

test('an export with more rows than the bound is rejected, and a smaller selection of it is not', async () => {
  await using http = await openHttpApp({ limits: { exportRows: 1000 } });
  const response = await http.get('/condvest/v1/export/bronze/daily_bars');
  const body = (await response.json()) as { code: string; message: string };
  assert.deepEqual([response.status, body.code], [400, 'export-too-large']);
  assert.match(body.message, /5721/);
  assert.equal((await exported(http, DAILY_BARS, 'csv', '&symbol=AAA')).length, 502);
});

test('concurrent exports are bounded in number, and a place becomes free once a reader has left', async () => {
  await using http = await openHttpApp({ limits: { streams: 2 } });
  const path = '/condvest/v1/export/bronze/daily_bars';
  const first = await http.get(path);
  const second = await http.get(path);
  const third = await http.get(path);
  assert.equal(third.status, 503);
  assert.equal(third.headers.get('retry-after'), '1');
  assert.match(await third.text(), /2 exports are going on already/);
  await first.body?.cancel();
  assert.equal(http.serving.streams.load.running, 1);
  const fourth = await http.get(path);
  assert.equal(fourth.status, 200);
  await fourth.arrayBuffer();
  await second.arrayBuffer();
  assert.equal(http.serving.streams.load.running, 0);
});

test('one caller leaves room for others, and event streams do not count as exports', async () => {
  await using http = await openHttpApp({
    limits: { streams: 3, streamsEach: 2, eventStreams: 2, eventStreamsEach: 1 },
  });
  let caller = 'ann';
  const { ask } = gated(http.serving, {
    keys: { admit: async () => ({ name: caller, scopes: ['read'] }) } as unknown as KeyRing,
  });
  const path = '/condvest/v1/export/bronze/daily_bars';
  const events = '/condvest/v1/runs/stream';
  const open = [await ask(path), await ask(path), await ask(events)];
  const refused = [await ask(path), await ask(events)];
  caller = 'bob';
  open.push(await ask(path), await ask(events));
  refused.push(await ask(path));
  assert.deepEqual(
    open.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  for (const one of refused) {
    assert.equal(one.status, 503);
    assert.equal(((await one.json()) as { code: string }).code, 'server-busy');
    assert.equal(one.headers.get('retry-after'), '1');
  }
  for (const { body } of open) await body?.cancel();
  assert.equal(http.serving.streams.load.running + http.serving.eventStreams.load.running, 0);
  caller = 'ann';
  await (await ask(path)).body?.cancel();
});

test('an export ends when its time is over, even if nobody reads it', async () => {
  const due: (() => void)[] = [];
  const timers = {
    after: (_: number, call: () => void) => {
      due.push(call);
      return () => undefined;
    },
  };
  await using http = await openHttpApp({ deps: { timers } });
  const response = await http.get('/condvest/v1/export/bronze/daily_bars?format=ndjson');
  for (const call of due) call();
  while (http.serving.streams.load.running > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await assert.rejects(response.text(), { code: 'export-too-slow' });
});

test('an export stops and leaves no scratch file when the client leaves midway', async () => {
  await using http = await openHttpApp();
  const base = await http.listen();
  for (const format of ['csv', 'arrow', 'parquet']) {
    await new Promise<void>((resolve, reject) => {
      const asked = httpRequest(`${base}/condvest/v1/export/bronze/daily_bars?format=${format}`, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      });
      asked.on('error', reject);
      asked.end();
    });
    while (http.serving.streams.load.running > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const scratch = await http.lake.test.deps.store.scratchPath('.probe');
  assert.deepEqual(await readdir(join(scratch, '..')), []);
});

test('a failure midway breaks the connection, so that nobody takes half a file for a whole one', async () => {
  await using http = await openHttpApp({
    after: (app) => {
      app.get('/half', async () => {
        async function* chunks(): AsyncGenerator<Uint8Array> {
          for (let i = 0; i < 50; i += 1) yield Buffer.from('a,b\n'.repeat(1000));
          throw new CondvestError({ code: 'engine-io', kind: 'permanent', message: 'A file could not be read' });
        }
        const source = { chunks: chunks(), close: () => {} };
        const body = await byteStream(http.serving, new Request('http://localhost/'), async () => source);
        return new Response(body, { headers: { 'content-type': 'text/csv' } });
      });
    },
  });
  const base = await http.listen();
  const told = await new Promise<{ readonly complete: boolean; readonly text: string; readonly error: boolean }>(
    (resolve) => {
      const asked = httpRequest(`${base}/half`, (response) => {
        let text = '';
        let error = false;
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('error', () => {
          error = true;
        });
        response.on('close', () => resolve({ complete: response.complete, text, error }));
      });
      asked.end();
    },
  );
  assert.equal(told.complete, false, 'the end of the answer was not sent');
  assert.equal(told.error, true);
  assert.ok(!told.text.includes('Error'), 'nothing but rows was sent');
  await assert.rejects(async () => (await fetch(`${base}/half`)).text());
  assert.equal(http.serving.streams.load.running, 0);
});

test('rows are produced as the reader takes them, not ahead', async () => {
  await using http = await openHttpApp();
  let made = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 10_000; i += 1) {
      made += 1;
      yield new Uint8Array(1 << 16);
    }
  }
  const body = await byteStream(http.serving, new Request('http://localhost/'), async () => ({
    chunks: chunks(),
    close: () => {},
  }));
  const reader = body.getReader();
  for (let i = 0; i < 10; i += 1) await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(made <= 11, `${made} chunks were made for 10`);
  await reader.cancel();
  assert.equal(http.serving.streams.load.running, 0);
});
