import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';

import { effort } from '#test/fixtures/effort.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';

/**
 * Every parameter of the reference routes and of the datafeed, with anything in it: an answer, never a failure of the
 * server.
 */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  '/v3/reference/tickers': [
    ...['ticker', 'ticker.gt', 'ticker.lte', 'type', 'market', 'exchange', 'cusip', 'cik', 'date', 'search', 'active'],
    ...['order', 'limit', 'sort', 'as_of', 'cursor'],
  ],
  '/v3/reference/tickers/types': ['asset_class', 'locale'],
  '/v3/reference/tickers/{}': ['date', 'as_of'],
  '/vX/reference/tickers/{}/events': ['types', 'as_of'],
  '/v3/reference/splits': [
    ...[
      'ticker',
      'ticker.gte',
      'execution_date',
      'execution_date.lt',
      'reverse_split',
      'order',
      'limit',
      'sort',
      'cursor',
    ],
  ],
  '/v3/reference/dividends': [
    ...['ticker', 'ex_dividend_date.gt', 'record_date', 'pay_date.lt', 'cash_amount', 'cash_amount.gte', 'frequency'],
    ...['dividend_type', 'order', 'limit', 'sort', 'as_of', 'cursor'],
  ],
  '/stocks/v1/splits': [
    'ticker.any_of',
    'execution_date.gte',
    'adjustment_type',
    'adjustment_type.any_of',
    'sort',
    'limit',
  ],
  '/stocks/v1/dividends': [
    'ticker.any_of',
    'ex_dividend_date',
    'frequency.lt',
    'distribution_type.any_of',
    'sort',
    'limit',
  ],
  '/v3/reference/exchanges': ['asset_class', 'locale'],
  '/stocks/v1/exchanges': ['limit'],
  '/v3/reference/conditions': ['asset_class', 'data_type', 'id', 'sip', 'order', 'limit', 'sort', 'cursor'],
  '/udf/symbols': ['symbol'],
  '/udf/search': ['query', 'type', 'exchange', 'limit'],
  '/udf/history': ['symbol', 'resolution', 'from', 'to', 'countback'],
  '/udf/quotes': ['symbols'],
  '/udf/marks': ['symbol', 'resolution', 'from', 'to'],
  '/udf/timescale_marks': ['symbol', 'resolution', 'from', 'to'],
  '/widgets.json': [],
  '/apps.json': [],
};

/** Valid parameters, near misses, and nonsense. */
const anyValue = fc.oneof(
  fc.constantFrom(
    'AAA',
    'FBX',
    'aaa',
    'NYSE:AAA',
    'BBG000000MT5',
    '',
    ' ',
    ',',
    'AAA,,IDX',
    "A'A",
    'A"B',
    '--',
    '%',
    '\t',
  ),
  fc.constantFrom('0', '1', '-1', '10', '1000', '1001', '99999999999999999999', '1e3', '0.25', 'NaN', 'Infinity'),
  fc.constantFrom('2024-01-02', '2024-02-30', '0001-01-01', '9999-12-31', '1767225600', '-62135596800', '253402300799'),
  fc.constantFrom(
    'true',
    'False',
    'asc',
    'desc',
    'ticker',
    'ticker.asc',
    'frequency.desc,ticker',
    'stocks',
    'CTA',
    'trade',
  ),
  fc.constantFrom('1D', '3D', '252D', '253D', '1W', '1M', '5', 'constructor', '__proto__', 'toString.asc'),
  fc.string({ maxLength: 40, unit: 'binary' }),
  fc.base64String({ maxLength: 60 }),
  fc.json({ maxDepth: 1 }).map((text) => Buffer.from(text).toString('base64url')),
);

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

test('no value of any parameter makes the server fail', async () => {
  const anyRequest = fc.constantFrom(...Object.keys(ROUTES)).chain((route) =>
    fc.record({
      route: fc.constant(route),
      part: anyValue,
      query: fc.dictionary(fc.constantFrom(...(ROUTES[route] ?? []), 'x'), anyValue, { maxKeys: 5 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(anyRequest, async ({ route, part, query }) => {
      const path = `${route.replace('{}', encodeURIComponent(part) || '-')}?${new URLSearchParams(query)}`;
      const response = await http.get(path);
      const body: unknown = JSON.parse(await response.text());
      assert.ok([200, 400, 404].includes(response.status), `${response.status} for ${path}: ${JSON.stringify(body)}`);
      assert.deepEqual(http.bugs, [], path);
    }),
    { numRuns: effort({ usual: 500, long: 15_000 }) },
  );
});
