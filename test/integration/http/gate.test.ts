import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { UsageError } from '#base/errors.ts';
import type { Serving } from '#serving/http/serving.ts';
import { type Gated, gated, HOST } from '#test/fixtures/gated-app.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

async function refused(response: Response, status: number, code: string): Promise<string> {
  const body = (await response.json()) as Record<string, string>;
  assert.deepEqual([response.status, body.code], [status, code], JSON.stringify(body));
  assert.equal(body.error, body.message);
  assert.equal(response.headers.get('x-request-id'), body.request_id);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  return body.message ?? '';
}

describe('the gate', () => {
  let http: HttpApp;
  let gate: Gated;
  before(async () => {
    http = await openHttpApp();
    gate = gated(http.serving);
  });
  after(() => http[Symbol.asyncDispose]());

  test('admits this machine, and sends the security headers with every response', async () => {
    for (const path of ['/condvest/v1/status', '/condvest/v1/bars/AAA', '/healthz', '/']) {
      const response = await gate.ask(path);
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', path);
      assert.equal(response.headers.get('referrer-policy'), 'no-referrer', path);
      assert.match(response.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
      assert.equal(response.headers.get('access-control-allow-origin'), null, path);
      assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/, path);
      // TLS is for whoever stands in front to promise.
      assert.equal(response.headers.get('strict-transport-security'), null, path);
    }
  });

  test('rejects a host name that is not its own before anything else', async () => {
    const message = await refused(
      await gate.ask('/condvest/v1/status', { headers: { host: 'evil.example:8787' } }),
      421,
      'host-refused',
    );
    assert.match(message, /evil\.example.*CONDVEST_SERVE_HOSTS/);
    await refused(await gate.ask('/healthz', { headers: { host: 'evil.example' } }), 421, 'host-refused');
  });

  test('rejects a request line that names another host than its header', async () => {
    const request = new Request('http://evil.example/condvest/v1/sessions?limit=1', { headers: { host: HOST } });
    await refused(await gate.fetch(request, {}), 421, 'host-refused');
  });

  test('rejects a proxied request on a server that admits only its own machine', async () => {
    for (const name of ['x-forwarded-for', 'forwarded'])
      await refused(await gate.ask('/healthz', { headers: { [name]: 'for=203.0.113.7' } }), 421, 'host-refused');
  });

  test('gives a page of another origin nothing, and lets it change nothing', async () => {
    const foreign = { origin: 'https://evil.example' };
    for (const init of [
      { headers: foreign },
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } },
      { method: 'POST', body: '{}', headers: { ...foreign, 'content-type': 'application/json' } },
      { method: 'POST', body: '{}', headers: { origin: 'null', 'content-type': 'application/json' } },
    ]) {
      const response = await gate.ask('/condvest/v1/runs', init);
      assert.equal(response.headers.get('access-control-allow-origin'), null);
      await refused(response, 403, 'origin-refused');
    }
    const asked = await gate.ask('/condvest/v1/runs', {
      method: 'OPTIONS',
      headers: { ...foreign, 'access-control-request-method': 'POST' },
    });
    assert.equal(asked.headers.get('access-control-allow-origin'), null);
    await refused(asked, 403, 'origin-refused');
  });

  test('lets a link from elsewhere open the page but no data, as a frame could do the same', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    for (const path of ['/', '/condvest/docs']) assert.equal((await gate.ask(path, { headers })).status, 200, path);
    for (const path of ['/condvest/v1/status', '/v2/aggs/ticker/AAA/prev', '/condvest/v1/export/bronze/daily_bars'])
      await refused(await gate.ask(path, { headers }), 403, 'origin-refused');
  });

  test('lets its own page do everything', async () => {
    const response = await gate.ask('/condvest/v1/status', { headers: { origin: `http://${HOST}` } });
    assert.equal(response.status, 200);
  });

  test('requires JSON for a change, which a form on another page cannot send', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      await refused(
        await gate.ask('/condvest/v1/runs', { method: 'POST', body: '{}', headers: { 'content-type': type } }),
        415,
        'body-not-json',
      );
    await refused(await gate.ask('/condvest/v1/runs', { method: 'POST' }), 415, 'body-not-json');
  });

  test('rejects an address that is too long and a body that is too large', async () => {
    await refused(await gate.ask(`/${'a'.repeat(9000)}`), 414, 'url-too-long');
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({ session: 'x'.repeat(http.serving.limits.bodyBytes) });
    const declared = { ...json, 'content-length': String(body.length) };
    await refused(await gate.ask('/condvest/v1/runs', { method: 'POST', headers: declared }), 413, 'body-too-large');
    // Without a length, as a chunked body has none, it is counted while it is read.
    const stream = new Blob([body]).stream();
    const chunked = { method: 'POST', headers: json, body: stream, duplex: 'half' } as RequestInit;
    await refused(await gate.ask('/condvest/v1/runs', chunked as never), 413, 'body-too-large');
    await refused(await gate.ask('/healthz', { headers: { 'content-length': '99999999' } }), 413, 'body-too-large');
  });

  test('answers an unsupported method with the supported ones', async () => {
    const response = await gate.ask('/condvest/v1/status', { method: 'DELETE' });
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
    await refused(response, 405, 'method-not-allowed');
    await refused(await gate.ask('/condvest/v1/status', { method: 'PROPFIND' }), 405, 'method-not-allowed');
    const options = await gate.ask('/condvest/v1/status', { method: 'OPTIONS' });
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, OPTIONS']);
  });

  test('answers HEAD like GET, without a body', async () => {
    const response = await gate.ask('/condvest/v1/bars/AAA', { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
    assert.notEqual(response.headers.get('etag'), null);
  });

  test('answers an unknown address with JSON under the API, and with the page elsewhere', async () => {
    await refused(await gate.ask('/v2/nothing'), 404, 'not-found');
    await refused(await gate.ask('/nothing.js'), 404, 'not-found');
    await refused(await gate.ask('/nothing'), 404, 'not-found');
    const page = await gate.ask('/nothing', { headers: { accept: 'text/html' } });
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/);
  });

  test('keeps keys out of the log', async () => {
    gate.log.length = 0;
    await gate.ask('/condvest/v1/status?apiKey=secret-1&limit=2&api_key=secret-2', {
      headers: { authorization: 'Bearer secret-3' },
    });
    const [record] = gate.log;
    assert.ok(!JSON.stringify(record).includes('secret'));
    assert.equal(record?.url, '/condvest/v1/status?apiKey=hidden&limit=2&api_key=hidden');
    assert.deepEqual(
      [record?.route, record?.status, record?.caller, record?.method],
      ['/condvest/v1/status', 200, 'local', 'GET'],
    );
  });

  test('keeps the number of metric series small, whatever is requested', async () => {
    for (let i = 0; i < 50; i += 1) {
      await gate.ask(`/condvest/v1/bars/MADE${i}`);
      await gate.ask(`/nothing-${i}`);
      await gate.ask('/', { method: `ODD${i}` });
    }
    const text = await (await gate.ask('/metrics')).text();
    assert.ok(!text.includes('MADE') && !text.includes('ODD') && !text.includes('nothing-'));
    assert.match(
      text,
      /condvest_http_request_duration_seconds_count\{route="\/condvest\/v1\/bars\/:symbol",method="GET",status="4xx"\} 50/,
    );
    assert.match(text, /condvest_http_request_duration_seconds_count\{route="none",method="OTHER",status="4xx"\} 5\d/);
    assert.match(text, /condvest_cache_lookups_total\{kind="published_sessions",result="hit"\} \d+/);
    assert.match(text, /condvest_table_version\{table="bronze\/daily_bars"\} \d+/);
    assert.match(text, /condvest_ready \d/);
  });

  test('admits only the origins that the operator named', async () => {
    const named = gated(http.serving, { cors: ['https://pro.example.com'] });
    const mine = { origin: 'https://pro.example.com' };
    const response = await named.ask('/condvest/v1/bars/AAA', { headers: mine });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('access-control-allow-origin'), 'https://pro.example.com');
    assert.match(response.headers.get('vary') ?? '', /Origin/);
    const asked = await named.ask('/condvest/v1/runs', {
      method: 'OPTIONS',
      headers: { ...mine, 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' },
    });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get('access-control-allow-origin'), 'https://pro.example.com');
    assert.match(asked.headers.get('access-control-allow-headers') ?? '', /Authorization/);
    assert.equal(asked.headers.get('access-control-allow-private-network'), 'true');
    // Errors too: a page that may use the server may know why it was refused.
    const unknown = await named.ask('/v2/nothing', { headers: mine });
    assert.equal(unknown.headers.get('access-control-allow-origin'), 'https://pro.example.com');
    await refused(
      await named.ask('/condvest/v1/status', { headers: { origin: 'https://other.example.com' } }),
      403,
      'origin-refused',
    );
  });

  test('lets only named origins change anything, even where every origin may read', async () => {
    const open = gated(http.serving, { cors: ['*'] });
    const other = { origin: 'https://other.example.com', 'content-type': 'application/json' };
    const response = await open.ask('/condvest/v1/bars/AAA', { headers: other });
    assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [200, '*']);
    assert.equal(response.headers.get('cross-origin-resource-policy'), 'cross-origin');
    await refused(
      await open.ask('/condvest/v1/runs', { method: 'POST', body: '{}', headers: other }),
      403,
      'origin-refused',
    );
  });

  test('keeps a request id only from a trusted proxy', async () => {
    const id = 'a-proxy-gave-this-1';
    const mine = await gate.ask('/healthz', { headers: { 'x-request-id': id } });
    assert.notEqual(mine.headers.get('x-request-id'), id);
    const proxied = gated({ ...http.serving, trustProxy: true }, {});
    assert.equal((await proxied.ask('/healthz', { headers: { 'x-request-id': id } })).headers.get('x-request-id'), id);
    const odd = await proxied.ask('/healthz', { headers: { 'x-request-id': 'no spaces, please' } });
    assert.match(odd.headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/);
    await refused(
      await proxied.ask('/healthz', { headers: { 'x-forwarded-host': 'evil.example' } }),
      421,
      'host-refused',
    );
  });

  test('sends its headers with a route’s error too', async () => {
    const broken = gated({
      ...http.serving,
      operations: {
        ...http.serving.operations,
        status: () => Promise.reject(new UsageError({ code: 'x', message: 'Broken' })),
      },
    });
    await refused(await broken.ask('/condvest/v1/status'), 400, 'x');
  });
});

