import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHttpApp } from '#test/fixtures/http-app.ts';

test('an address that the vendor has replaced is not found, and names the one to use', async () => {
  await using http = await openHttpApp({ isEmpty: true });
  for (const [path, by] of [
    ['/v1/meta/symbols/AAPL/company', '/v3/reference/tickers/{ticker}'],
    ['/v1/historic/agg/day/AAPL?from=2018-01-01', '/v2/aggs/ticker/{ticker}/range'],
    ['/v1/historic/trades/AAPL/2018-02-02?limit=100', '/v3/trades/{ticker}'],
    ['/v2/reference/tickers?search=apple', '/v3/reference/tickers'],
    ['/v2/reference/splits/AAPL', '/v3/reference/splits?ticker={ticker}'],
    ['/vX/reference/tickers/AAPL', '/v3/reference/tickers/{ticker}'],
    ['/v2/reference/financials/AAPL', '/stocks/financials/v1/income-statements'],
  ] as const) {
    const response = await http.get(path);
    const body = (await response.json()) as { status: string; code: string; error: string; message: string };
    assert.deepEqual([response.status, body.status, body.code], [404, 'NOT_FOUND', 'not-found'], path);
    assert.ok(body.error.includes(`Use ${by}`) && body.error === body.message, body.error);
  }
  const events = await http.get('/vX/reference/tickers/AAPL/events');
  assert.doesNotMatch(await events.text(), /replaced/, 'an address that is still in use');
  const statements = await http.get('/vX/reference/financials?ticker=AAPL');
  assert.equal(statements.status, 403, 'clients of today still ask for it, and it is not offered');
});
