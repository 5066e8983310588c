import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { VersionedCache } from '#serving/read/versioned-cache.ts';
import { gated, HOST } from '#test/fixtures/gated-app.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

let http: HttpApp;
before(async () => {
  http = await openHttpApp();
});
after(() => http[Symbol.asyncDispose]());

const AAA = '/v2/aggs/ticker/AAA/range/1/day/2024-01-02/2026-06-30';

test('a response is revalidated by the versions it was made from, and a commit changes its tag', async () => {
  const first = await http.get(AAA);
  assert.equal(first.status, 200);
  const etag = first.headers.get('etag') ?? '';
  assert.match(etag, /^W\/"[0-9a-f]{32}"$/);
  assert.match(first.headers.get('cache-control') ?? '', /must-revalidate/);
  assert.doesNotMatch(first.headers.get('cache-control') ?? '', /immutable/);
  const bytes = await first.text();
  assert.equal(await (await http.get(AAA)).text(), bytes, 'the same state of the lake gives the same bytes');

  const unchanged = await http.get(AAA, { 'if-none-match': etag });
  assert.equal(unchanged.status, 304);
  assert.equal(await unchanged.text(), '');
  assert.equal(unchanged.headers.get('etag'), etag);
  for (const other of [etag.replace('W/', ''), `"x", ${etag}`, '*'])
    assert.equal((await http.get(AAA, { 'if-none-match': other })).status, 304, other);
  assert.equal((await http.get(AAA, { 'if-none-match': '"x"' })).status, 200);

  await http.commitNextSession();
  // A second at the most, by the server's own clock.
  http.clock.move(1000);
  const later = await http.get(AAA, { 'if-none-match': etag });
  assert.equal(later.status, 200, 'a new commit is seen without a restart');
  assert.notEqual(later.headers.get('etag'), etag);
  const body = (await later.json()) as { resultsCount: number };
  assert.equal(body.resultsCount, (JSON.parse(bytes) as { resultsCount: number }).resultsCount + 1);
});

test('If-None-Match: * gets 304 only where there is a response', async () => {
  await using http = await openHttpApp();
  const any = { 'if-none-match': '*' };
  assert.equal((await http.get('/v1/open-close/AAA/2024-01-03', any)).status, 304);
  assert.equal((await http.get('/v1/open-close/NOPE/2024-01-03', any)).status, 404);
  assert.equal((await http.get('/condvest/v1/export/bronze/daily_bars?columns=price', any)).status, 400);
});

test('a response made with another calendar or other intervals has another tag', async () => {
  await using http = await openHttpApp();
  const tag = async (changed: object): Promise<string | null> => {
    const { app } = gated({ ...http.serving, cache: new VersionedCache(1e6), ...changed });
    const response = await app.request(`http://${HOST}/condvest/v1/bars/AAA?interval=21`, { headers: { host: HOST } });
    assert.equal(response.status, 200);
    return response.headers.get('etag');
  };
  const calendar = createCalendar({ lastYear: 2027, closures: [{ date: isoDate('2025-07-03'), name: 'storm' }] });
  const tags = [await tag({}), await tag({}), await tag({ calendar }), await tag({ intervals: [21] })];
  assert.equal(tags[0], tags[1]);
  assert.equal(new Set(tags).size, 3);
});

test('a response as of an instant is immutable and keeps its bytes whatever is committed later', async () => {
  const asOf = http.clock.nowMs();
  http.clock.move(3_600_000);
  const path = `${AAA}?as_of=${asOf}`;
  const first = await http.get(path);
  assert.match(first.headers.get('cache-control') ?? '', /immutable/);
  const bytes = await first.text();
  await http.commitBars(http.calendar.range('2025-12-22' as never, '2025-12-23' as never), {
    symbols: ['AAA'],
    shift: 1,
  });
  await http.commitCsv('splits-late.csv', 'symbol,ex_date,split_from,split_to\nAAA,2025-11-03,1,2\n');
  http.clock.move(1000);
  const again = await http.get(path);
  assert.equal(await again.text(), bytes);
  assert.equal(again.headers.get('etag'), first.headers.get('etag'));
  assert.notEqual(await (await http.get(AAA)).text(), bytes, 'the newest answer has changed meanwhile');
});

test('a response as of an instant that may still see commits is not immutable', async () => {
  const response = await http.get(`${AAA}?as_of=${http.clock.nowMs()}`);
  assert.equal(response.status, 200);
  assert.doesNotMatch(response.headers.get('cache-control') ?? '', /immutable/);
});

test('responses are compressed only for clients that accept it', async () => {
  const plain = await http.get(AAA);
  assert.equal(plain.headers.get('content-encoding'), null);
  const text = await plain.text();
  for (const accepts of ['gzip', 'br, gzip;q=0.5', 'deflate, gzip']) {
    const packed = await http.get(AAA, { 'accept-encoding': accepts });
    assert.equal(packed.headers.get('content-encoding'), 'gzip', accepts);
    assert.match(packed.headers.get('vary') ?? '', /Accept-Encoding/);
    assert.equal(gunzipSync(await packed.arrayBuffer()).toString(), text);
  }
  for (const accepts of ['identity', 'gzip;q=0', 'br'])
    assert.equal((await http.get(AAA, { 'accept-encoding': accepts })).headers.get('content-encoding'), null, accepts);
});

test('the key is not part of the request: no link contains it, and callers share the cache', async () => {
  const path = '/v2/aggs/ticker/AAA/range/1/day/2024-01-02/2025-12-31?limit=50';
  const open = await http.get(path);
  const text = await open.text();
  assert.match(text, /next_url/);
  for (const keyed of [`${path}&apiKey=secret-1`, path.replace('?', '?apiKey=secret-2&')]) {
    const response = await http.get(keyed);
    assert.equal(response.headers.get('etag'), open.headers.get('etag'));
    assert.equal(await response.text(), text);
  }
});

test('an empty lake is reported as empty, with when to retry', async () => {
  await using empty = await openHttpApp({ isEmpty: true });
  const response = await empty.get(AAA);
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '5');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.match(((await response.json()) as { message: string }).message, /no daily bars yet/);
});
