import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { encodeCursor } from '#serving/http/paging.ts';
import { effort } from '#test/fixtures/effort.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

/**
 * Every route of our own API, with values for its documented parameters that are right, nearly right and wrong: no answer is a
 * bug, none hangs, and every refusal names its code. The routes come from the OpenAPI document, so that a new one is included.
 */

const RUNS = effort({ usual: 200, long: 5000 });

interface Operation {
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
}

let http: HttpApp;
let operations: readonly Operation[];

before(async () => {
  http = await openHttpApp();
  const document = await http.json<{
    paths: Record<string, { get?: { tags?: string[]; parameters?: { name: string; in: string }[] } }>;
  }>('/condvest/v1/openapi.json');
  operations = Object.entries(document.paths).flatMap(([path, { get }]) =>
    get?.tags?.includes('condvest') === true && !path.endsWith('/stream')
      ? [{ path, parameters: get.parameters ?? [] }]
      : [],
  );
});
after(async () => http[Symbol.asyncDispose]());

const cursors = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc
    .record({
      versions: fc.dictionary(
        fc.constantFrom('bronze/sessions', 'bronze/restatements', 'bronze/daily_bars', '__proto__', 'x'),
        fc.oneof(fc.integer(), fc.nat(4)),
      ),
      atMs: fc.oneof(fc.maxSafeInteger(), fc.constant(1_767_222_000_000)),
      position: fc.dictionary(
        fc.constantFrom(' path', ' offset', 'limit', 'from', 'state', 'kind', 'symbol'),
        fc.constantFrom('/condvest/v1/sessions', '/condvest/v1/restatements', '5', '-5', '1e9', '2024-01-02', 'x', ''),
      ),
    })
    .map(encodeCursor),
);

const known = fc.constantFrom(
  'AAA',
  'BBB.A',
  'FBX',
  'MTX',
  'bronze',
  'silver',
  'daily_bars',
  'sessions',
  'quarantine',
  'bars_5d',
  '1',
  '5',
  '5d',
  '21',
  '252',
  '2024-01-02',
  '2025-12-30',
  '2025-12-31',
  '2024-02-29',
  '1962-01-02',
  '1767222000000',
  '2025-12-31T12:00:00Z',
  'raw',
  'total',
  'true',
  'csv',
  'ndjson',
  'arrow',
  'parquet',
  'settled',
  'missing',
  'settlement',
  'symbol,close',
);

const hostile = fc.constantFrom(
  '',
  ' ',
  '0',
  '-1',
  '1e308',
  'NaN',
  'null',
  '\u0000',
  "'; DROP TABLE x; --",
  '%',
  '..',
  '../../etc/passwd',
  '9999-12-31',
  '0001-01-01',
  '2024-02-30',
  '9'.repeat(400),
  '\ud800',
  '🦀',
  'ﷺ',
  '"',
  'a,b,,c',
  '__proto__',
  'constructor',
);

/** Values that fit, so that the work behind the checks is reached as well. */
const RIGHT: Readonly<Record<string, readonly string[]>> = {
  symbol: ['AAA', 'BBB.A', 'FBX', 'MTX', 'HLD'],
  tier: ['bronze'],
  table: ['daily_bars', 'splits', 'listings', 'restatements'],
  interval: ['1', '2', '5', '21d', '252'],
  from: ['2025-01-02', '2025-06-01', ''],
  to: ['2025-12-31', '2025-06-30'],
  adjust: ['raw', 'split', 'total'],
  as_of: ['1767222000000', ''],
  explain: ['false', 'true'],
  limit: ['1', '3', '100'],
  session: ['2025-12-30', '2024-06-10'],
  state: ['partial', 'settled', 'any'],
  kind: ['restatement', 'any'],
  format: ['csv', 'json', 'ndjson', 'parquet', 'arrow'],
  columns: ['symbol', ''],
  open: ['true'],
};

const value = fc.oneof(
  { weight: 4, arbitrary: known },
  hostile,
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
);

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

test('no parameter value of any route causes a bug', async () => {
  assert.ok(operations.length >= 15, `${operations.length} routes`);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...operations),
      fc.array(value, { minLength: 12, maxLength: 12 }),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      cursors,
      fc.boolean(),
      fc.nat(60),
      async ({ path, parameters }, values, isGiven, cursor, isRight, pick) => {
        let address = path;
        const query: string[] = [];
        for (const [index, parameter] of parameters.entries()) {
          const right = RIGHT[parameter.name];
          const fits = isRight ? right?.[pick % right.length] : undefined;
          const text = encoded(fits ?? values[index % values.length] ?? '');
          if (isRight && fits === undefined && parameter.in === 'query') continue;
          // An empty segment is another address.
          if (parameter.in === 'path') address = address.replace(`{${parameter.name}}`, text === '' ? '%20' : text);
          else if (isGiven[index % isGiven.length] === true)
            query.push(`${parameter.name}=${parameter.name === 'cursor' ? encoded(cursor) : text}`);
        }
        const response = await http.get(`${address}?${query.join('&')}`);
        const body = await response.text();
        assert.ok([200, 400, 404].includes(response.status), `${response.status}: ${body.slice(0, 300)}`);
        if (response.status === 200) return;
        const error = JSON.parse(body) as Record<string, unknown>;
        assert.match(String(error['code']), /^[a-z][a-z-]+$/);
        assert.ok(!/ at .*\.ts|node_modules|Error:.*\n/.test(String(error['message'])), 'no trace of the inside');
      },
    ),
    { numRuns: RUNS },
  );
  assert.deepEqual(http.bugs, []);
  assert.equal(http.serving.streams.load.running, 0, 'no stream is left open');
  assert.equal(http.serving.eventStreams.load.running, 0, 'no stream of events either');
});

test('valid values are answered on every route, so that the fuzzing reaches the work behind the checks', async () => {
  for (const { path, parameters } of operations) {
    if (path.includes('{id}')) continue;
    const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => RIGHT[name]?.[0] ?? '');
    const query = parameters.flatMap(({ name, in: where }) =>
      where === 'query' && RIGHT[name] !== undefined ? [`${name}=${RIGHT[name][0]}`] : [],
    );
    const response = await http.get(`${address}?${query.join('&')}`);
    assert.equal(response.status, 200, `${address}?${query.join('&')}: ${await response.text()}`);
  }
});

test('no request body causes a bug', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/condvest/v1/runs', '/condvest/v1/sql'),
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map((text) => `{"session":${text},"statement":${text}}`),
      ),
      fc.constantFrom('application/json', 'application/json; charset=utf-8', 'text/plain', ''),
      async (path, body, type) => {
        const response = await http.app.request(`http://localhost:8080${path}`, {
          method: 'POST',
          headers: type === '' ? {} : { 'content-type': type },
          body,
        });
        assert.ok([400, 403, 409, 415].includes(response.status), `${response.status}: ${await response.text()}`);
      },
    ),
    { numRuns: effort({ usual: 100, long: 3000 }) },
  );
  assert.deepEqual(http.bugs, []);
});
