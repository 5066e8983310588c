import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { systemTimers } from '#adapters/system/timers.ts';
import { addDays } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { newYorkAt, newYorkInstant } from '#market/calendar/new-york.ts';
import type { Keys } from '#ports/keys.ts';
import { hostRules } from '#serving/http/gate/hosts.ts';
import { digestOf, KeyRing } from '#serving/http/gate/key-ring.ts';
import { VersionedCache } from '#serving/read/versioned-cache.ts';
import { Views } from '#serving/read/view.ts';
import { gated, HOST } from '#test/fixtures/gated-app.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { PROVISIONAL } from '#test/fixtures/http-market.ts';

/**
 * An address asked again in the same state of the data is answered from the cache before any route is run. Nothing but its
 * speed may tell such an answer from one that was worked out.
 */

const PATH = '/v2/aggs/ticker/AAA/range/1/day/2025-01-02/2026-12-31?limit=50000';

test('a repeated request gets the same bytes and headers, and revalidates', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  const first = await gate.ask(PATH);
  const again = await gate.ask(PATH);
  assert.equal(await again.text(), await first.text());
  for (const name of ['etag', 'cache-control', 'vary', 'content-type', 'content-security-policy'])
    assert.equal(again.headers.get(name), first.headers.get(name), name);
  assert.notEqual(again.headers.get('x-request-id'), first.headers.get('x-request-id'));
  const etag = first.headers.get('etag') ?? '';
  const unchanged = await gate.ask(PATH, { headers: { 'if-none-match': etag } });
  assert.deepEqual([unchanged.status, await unchanged.text(), unchanged.headers.get('etag')], [304, '', etag]);
  const packed = await gate.ask(PATH, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.ok((http.serving.cache.stats.get('responses')?.hits ?? 0) >= 2);
});

test('a commit is visible within a second, even at an address that was just requested', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  const read = async (): Promise<string> => {
    await http.serving.views.current();
    const text = await (await gate.ask(PATH)).text();
    assert.equal(await (await gate.ask(PATH)).text(), text);
    return text;
  };
  const before = await read();
  await http.commitBars([PROVISIONAL], { shift: 0.5 });
  const corrected = await read();
  assert.notEqual(corrected, before);
  await http.commitNextSession();
  http.clock.move(1000);
  const countOf = (text: string): number => (JSON.parse(text) as { resultsCount: number }).resultsCount;
  assert.equal(countOf(await read()), countOf(corrected) + 1);
});

test('a new live bar is visible at once', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  const session = http.calendar.next(http.calendar.lastClosedSession(http.clock.nowMs()));
  http.clock.move(http.calendar.openMs(session) + 3_600_000 - http.clock.nowMs());
  const before = await (await gate.ask(PATH)).text();
  assert.equal(await (await gate.ask(PATH)).text(), before);
  http.live.set({
    symbol: 'AAA',
    session,
    open: 10,
    high: 12,
    low: 9,
    close: 11,
    volume: 100,
    vwap: null,
    trades: null,
    updatedMs: http.clock.nowMs(),
  });
  assert.notEqual(await (await gate.ask(PATH)).text(), before);
});

test('the gate rejects what it must, even at an address that was just requested', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  for (let i = 0; i < 2; i += 1) assert.equal((await gate.ask(PATH)).status, 200);
  assert.equal((await gate.ask(PATH, { headers: { host: 'evil.example' } })).status, 421);
  assert.equal((await gate.ask(PATH, { headers: { origin: 'https://evil.example' } })).status, 403);
  assert.equal((await gate.ask(PATH, { method: 'DELETE' })).status, 405);
});

test('a response from the cache is counted and logged like any other', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  for (let i = 0; i < 3; i += 1) await gate.ask(`${PATH}&apiKey=secret`);
  const [first, , last] = gate.log;
  assert.deepEqual({ ...last, requestId: '' }, { ...first, requestId: '' });
  assert.ok(last?.url.endsWith('&apiKey=hidden'));
  const metrics = await (await gate.ask('/metrics')).text();
  assert.match(metrics, /_count\{route="\/v2\/aggs\/[^"]*",method="GET",status="2xx"\} 3\n/);
  assert.match(metrics, /condvest_cache_lookups_total\{kind="responses",result="hit"\} 2\n/);
  assert.match(metrics, /condvest_cache_lookups_total\{kind="responses",result="miss"\} 1\n/);
  assert.match(metrics, /condvest_http_requests_running 1\n/);
});

test('a repeated request is answered without waiting for anything, compressed or not', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  await http.serving.views.current();
  for (const encoding of ['identity', 'gzip']) {
    const headers = { 'accept-encoding': encoding };
    const first = await gate.ask(PATH, { headers });
    const again = gate.fetch(new Request(`http://${HOST}${PATH}`, { headers: { host: HOST, ...headers } }), {});
    assert.ok(again instanceof Response, encoding);
    assert.deepEqual(await again.arrayBuffer(), await first.arrayBuffer());
    assert.equal(again.headers.get('content-encoding'), encoding === 'gzip' ? 'gzip' : null);
  }
});

test('a response that depends on the time of day changes with it, though no data does', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  const closeMs = http.calendar.closeMs(http.calendar.next(http.calendar.lastClosedSession(http.clock.nowMs())));
  http.clock.move(closeMs - 100 - http.clock.nowMs());
  const ask = async (path: string): Promise<string> => (await gate.ask(path)).text();
  for (const path of ['/condvest/v1/sessions?limit=1', '/v3/snapshot?ticker.any_of=AAA']) {
    await http.serving.views.current();
    const before = await ask(path);
    assert.equal(await ask(path), before);
    http.clock.move(200);
    assert.notEqual(await ask(path), before, path);
    http.clock.move(-200);
  }
});

