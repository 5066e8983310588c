import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { SqlStore } from '#adapters/sql/store.ts';
import { systemTimers } from '#adapters/system/timers.ts';
import { CondvestError } from '#base/errors.ts';
import type { Keys, NewKey } from '#ports/keys.ts';
import type { Timers } from '#ports/timers.ts';
import { digestOf, KeyRing } from '#serving/http/gate/key-ring.ts';
import { openSqlStore } from '#test/contract/sql-stores.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { type Gated, gated } from '#test/fixtures/gated-app.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

/** A server that needs keys: who gets in, and how much they may ask for. */

const PATH = '/condvest/v1/status';
const random = seededRandom(11);

interface Made {
  readonly key: string;
  readonly id: string;
}

describe('a server that needs keys', () => {
  let http: HttpApp;
  let folder: string;
  let store: SqlStore;
  let keys: Keys;
  let ring: KeyRing;
  let gate: Gated;
  let made = 0;
  before(async () => {
    http = await openHttpApp();
    folder = await mkdtemp(join(tmpdir(), 'condvest-gate-'));
    store = openSqlStore({ path: join(folder, 'operations.sqlite') }, random);
    keys = store.keys;
  });
  beforeEach(() => {
    ring = new KeyRing({ keys, clock: http.clock, timers: systemTimers });
    gate = gated(http.serving, { keys: ring, cors: ['*'] });
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await http[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function make(more: Partial<NewKey> = {}): Promise<Made> {
    made += 1;
    const id = made.toString(16).padStart(12, '0');
    const key = `cvk_${id}_${String(made).padStart(43, 'k')}`;
    await keys.createKey({
      id,
      name: `key ${made}`,
      digest: digestOf(key),
      scopes: ['read'],
      requestsPerMinute: null,
      requestsPerDay: null,
      createdMs: made,
      ...more,
    });
    return { key, id };
  }

  const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
  async function outcome(response: Response | Promise<Response>): Promise<[number, string | undefined]> {
    const settled = await response;
    const body = settled.status === 200 ? {} : ((await settled.json()) as { code?: string });
    return [settled.status, body.code];
  }

  test('ends an open stream when its key is revoked', async () => {
    const { key, id } = await make();
    let beat = (): void => {};
    const timers: Timers = {
      after: (_, run) => {
        beat = run;
        return () => {};
      },
    };
    const one = gated({ ...http.serving, timers }, { keys: ring });
    const response = await one.ask('/condvest/v1/runs/stream', bearer(key));
    const text = response.text();
    beat();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(http.serving.eventStreams.load.running, 1, 'a good key goes on');
    await keys.revokeKey(id, http.clock.nowMs());
    http.clock.move(4000);
    beat();
    assert.match(await text, /: still here/);
    assert.equal(http.serving.eventStreams.load.running, 0);
  });

  test('accepts a key in both of the vendor’s ways, and nothing without one', async () => {
    const { key } = await make();
    assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    assert.equal((await gate.ask(`${PATH}?apiKey=${key}`)).status, 200);
    const without = await gate.ask(PATH);
    assert.equal(without.headers.get('www-authenticate'), 'Bearer');
    assert.deepEqual(await outcome(without), [401, 'key-missing']);
    for (const wrong of [
      'nothing',
      `${key}x`,
      key.replace('kk', 'kj'),
      key.toUpperCase(),
      'cvk_ffffffffffff_'.padEnd(60, 'k'),
    ])
      assert.deepEqual(await outcome(gate.ask(PATH, bearer(wrong))), [401, 'key-unknown'], wrong);
  });

  test('leaves harmless routes open, so that the page can ask for a key', async () => {
    for (const path of ['/', '/healthz', '/readyz']) assert.equal((await gate.ask(path)).status, 200, path);
    assert.deepEqual(await outcome(gate.ask('/metrics')), [401, 'key-missing']);
    assert.deepEqual(await outcome(gate.ask('/v2/nothing')), [404, 'not-found']);
  });

  test('starts no run for a read-only key', async () => {
    const reader = await make();
    const admin = await make({ scopes: ['read', 'admin'] });
    const start = (key: string) =>
      gate.ask('/condvest/v1/runs', {
        method: 'POST',
        body: '{}',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      });
    assert.deepEqual(await outcome(start(reader.key)), [403, 'scope-missing']);
    assert.notEqual((await start(admin.key)).status, 403);
  });

  test('rejects a revoked key within seconds', async () => {
    const { key, id } = await make();
    assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    await keys.revokeKey(id, http.clock.nowMs());
    http.clock.move(3000);
    assert.deepEqual(await outcome(gate.ask(PATH, bearer(key))), [401, 'key-unknown']);
  });

  test('holds a key to its requests per minute, and says when to retry', async () => {
    const { key } = await make({ requestsPerMinute: 3 });
    for (let i = 0; i < 3; i += 1) assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    const refused = await gate.ask(PATH, bearer(key));
    assert.equal(refused.headers.get('retry-after'), '20');
    assert.deepEqual(await outcome(refused), [429, 'rate-limited']);
    http.clock.move(20_000);
    assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    assert.equal((await gate.ask(PATH, bearer(key))).status, 429);
  });

  test('keeps a daily budget across a restart, until midnight', async () => {
    const { key, id } = await make({ requestsPerDay: 5 });
    for (let i = 0; i < 3; i += 1) assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    await ring.flush();
    assert.equal((await keys.findKey(id))?.usedRequests, 3);
    const again = gated(http.serving, { keys: new KeyRing({ keys, clock: http.clock, timers: systemTimers }) });
    for (let i = 0; i < 2; i += 1) assert.equal((await again.ask(PATH, bearer(key))).status, 200);
    const refused = await again.ask(PATH, bearer(key));
    const midnightMs = 86_400_000 - (http.clock.nowMs() % 86_400_000);
    assert.equal(refused.headers.get('retry-after'), String(Math.ceil(midnightMs / 1000)));
    assert.deepEqual(await outcome(refused), [429, 'rate-limited']);
    http.clock.move(midnightMs);
    assert.equal((await again.ask(PATH, bearer(key))).status, 200);
  });

  test('shares one budget with another server', async () => {
    const { key } = await make({ requestsPerDay: 10 });
    const other = new KeyRing({ keys, clock: http.clock, timers: systemTimers });
    const second = gated(http.serving, { keys: other });
    for (let i = 0; i < 4; i += 1) {
      assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
      assert.equal((await second.ask(PATH, bearer(key))).status, 200);
    }
    await ring.flush();
    await other.flush();
    // The first learns of the second's requests with what it writes next.
    assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    await ring.flush();
    assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    assert.equal((await gate.ask(PATH, bearer(key))).status, 429);
  });

  test('slows down an address that guesses keys, without locking out others', async () => {
    const { key } = await make();
    assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
    let asked = 0;
    const findKey = (id: string) => {
      asked += 1;
      return keys.findKey(id);
    };
    const counted = { findKey } as unknown as Keys;
    const counting = gated(http.serving, {
      keys: new KeyRing({ keys: counted, clock: http.clock, timers: systemTimers }),
    });
    for (let i = 0; i < 100; i += 1) {
      const guess = `cvk_${i.toString(16).padStart(12, 'a')}_${'g'.repeat(43)}`;
      assert.deepEqual((await outcome(counting.ask(PATH, bearer(guess))))[0], i < 30 ? 401 : 429, String(i));
    }
    assert.equal(asked, 30, 'the store was asked for every guess');
    assert.equal((await gate.ask(PATH, bearer(key))).status, 200);
  });

  test('lets a valid key in however often a revoked one comes from the same address', async () => {
    const { key } = await make();
    let asked = 0;
    const findKey = (id: string) => {
      asked += 1;
      return keys.findKey(id);
    };
    const counted = { findKey, addUses: () => Promise.resolve(new Map()) } as unknown as Keys;
    const counting = gated(http.serving, {
      keys: new KeyRing({ keys: counted, clock: http.clock, timers: systemTimers }),
    });
    const gone = `cvk_eeeeeeeeeeee_${'x'.repeat(43)}`;
    for (let second = 0; second < 300; second += 1) {
      http.clock.move(1000);
      await counting.ask(PATH, bearer(gone));
    }
    assert.ok(asked <= 6, `the store was asked ${asked} times for one key that it does not have`);
    assert.equal((await counting.ask(PATH, bearer(key))).status, 200);
  });

  test('accepts known keys for a while when the store is unavailable', async () => {
    const { key } = await make();
    let isAway = false;
    const unavailable = new CondvestError({ code: 'operations-unavailable', kind: 'transient', message: 'Away' });
    const flaky = {
      findKey: (id: string) => (isAway ? Promise.reject(unavailable) : keys.findKey(id)),
      addUses: () => Promise.reject(unavailable),
    } as unknown as Keys;
    const away = gated(http.serving, { keys: new KeyRing({ keys: flaky, clock: http.clock, timers: systemTimers }) });
    assert.equal((await away.ask(PATH, bearer(key))).status, 200);
    isAway = true;
    http.clock.move(9 * 60_000);
    assert.equal((await away.ask(PATH, bearer(key))).status, 200);
    http.clock.move(2 * 60_000);
    assert.deepEqual(await outcome(away.ask(PATH, bearer(key))), [503, 'operations-unavailable']);
  });

  test('does not delay known keys when the store does not respond', async () => {
    const { key } = await make();
    const { key: unknown } = await make();
    let isSilent = false;
    let asked = 0;
    const silent = {
      findKey: (id: string) => {
        asked += 1;
        return isSilent ? new Promise(() => {}) : keys.findKey(id);
      },
      addUses: () => Promise.resolve(new Map()),
    } as unknown as Keys;
    const isTooLong: (() => void)[] = [];
    const timers: Timers = {
      after: (_, call) => {
        isTooLong.push(call);
        return () => {};
      },
    };
    const held = gated(http.serving, { keys: new KeyRing({ keys: silent, clock: http.clock, timers }) });
    assert.equal((await held.ask(PATH, bearer(key))).status, 200);
    isSilent = true;
    http.clock.move(60_000);
    const asking = [held.ask(PATH, bearer(key)), held.ask(PATH, bearer(key))];
    while (asked < 2) await new Promise((resolve) => setImmediate(resolve));
    for (const call of isTooLong) call();
    for (const answer of [...asking, held.ask(PATH, bearer(key))]) assert.equal((await answer).status, 200);
    assert.equal(asked, 2, 'one look at the store, however many ask');
    // Nobody gets in whom the store has not named.
    const stranger = held.ask(PATH, bearer(unknown)).then(() => 'let in');
    assert.equal(await Promise.race([stranger, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))]), 'waits');
  });

  test('marks responses as private for caches', async () => {
    const { key } = await make();
    const keyed = gated({ ...http.serving, isPublic: false }, { keys: ring });
    const response = await keyed.ask('/condvest/v1/bars/AAA', bearer(key));
    assert.match(response.headers.get('cache-control') ?? '', /^private/);
    assert.match(response.headers.get('vary') ?? '', /Authorization/);
  });

  test('logs whose key was used', async () => {
    const { key } = await make({ name: 'desk of Ann' });
    await gate.ask(`${PATH}?apiKey=${key}`);
    const record = gate.log.at(-1);
    assert.equal(record?.caller, 'desk of Ann');
    assert.ok(!JSON.stringify(gate.log).includes(key));
  });
});
