import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { newYorkInstant } from '#market/calendar/new-york.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { assertVendorShape, vendorPaths } from '#test/fixtures/vendor-schema.ts';

const PREVIOUS = '/v2/aggs/ticker/{ticker}/prev';
const OPEN_CLOSE = '/v1/open-close/{ticker}/{date}';

describe('responses about one day', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(() => http[Symbol.asyncDispose]());

  async function read(shape: string, path: string, status = 200): Promise<Record<string, unknown>> {
    const response = await http.get(path);
    const text = await response.text();
    assert.equal(response.status, status, text);
    await assertVendorShape(shape, status, text);
    return JSON.parse(text) as Record<string, unknown>;
  }

  test('have the close of the last finished session as the previous close, stamped with 16:00', async () => {
    const body = await read(PREVIOUS, '/v2/aggs/ticker/AAA/prev');
    const [bar] = body.results as Record<string, unknown>[];
    const day = await http.json<{ results: Record<string, unknown>[] }>(
      `/v2/aggs/ticker/AAA/range/1/day/${PROVISIONAL}/${PROVISIONAL}`,
    );
    assert.deepEqual(bar, { T: 'AAA', ...day.results[0], t: newYorkInstant(PROVISIONAL, 16 * 60) });
    assert.equal(body.ticker, 'AAA');
    assert.equal(body.x_finality, 'provisional');
  });

  test('have the last bar of a delisted security as its previous close', async () => {
    const [bar] = (await read(PREVIOUS, '/v2/aggs/ticker/DEL/prev')).results as Record<string, unknown>[];
    assert.equal(bar?.t, newYorkInstant(isoDate('2025-05-30'), 16 * 60));
  });

  test('have no previous close for a symbol without bars, which is not an error', async () => {
    const body = await read(PREVIOUS, '/v2/aggs/ticker/NOPE/prev');
    assert.equal('results' in body, false);
    assert.equal(body.resultsCount, 0);
    // Symbols with an @ are nobody's: securities that listings leave unnamed have ids like that.
    assert.equal((await read(PREVIOUS, '/v2/aggs/ticker/A@B/prev')).resultsCount, 0);
    assert.equal((await http.get('/v2/aggs/ticker/A@B/range/5/session/2024-01-01/2025-12-31')).status, 200);
  });

  test('give a day’s open and close as a flat object, adjusted by default', async () => {
    const adjusted = await read(OPEN_CLOSE, '/v1/open-close/AAA/2024-06-07');
    const raw = await read(OPEN_CLOSE, '/v1/open-close/AAA/2024-06-07?adjusted=false');
    assert.deepEqual(Object.keys(raw), [
      'status',
      'from',
      'symbol',
      'open',
      'high',
      'low',
      'close',
      'volume',
      'x_finality',
    ]);
    assert.equal(adjusted.close, Number(raw.close) / 4);
    assert.equal(adjusted.volume, Number(raw.volume) * 4);
    assert.deepEqual([raw.from, raw.symbol], ['2024-06-07', 'AAA']);
  });

  test('report a day without a bar as not found', async () => {
    for (const path of ['AAA/2024-06-08', `NEW/${PARTIAL}`, 'NOPE/2024-06-07', 'AAA/2030-01-02', 'HLT/2025-08-05']) {
      await read(OPEN_CLOSE, `/v1/open-close/${path}`, 404);
    }
    await read(OPEN_CLOSE, '/v1/open-close/AAA/tomorrow', 400);
  });

  test('exist, or are rejected as not entitled, for every address of the vendor’s client', async () => {
    const paths = await vendorPaths();
    assert.ok(paths.length > 100, `${paths.length} paths`);
    const unknown: string[] = [];
    for (const path of paths) {
      const filled = path
        .replaceAll(/\{(date|from|to)\}/g, '2024-06-07')
        .replace('{multiplier}', '1')
        .replace('{timespan}', 'minute')
        .replace('{direction}', 'gainers')
        .replaceAll(/\{\w+\}/g, 'O:AAA');
      const response = await http.get(filled);
      const body = (await response.json()) as { code?: string };
      if (body.code === 'route-unknown' || (body.code === 'not-found' && !HAVE.has(path))) unknown.push(path);
      if (response.status !== 403) continue;
      await assertVendorShape(path, 403, body);
      assert.equal(body.code, 'not-entitled');
    }
    assert.deepEqual(unknown, []);
  });
});

test('a lake without bars says how to get some, and that a retry makes sense', async () => {
  await using http = await openHttpApp({ isEmpty: true });
  for (const path of [
    '/v2/aggs/ticker/AAA/range/1/day/2024-01-01/2024-12-31',
    '/v2/aggs/ticker/AAA/prev',
    '/v1/open-close/AAA/2024-06-07',
    '/v1/indicators/sma/AAA',
  ]) {
    const response = await http.get(path);
    const body = await response.json();
    assert.equal(response.status, 503, path);
    assert.ok(Number(response.headers.get('retry-after')) > 0);
    await assertVendorShape(PREVIOUS, 503, body as object);
    assert.equal((body as { code: string }).code, 'lake-empty');
  }
  assert.equal((await http.get('/v3/trades/AAA')).status, 403);
});

/** Addresses that are there, though not for the symbol that the test asks for. */
const HAVE: ReadonlySet<string> = new Set([
  '/v2/snapshot/locale/us/markets/stocks/tickers/{stocksTicker}',
  '/v3/reference/tickers/{ticker}',
  '/vX/reference/tickers/{id}/events',
]);
