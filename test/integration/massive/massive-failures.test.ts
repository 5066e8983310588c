import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '#adapters/system/clock.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { bar, calendar, failure, session, useMassiveServer } from './massive-server.ts';

/** Requests that the vendor delays, rejects or answers badly. */

describe('a source over HTTP', () => {
  const massive = useMassiveServer();

  test('429 is waited for as it says, 5xx, resets and cut bodies are tried again', async () => {
    const startMs = massive.clock.nowMs();
    massive.server.faults.push({ kind: 'status', status: 429, retryAfter: '7' });
    assert.equal((await massive.source().bars(session)).kind, 'bars');
    assert.equal(massive.clock.nowMs() - startMs, 7000);
    massive.server.faults.push({
      kind: 'status',
      status: 503,
      retryAfter: new Date(massive.clock.nowMs() + 9000).toUTCString(),
    });
    assert.equal((await massive.source().bars(session)).kind, 'bars');
    assert.equal(massive.clock.nowMs() - startMs, 16_000);
    massive.server.faults.push({ kind: 'status', status: 503 }, { kind: 'reset' }, { kind: 'cut-body' });
    assert.equal((await massive.source().bars(session)).kind, 'bars');
    massive.server.faults.push({ kind: 'body', text: '<html>' }, { kind: 'silence' });
    assert.equal((await massive.source({ timeoutMs: 2000 }).bars(session)).kind, 'bars');
  });

  test('a body that never ends is given up in time, and asked for again', async () => {
    massive.server.faults.push({ kind: 'endless-body' });
    assert.equal((await massive.source({ timeoutMs: 2000 }).bars(session)).kind, 'bars');
    assert.equal(massive.server.requests.length, 2);
  });

  test('what one request was told to wait, all others wait too', async () => {
    const atMs: number[] = [];
    massive.server.onRequest = () => atMs.push(massive.clock.nowMs());
    const one = massive.source();
    const startMs = massive.clock.nowMs();
    massive.server.faults.push({ kind: 'status', status: 429, retryAfter: '30' });
    await one.bars(session);
    assert.deepEqual(atMs, [startMs, startMs + 30_000]);
    atMs.length = 0;
    massive.server.faults.push({ kind: 'status', status: 429, retryAfter: '30' });
    const first = one.bars(session);
    const paused = new Promise<void>((resolve) => {
      massive.server.onRequest = () => {
        atMs.push(massive.clock.nowMs());
        resolve();
      };
    });
    await paused;
    await first;
    await one.bars(session);
    assert.ok((atMs[1] ?? 0) - (atMs[0] ?? 0) >= 30_000, 'nobody asked before the time was over');
  });

  test('who waits for the budget when the vendor asks for rest waits for that too', async () => {
    // In real time: on the virtual clock the rest of one is over before another one is looked at.
    const atMs: number[] = [];
    massive.server.onRequest = () => atMs.push(performance.now());
    const waits = [0, 1000];
    const grants = { take: () => waits.shift() ?? 0 };
    const one = massive.source({ clock: systemClock, requestsPerMinute: 1, grants, timeoutMs: 5000 });
    massive.server.faults.push({ kind: 'status', status: 429, retryAfter: '2' });
    await Promise.all([one.bars(session), one.bars(session)]);
    assert.equal(atMs.length, 3);
    const [refused = 0, next = 0] = atMs;
    assert.ok(next - refused >= 1990, `asked ${Math.round(next - refused)} ms after it was asked to wait for 2000`);
  });

  test('a vendor that asks for an hour of rest gets it', async () => {
    const resting = massive.source();
    massive.server.faults.push({ kind: 'status', status: 429, retryAfter: '3600' });
    const error = await failure(resting.bars(session));
    assert.equal(error.kind, 'transient');
    assert.match(error.message, /rate-limited; retry after 3600 s/);
    assert.match((await failure(resting.bars(session))).message, /rate-limited/);
    assert.equal(massive.server.requests.length, 1);
    massive.clock.move(3_600_000);
    assert.equal((await resting.bars(session)).kind, 'bars');
  });

  test('429 without a word on how long is waited for in the vendor’s measure, a part of a minute', async () => {
    const startMs = massive.clock.nowMs();
    massive.server.faults.push({ kind: 'status', status: 429 });
    await massive.source().bars(session);
    assert.ok(massive.clock.nowMs() - startMs >= 7_500, `${massive.clock.nowMs() - startMs} ms`);
  });

  test('a vendor that stays down is a transient failure, after a bounded number of tries', async () => {
    massive.server.faults.push(...Array.from({ length: 4 }, () => ({ kind: 'status', status: 500 }) as const));
    const error = await failure(massive.source().bars(session));
    assert.equal(error.code, 'massive-unavailable');
    assert.equal(error.kind, 'transient');
    assert.equal(massive.server.requests.length, 4);
  });

  test('after many failures the vendor is left alone for a minute', async () => {
    massive.server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'reset' }) as const));
    const down = massive.source();
    await failure(down.bars(session));
    await failure(down.bars(session));
    const asked = massive.server.requests.length;
    assert.match((await failure(down.bars(session))).message, /no requests for a minute/);
    assert.equal(massive.server.requests.length, asked);
    massive.clock.move(61_000);
    assert.equal((await down.bars(session)).kind, 'bars');
  });

  test('a wrong key is said at once, never tried again, and never shown', async () => {
    const error = await failure(massive.source({ apiKey: 'a-wrong-secret-key' }).bars(session));
    assert.equal(error.code, 'massive-key-wrong');
    assert.equal(massive.server.requests.length, 1);
    assert.ok(!error.message.includes('a-wrong-secret-key'));
    assert.match(error.message, /MASSIVE_API_KEY/);
    const known = massive.source({ apiKey: 'a-wrong-secret-key' });
    await failure(known.bars(session));
    await failure(known.splits(session));
    assert.equal(massive.server.requests.length, 2, 'a key that is known to be wrong is not sent again');
  });

  test('an address that sends its callers elsewhere is named at once, and the key is not sent there', async () => {
    massive.server.faults.push({ kind: 'status', status: 301, location: `${massive.server.url}/elsewhere` });
    const error = await failure(massive.source().bars(session));
    assert.deepEqual([error.code, error.kind], ['massive-moved', 'permanent']);
    assert.match(error.message, /CONDVEST_MASSIVE_URL/);
    assert.equal(massive.server.requests.length, 1);
  });

  test('a next page on another server is refused, and nothing is requested there', async () => {
    for (const address of [
      'https://evil.example/v3/x?cursor=1',
      '//evil.example/x',
      'https://api.massive.com:8443/x',
    ]) {
      massive.server.faults.push({
        kind: 'body',
        text: JSON.stringify({ status: 'OK', results: [], next_url: address }),
      });
      const asked = massive.server.requests.length;
      const error = await failure(massive.source().symbols({ session, delisted: false }));
      assert.deepEqual([error.code, error.kind], ['massive-next-url-foreign', 'permanent'], address);
      assert.match(error.message, /CONDVEST_MASSIVE_URL/);
      assert.equal(massive.server.requests.length, asked + 1, address);
    }
  });

  test('403 on a young session is "not yet", on an old one the horizon of the plan', async () => {
    massive.server.faults.push({ kind: 'status', status: 403 });
    assert.equal((await massive.source().bars(session)).kind, 'beyond-plan');
    massive.clock = new VirtualClock(calendar.closeMs(session) + 60_000);
    massive.server.faults.push({ kind: 'status', status: 403 });
    assert.equal((await massive.source().bars(session)).kind, 'not-yet');
  });

  test('a reply with fewer rows than it promises is no reply', async () => {
    const text = JSON.stringify({ status: 'OK', resultsCount: 5, results: [bar('AAA', 11)] });
    massive.server.faults.push({ kind: 'body', text }, { kind: 'body', text });
    assert.equal((await failure(massive.source().bars(session))).code, 'massive-reply-truncated');
    massive.server.faults.push({ kind: 'body', text: '{"status":"OK"}' }, { kind: 'body', text: '{"status":"OK"}' });
    assert.match((await failure(massive.source().bars(session))).message, /resultsCount/);
    massive.server.faults.push(
      { kind: 'body', text: '{"status":"ERROR"}' },
      { kind: 'body', text: '{"status":"ERROR"}' },
    );
    assert.match((await failure(massive.source().splits(session))).message, /status/);
  });

  test('a reply of another shape names the field at fault', async () => {
    const text = JSON.stringify({ status: 'OK', results: [{ name: 'no ticker' }] });
    massive.server.faults.push({ kind: 'body', text }, { kind: 'body', text });
    const error = await failure(massive.source().symbols({ session, delisted: false }));
    assert.equal(error.code, 'massive-reply-invalid');
    assert.match(error.message, /results\.0\.ticker/);
  });

  test('no minute has more requests than the budget, retries among them', async () => {
    const atMs: number[] = [];
    massive.server.onRequest = () => atMs.push(massive.clock.nowMs());
    const limited = massive.source({ requestsPerMinute: 5 });
    massive.server.faults.push({ kind: 'status', status: 500 }, { kind: 'status', status: 429 });
    for (let request = 0; request < 17; request += 1) await limited.bars(session);
    assert.equal(atMs.length, 19);
    for (const [index, at] of atMs.entries()) {
      const within = atMs.filter((other) => other >= at && other < at + 60_000).length;
      assert.ok(within <= 5, `${within} requests within a minute of request ${index}`);
    }
  });
});