describe('readiness', () => {
  const ready = async (serving: Serving): Promise<[number, Record<string, unknown>]> => {
    const response = await gated(serving).ask('/readyz');
    return [response.status, (await response.json()) as Record<string, unknown>];
  };

  test('is denied for an empty lake', async () => {
    await using http = await openHttpApp({ isEmpty: true });
    const [status, body] = await ready(http.serving);
    assert.deepEqual([status, body.reason, body.last_published], [503, 'The lake is empty', null]);
    assert.equal((await gated(http.serving).ask('/healthz')).status, 200);
  });

  test('holds until the lake lacks a session that is due', async () => {
    await using http = await openHttpApp();
    const [status, body] = await ready(http.serving);
    assert.deepEqual([status, body.reason, body.status], [200, null, 'ready']);
    const last = http.calendar.lastClosedSession(http.clock.nowMs());
    const next = http.calendar.next(last);
    // Until eleven o'clock on the session after, the vendor may still be late.
    http.clock.move(http.calendar.settlesAtMs(next) - 1 - http.clock.nowMs());
    assert.equal((await ready(http.serving))[0], 200);
    http.clock.move(1);
    const [stale, why] = await ready(http.serving);
    assert.equal(stale, 503);
    assert.equal(why.reason, `The last session published is ${last}, and ${next} is due`);
    await http.commitBars([next]);
    assert.equal((await ready(http.serving))[0], 200);
  });

  test('is denied during the build, and while the store is unavailable', async () => {
    const building = { startedMs: 0, steps: [], error: null };
    await using http = await openHttpApp();
    const { serving } = http;
    const [status, body] = await ready({ ...serving, operations: { ...serving.operations, building: () => building } });
    assert.deepEqual([status, body.reason], [503, 'The lake is being built']);
    const away = (): Promise<never> =>
      Promise.reject(new UsageError({ code: 'operations-unavailable', message: 'Away' }));
    const [gone, why] = await ready({ ...serving, operations: { ...serving.operations, runs: away } });
    assert.deepEqual([gone, why.reason], [503, 'The store of runs and keys cannot be reached']);
  });
});
