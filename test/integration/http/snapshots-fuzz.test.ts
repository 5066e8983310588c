import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { encodeCursor } from '#serving/http/paging.ts';
import { effort } from '#test/fixtures/effort.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { assertErrorShape } from '#test/fixtures/vendor-schema.ts';

/**
 * Grouped daily, snapshots and summaries with parameters that are right, nearly right and wrong, and cursors that somebody else
 * wrote: no answer is a bug (disposing of the application fails on one), and every refusal has the shape that clients read.
 */

const RUNS = effort({ usual: 150, long: 4000 });

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

const value = fc.oneof(
  fc.constantFrom('AAA', 'FBX', 'aaa', 'X:BTCUSD', 'AAA,MTX,NOPE', ' AAA , ,', ',', '', '*', 'a'.repeat(40)),
  fc.constantFrom('2025-12-31', '2024-06-08', '2024-02-30', '1900-01-01', '2199-12-31', '0000-01-01', '9999-12-31'),
  fc.constantFrom(
    '1735678800000',
    '-1',
    '0',
    '1',
    '10',
    '250',
    '251',
    '1e3',
    '99999999999999999999',
    'NaN',
    'true',
    'False',
  ),
  fc.constantFrom(
    'asc',
    'DESC',
    'ticker',
    'stocks',
    'crypto',
    'gainers',
    'losers',
    '2025-12-31T12:00:00Z',
    '__proto__',
  ),
  fc.string({ maxLength: 30, unit: 'grapheme' }),
);

const cursor = fc.oneof(
  value,
  fc
    .record({
      versions: fc.dictionary(
        fc.constantFrom('bronze/daily_bars', 'bronze/splits', 'bronze/listings', '__proto__', 'x'),
        fc.oneof(fc.integer(), fc.nat(4)),
      ),
      atMs: fc.maxSafeInteger(),
      position: fc.dictionary(fc.constantFrom('after', 'session', 'x', '__proto__'), value),
    })
    .map(encodeCursor),
);

const NAMES = ['adjusted', 'include_otc', 'as_of', 'tickers', 'ticker', 'type', 'order', 'sort', 'limit'].concat(
  'ticker.gt',
  'ticker.gte',
  'ticker.lt',
  'ticker.lte',
  'ticker.any_of',
  'ticker.gt[]',
  'unknown',
);

const query = fc
  .tuple(fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 5 }), fc.option(cursor))
  .map(([parameters, at]) => new URLSearchParams({ ...parameters, ...(at === null ? {} : { cursor: at }) }).toString());

const path = fc.oneof(
  fc.constantFrom('/v3/snapshot', '/v1/summaries', '/v2/snapshot/locale/us/markets/stocks/tickers'),
  value.map((one) => `/v2/aggs/grouped/locale/us/market/stocks/${encodeURIComponent(one)}`),
  value.map((one) => `/v2/snapshot/locale/us/markets/stocks/tickers/${encodeURIComponent(one)}`),
  value.map((one) => `/v2/snapshot/locale/us/markets/stocks/${encodeURIComponent(one)}`),
);

test('every request across symbols is answered or rejected in a shape that clients read', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(path, query, async (address, parameters) => {
      const response = await http.get(`${address}?${parameters}`);
      const body = (await response.json()) as Record<string, unknown>;
      seen.add(response.status);
      assert.ok([200, 400, 403, 404, 503].includes(response.status), `${response.status}: ${JSON.stringify(body)}`);
      if (response.status === 503) assert.equal(body.code, 'lake-empty', 'a cursor of no version at all');
      if (response.status === 200) assert.equal(body.status, 'OK');
      else assertErrorShape(response.status, body);
    }),
    { numRuns: RUNS },
  );
  for (const status of [200, 400, 404]) assert.ok(seen.has(status), `no answer was ${status}`);
});
