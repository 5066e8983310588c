import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PARENT_PID_ENV } from '#runtime/daemon/work-link.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { WebhookReceiver } from '#test/fakes/webhook-receiver.ts';
import { condvest, temporaryFolder, testEnvironment } from './command-line.ts';
import { childrenOf, eventually, isAlive, json, start } from './running.ts';

/** `condvest up`: start, operation and end under adverse conditions. */

const NEXT = /Next run at (\d{4}-\d\d-\d\d) [^\n]*/;
const SIMULATED = { CONDVEST_SOURCE: 'simulated' };
const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

describe('an empty lake and a vendor', () => {
  let vendor: VendorServer;
  before(async () => {
    vendor = await VendorServer.open({ grouped: new Map(), tickers: [], splits: [], dividends: [] });
  });
  after(() => vendor[Symbol.asyncDispose]());

  const down = (): Record<string, string> => ({
    MASSIVE_API_KEY: 'a-key',
    CONDVEST_MASSIVE_URL: 'http://127.0.0.1:1',
    CONDVEST_REQUESTS_PER_MINUTE: '0',
  });
  const wrong = (): Record<string, string> => ({ MASSIVE_API_KEY: 'another-key', CONDVEST_MASSIVE_URL: vendor.url });

  test('make up wait and notify once while the vendor is down, and up --once fail', async () => {
    await using hook = await WebhookReceiver.open();
    const posts = (): string[] =>
      hook.posts.map(({ body }) => {
        const { event, kind, title } = JSON.parse(body) as Record<string, string>;
        return `${kind} ${event}: ${title}`;
      });
    const env = { ...down(), CONDVEST_WEBHOOK_URL: hook.url, CONDVEST_WEBHOOK_SECRET: 'a-secret-of-the-tests' };
    await using home = await temporaryFolder();
    const single = await condvest(['up', '--once', '--years', '1'], { home: home.path, env });
    assert.equal(single.code, 1);
    assert.match(single.err, /condvest: The vendor is unavailable[^\n]*\n$/);
    assert.deepEqual(posts(), []);
    for (const args of [
      ['up', '--no-serve', '--years', '1'],
      ['up', '--port', '0', '--years', '1'],
    ]) {
      await using running = await start(args, { home: home.path, env, ready: NEXT });
      // Retries in half an hour, or with the next scheduled run if that comes sooner.
      assert.match(running.output.err, /The vendor is unavailable[\s\S]*Next run at /);
      assert.equal(await running.stop(), 0);
    }
    assert.deepEqual(posts(), ['run-failed opened: The lake cannot be filled'], 'once, however often it begins');
  });

  test('end up at once on a wrong key, even while it serves', async () => {
    await using home = await temporaryFolder();
    for (const args of [
      ['up', '--no-serve'],
      ['up', '--port', '0'],
      ['up', '--once'],
    ]) {
      vendor.requests.length = 0;
      const { code, err } = await condvest(args, { home: home.path, env: wrong() });
      assert.equal(code, 2, err);
      assert.match(err, /condvest: The vendor does not recognize the API key[^\n]*MASSIVE_API_KEY[^\n]*\n$/);
      assert.equal(vendor.requests.length, 1);
    }
  });
});

describe('the worker of a server', () => {
  test('takes its run over at once when the server was killed and started again, and never works twice', async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    await condvest(['fetch', '--from', day(14), '--to', day(9)], { home, env: SIMULATED });
    // A killed server leaves its temporary folder to the next start.
    await using temp = await temporaryFolder();
    await using first = await start(['up', '--port', '0'], { home, env: { ...SIMULATED, TMPDIR: temp.path } });
    const [worker] = await eventually(
      () => childrenOf(first.child.pid ?? 0),
      ({ length }) => length > 0,
    );
    await eventually(
      () => json<{ results: { state: string }[] }>(`${first.url}condvest/v1/runs`),
      ({ results }) => results[0]?.state === 'running',
    );
    first.child.kill('SIGKILL');
    await using second = await start(['up', '--port', '0'], { home, env: SIMULATED });
    await eventually(
      () => Promise.resolve(NEXT.test(second.output.err)),
      (isScheduled) => isScheduled,
    );
    assert.doesNotMatch(second.output.err, /retry of/, 'the run was done, and not put off');
    assert.equal(await isAlive(worker ?? 0), false);
    const { results } = await json<{ results: { state: string }[] }>(`${second.url}condvest/v1/runs`);
    assert.deepEqual(
      results.filter(({ state }) => state === 'running'),
      [],
    );
    assert.equal(results[0]?.state, 'succeeded');
    assert.equal(await second.stop(), 0);
    assert.equal((await condvest(['verify', '--deep'], { home, env: SIMULATED })).code, 0);
  });

  test('does not start if the server is gone before it begins', async () => {
    await using folder = await temporaryFolder();
    // Started as a server starts it, but with the process id of no server.
    const child = spawn(process.execPath, [resolve('bin/condvest.js'), 'up', '--no-serve'], {
      env: { ...testEnvironment(), ...SIMULATED, CONDVEST_HOME: folder.path, [PARENT_PID_ENV]: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0);
    const history = await condvest(['pipeline', 'history', '--json'], { home: folder.path, env: SIMULATED });
    const runs = JSON.parse(history.out) as { readonly state: string }[];
    assert.deepEqual(
      runs.filter(({ state }) => state === 'succeeded'),
      [],
    );
  });

  test('exits with 0 when told to stop during a run, and leaves nothing half-written or running', async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    await condvest(['fetch', '--from', day(14), '--to', day(9)], { home, env: SIMULATED });
    for (const args of [
      ['up', '--no-serve'],
      ['up', '--port', '0'],
    ]) {
      await using running = await start(args, { home, env: SIMULATED, ready: /(plan) / });
      const workers = await childrenOf(running.child.pid ?? 0);
      assert.equal(await running.stop(), 0, running.output.err);
      for (const worker of workers) assert.equal(await isAlive(worker), false);
    }
    const status = await condvest(['pipeline', 'history', '--json'], { home, env: SIMULATED });
    const runs = JSON.parse(status.out) as { readonly state: string; readonly error: string | null }[];
    assert.deepEqual(
      runs.filter(({ state }) => state === 'running'),
      [],
    );
    assert.equal((await condvest(['pipeline', 'run'], { home, env: SIMULATED })).code, 0);
    assert.equal((await condvest(['verify', '--deep'], { home, env: SIMULATED })).code, 0);
  });
});
