import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPostgres } from '#adapters/sql/open-postgres.ts';
import { sqlStore } from '#adapters/sql/store.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { CondvestError } from '#base/errors.ts';
import { readConfig } from '#runtime/config/config.ts';
import { startBuild } from '#runtime/daemon/build.ts';
import { type DaemonHost, runOnce } from '#runtime/daemon/daemon.ts';
import { marketStart, saveMarketSettings } from '#runtime/home-folder/simulated-market.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { RunService } from '#runtime/runs/run-service.ts';
import { openSqlStore } from '#test/contract/sql-stores.ts';
import { cuttableWay } from '#test/fakes/cut-connection.ts';
import { WebhookReceiver } from '#test/fakes/webhook-receiver.ts';

const POSTGRES = process.env['CONDVEST_TEST_POSTGRES_URL'];
const skip = POSTGRES === undefined ? 'CONDVEST_TEST_POSTGRES_URL names no server' : false;

/** A database of its own, reached by a way that can be cut. */
async function database() {
  const { default: pg } = await import('pg');
  const url = new URL(POSTGRES ?? '');
  const name = `condvest_${systemRandom.uuid().replaceAll('-', '')}`;
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const way = await cuttableWay(url.hostname, Number(url.port || '5432'));
  const through = new URL(url.href);
  through.host = `127.0.0.1:${way.port}`;
  through.pathname = `/${name}`;
  return {
    way,
    url: through.href,
    [Symbol.asyncDispose]: async () => {
      await way[Symbol.asyncDispose]();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

test('connections that break in the middle of transactions fail these, and nothing else', { skip }, async () => {
  await using server = await database();
  await using store = openSqlStore({ url: server.url });
  const codes = new Set<string>();
  let isOver = false;
  let done = 0;
  const work = async (name: string): Promise<void> => {
    while (!isOver) {
      try {
        await store.leases.acquire({ name, holder: name, nowMs: 1, ttlMs: 1 });
        done += 1;
      } catch (cause) {
        codes.add(cause instanceof CondvestError ? `${cause.code} ${cause.kind}` : String(cause));
      }
    }
  };
  const works = ['a', 'b', 'c', 'd'].map(work);
  for (let cuts = 0; cuts < 3; cuts += 1) {
    const before = done;
    while (done < before + 20) await new Promise((resolve) => setTimeout(resolve, 5));
    server.way.cut();
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.way.mend();
  }
  const before = done;
  while (done < before + 20) await new Promise((resolve) => setTimeout(resolve, 5));
  isOver = true;
  await Promise.all(works);
  assert.deepEqual([...codes], ['operations-unavailable transient']);
});

test('a server that is gone without a word fails what waits for it, and nothing else', { skip }, async () => {
  await using server = await database();
  const options = { url: server.url, random: systemRandom, nowMs: 1, silentMs: 2000 };
  await using store = sqlStore(() => openPostgres(options), systemRandom);
  const lease = { name: 'a', holder: 'a', nowMs: 1, ttlMs: 1 };
  await store.leases.acquire(lease);
  for (const work of [() => store.leases.acquire(lease), () => store.runs.latest(1)]) {
    server.way.silence();
    await assert.rejects(work(), { code: 'operations-unavailable', kind: 'transient' });
    // The next connection reaches the one that took its place.
    await work();
  }
});

test('the daemon outlives a store that goes away, a person is told once, and once that it is back', {
  skip,
}, async () => {
  await using server = await database();
  await using hook = await WebhookReceiver.open();
  const folder = await mkdtemp(join(tmpdir(), 'condvest-outage-'));
  try {
    const environment = {
      CONDVEST_HOME: folder,
      DATABASE_URL: server.url,
      CONDVEST_WEBHOOK_URL: hook.url,
      CONDVEST_WEBHOOK_SECRET: 'a-secret-of-the-tests',
    };
    await using app = await openLocal(readConfig({ environment, workingFolder: folder }));
    await using service = new RunService(app, { write: () => undefined });
    const to = app.calendar.lastClosedSession(app.clock.nowMs());
    const market = { seed: 1, securities: 12, from: marketStart(app.calendar, to, 1) };
    await saveMarketSettings(app.config, market);
    await (await startBuild(app, service, { origin: { kind: 'simulated', market } })).report;
    const trouble: string[] = [];
    const host: DaemonHost = {
      build: async (origin) => (await startBuild(app, service, { origin })).report,
      onNext: () => undefined,
      onStep: () => undefined,
      onRun: () => undefined,
      onTrouble: ({ code }) => void trouble.push(code),
    };
    const once = (): Promise<boolean> => runOnce({ app, service, host, signal: new AbortController().signal });
    assert.equal(await once(), true);
    server.way.cut();
    assert.equal(await once(), false);
    assert.equal(await once(), false);
    server.way.mend();
    assert.equal(await once(), true);
    assert.deepEqual(trouble, ['operations-unavailable', 'operations-unavailable']);
    const posts = hook.posts.map(({ body }) => JSON.parse(body) as { event: string; kind: string });
    assert.deepEqual(
      posts.map(({ event, kind }) => `${kind} ${event}`),
      ['run-failed opened', 'run-failed resolved'],
    );
    assert.deepEqual(
      (await app.runs.latest(10)).filter(({ state }) => state === 'running'),
      [],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