test('a response about today changes at midnight in New York', async () => {
  await using http = await openHttpApp();
  const gate = gated(http.serving);
  const midnightMs = newYorkInstant(addDays(newYorkAt(http.clock.nowMs()).date, 1), 0);
  http.clock.move(midnightMs - 100 - http.clock.nowMs());
  await http.serving.views.current();
  const etags: (string | null)[] = [];
  for (const moveMs of [0, 50, 100]) {
    http.clock.move(moveMs);
    etags.push((await gate.ask(PATH)).headers.get('etag'));
  }
  assert.equal(etags[1], etags[0]);
  assert.notEqual(etags[2], etags[0]);
});

test('a key is required, and its limit counts, even at an address that was just requested', async () => {
  await using http = await openHttpApp();
  await gated(http.serving).ask(PATH);
  const id = 'abcdefabcdef';
  const key = `cvk_${id}_${'k'.repeat(43)}`;
  const stored = {
    ...{ id, name: 'one', digest: digestOf(key), scopes: ['read'], requestsPerMinute: 3, requestsPerDay: null },
    ...{ createdMs: 0, lastUsedMs: null, revokedMs: null, usedDay: null, usedRequests: 0 },
  };
  const keys = { findKey: async (asked: string) => (asked === id ? stored : undefined) } as unknown as Keys;
  const gate = gated(http.serving, { keys: new KeyRing({ keys, clock: http.clock, timers: systemTimers }) });
  assert.equal((await gate.ask(PATH)).status, 401);
  const { hits = 0, misses = 0 } = http.serving.cache.stats.get('responses') ?? {};
  const statuses: number[] = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await gate.ask(`${PATH}&apiKey=${key}`)).status);
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  const { hits: hitsAfter, misses: missesAfter } = http.serving.cache.stats.get('responses') ?? {};
  assert.deepEqual([hitsAfter, missesAfter], [hits + 3, misses]);
  assert.deepEqual(
    gate.log.map(({ caller }) => caller),
    ['', 'one', 'one', 'one', ''],
  );
});

test('a view is served while it is refreshed, and never once it is stale', async () => {
  await using http = await openHttpApp();
  const { views } = http.serving;
  const first = await views.current();
  await http.commitNextSession();
  const second = await views.current();
  assert.notEqual(second, first, 'older than a second');
  http.clock.move(300);
  assert.equal(await views.current(), second);
});

test('behind a proxy, links use the origin that each caller came by', async () => {
  await using http = await openHttpApp({ deps: { trustProxy: true } });
  const hosts = hostRules({ bind: '127.0.0.1', port: 8787, names: ['a.example', 'b.example'], publicUrl: undefined });
  const gate = gated(http.serving, { hosts });
  const next = async (name: string): Promise<string> => {
    const headers = { 'x-forwarded-host': name, 'x-forwarded-proto': 'https' };
    const answer = await gate.ask('/v2/aggs/ticker/AAA/range/1/day/2025-01-02/2025-12-31?limit=9', { headers });
    return ((await answer.json()) as { next_url: string }).next_url;
  };
  for (const name of ['a.example', 'b.example', 'a.example'])
    assert.equal(new URL(await next(name)).origin, `https://${name}`);
});

test('only a few earlier states are opened at once, each of them once', async () => {
  await using http = await openHttpApp();
  const { serving, lake } = http;
  const opened = { now: 0, most: 0, all: 0 };
  const twoAreOpen = Promise.withResolvers<void>();
  const mayGoOn = Promise.withResolvers<void>();
  const counting = Object.create(lake.test.lake, {
    table: {
      value: (definition: typeof DAILY_BARS) => {
        const table = lake.test.lake.table(definition);
        if (definition !== DAILY_BARS) return table;
        return {
          at: async (at: { asOfMs: number }) => {
            opened.all += 1;
            opened.now += 1;
            opened.most = Math.max(opened.most, opened.now);
            if (opened.now === 2) twoAreOpen.resolve();
            await mayGoOn.promise;
            const snapshot = await table.at(at);
            opened.now -= 1;
            return snapshot;
          },
        };
      },
    },
  }) as Lake;
  const views = new Views({
    lake: counting,
    calendar: serving.calendar,
    clock: http.clock,
    intervals: serving.intervals,
    cache: new VersionedCache(1e6),
  });
  const hourAgo = http.clock.nowMs() - 3_600_000;
  const instants = Array.from({ length: 40 }, (_, i) => hourAgo + (i % 10));
  const asked = Promise.all(instants.map((ms) => views.asOf(ms)));
  await twoAreOpen.promise;
  await setTimeout(100); // a third would come now
  mayGoOn.resolve();
  const found = await asked;
  assert.equal(new Set(found).size, 10);
  assert.deepEqual(opened, { now: 0, most: 2, all: 10 });
  const many = Array.from({ length: 400 }, (_, i) => views.asOf(hourAgo - i).catch((error: unknown) => error));
  const refused = (await Promise.all(many)).filter((one) => one instanceof Error);
  assert.ok(refused.length > 100 && refused.every((error) => (error as { code?: string }).code === 'server-busy'));
});
