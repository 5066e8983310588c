import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';

import { effort } from '#test/fixtures/effort.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { assertErrorShape } from '#test/fixtures/vendor-schema.ts';

/** Whatever a caller sends to the routes of one symbol: an answer or an error of the documented shape, never a bug. */

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    '1e3',
    '1.5',
    'NaN',
    'null',
    '%00',
    '../..',
    "'; DROP TABLE x --",
    '9'.repeat(30),
  ),
  fc.integer().map(String),
);
const day = fc.oneof(
  fc
    .date({ min: new Date('1890-01-01'), max: new Date('2210-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  fc.integer({ min: -3e12, max: 8e12 }).map(String),
  fc.constantFrom('0001-01-01', '9999-12-31', '2024-02-30', '1962-01-02', '2028-12-31', '2029-01-01'),
  text,
);
const symbol = fc.oneof(fc.constantFrom('AAA', 'MTX', 'FBX', 'NOPE', 'O:X'), text);
const word = (...words: string[]) => fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...words) }, text);
const number = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 1200 }).map(String) }, text);
const timespan = word('day', 'week', 'month', 'quarter', 'year', 'session', 'minute', 'second');
const cursor = fc.oneof(
  text,
  fc
    .record({
      v: fc.oneof(
        fc.dictionary(
          fc.constantFrom('bronze/daily_bars', 'bronze/splits', 'silver/bars_5d', '__proto__'),
          fc.integer(),
        ),
        fc.constant({ 'bronze/daily_bars': 3, 'bronze/splits': 0, 'bronze/listings': 0 }),
      ),
      t: fc.integer(),
      p: fc.dictionary(
        fc.constantFrom('at', 'until', 'after', 'limit', 'sort', 'order', 'adjusted', 'window', 'timespan'),
        fc.oneof(day, text),
      ),
    })
    .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
);
const query = fc.dictionary(
  fc.constantFrom(
    ...['adjusted', 'sort', 'limit', 'include_partial', 'as_of', 'timestamp', 'timestamp.gte', 'timestamp.lt'],
    ...['timespan', 'multiplier', 'window', 'short_window', 'series_type', 'order', 'expand_underlying', 'other'],
  ),
  fc.oneof(text, day, number),
  { maxKeys: 4 },
);
const path = fc.oneof(
  fc
    .tuple(symbol, number, timespan, day, day)
    .map((parts) => ['v2', 'aggs', 'ticker', parts[0], 'range', ...parts.slice(1)]),
  symbol.map((name) => ['v2', 'aggs', 'ticker', name, 'prev']),
  fc.tuple(symbol, day).map((parts) => ['v1', 'open-close', ...parts]),
  fc.tuple(word('sma', 'ema', 'rsi', 'macd'), symbol).map((parts) => ['v1', 'indicators', ...parts]),
);

describe('routes of one symbol', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(() => http[Symbol.asyncDispose]());

  test('never fail, whatever they receive', async () => {
    const property = fc.asyncProperty(
      path,
      query,
      fc.option(cursor, { nil: undefined, freq: 3 }),
      async (parts, parameters, place) => {
        const given = new URLSearchParams(parameters);
        if (place !== undefined) given.set('cursor', place);
        const address = `/${parts.map(encoded).join('/')}?${given}`;
        const response = await http.get(address);
        const body: unknown = await response.json();
        assert.deepEqual(http.bugs.splice(0), [], address);
        assert.ok([200, 400, 403, 404].includes(response.status), `${response.status} ${address}`);
        if (response.status !== 200) assertErrorShape(response.status, body);
      },
    );
    await fc.assert(property, { numRuns: effort({ usual: 500, long: 15_000 }) });
  });
});

/** A lone surrogate has no encoding. */
function encoded(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}
