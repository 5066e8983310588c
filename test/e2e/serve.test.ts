import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { condvest, type TemporaryFolder, temporaryFolder } from './command-line.ts';
import { childrenOf, eventually, isAlive, json, start } from './running.ts';
import { fillHome } from './simulated-home.ts';

/** The server as a user starts it: the launcher, a process, a socket. */

interface Status {
  readonly last_published: string | null;
  readonly simulated: boolean;
  readonly can_start_runs: boolean;
  readonly next_run: object | null;
  readonly building: {
    readonly error: string | null;
    readonly steps: readonly { name: string; state: string }[];
  } | null;
}

function takenPort(): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 });
    });
  });
}

describe('condvest up', () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => folder[Symbol.asyncDispose]());

  test('responds before there is a lake, shows the build, and starts runs on request', async () => {
    const home = join(folder.path, 'new');
    await using server = await start(['up', '--port', '0', '--symbols', '30', '--years', '3'], { home });
    const status = () => json<Status>(`${server.url}condvest/v1/status`);
    // The worker is paused at its very start, so that the requests below find no lake yet.
    const [worker] = await eventually(
      () => childrenOf(server.child.pid ?? 0),
      (children) => children.length > 0,
    );
    assert.ok(worker !== undefined);
    // Until the worker has executed its own program, the server waits for it and does not respond.
    await eventually(
      () => readFile(`/proc/${worker}/cmdline`, 'utf8'),
      (line) => line.includes('--no-serve'),
    );
    process.kill(worker, 'SIGSTOP');
    const first = await status();
    assert.equal(first.last_published, null);
    assert.ok(first.building !== null, 'it is being built');
    const unready = await fetch(`${server.url}readyz`);
    assert.equal(unready.status, 503);
    assert.match(await unready.text(), /being built/);
    assert.equal((await fetch(`${server.url}healthz`)).status, 200);
    const bars = await fetch(`${server.url}v2/aggs/ticker/AAA/range/1/day/2026-01-02/2026-01-09`);
    assert.equal(bars.status, 503, 'no bars yet is no mistake of the caller');
    assert.equal(((await bars.json()) as { code: string }).code, 'lake-empty');
    const events = read(await fetch(`${server.url}condvest/v1/runs/stream`), /event: building\ndata: null\n/);
    process.kill(worker, 'SIGCONT');
    const seen = new Set<string>();
    for (const [, data] of (await events).matchAll(/event: building\ndata: (\{.*)\n/g)) {
      const building = JSON.parse(data ?? '') as NonNullable<Status['building']>;
      assert.equal(building.error, null);
      for (const { name, state } of building.steps) seen.add(`${name} ${state}`);
    }
    for (const [step, states] of Object.entries({ simulating: ['running', 'done'], verifying: ['waiting', 'running'] }))
      for (const state of states) assert.ok(seen.has(`${step} ${state}`), [...seen].join());
    const built = await eventually(status, ({ next_run }) => next_run !== null);
    assert.ok(built.last_published !== null && built.simulated && built.can_start_runs);
    assert.equal((await fetch(`${server.url}readyz`)).status, 200);

    const abort = new AbortController();
    const stream = await fetch(`${server.url}condvest/v1/runs/stream`, { signal: abort.signal });
    const heard = read(stream, /event: run\ndata: .*"state":"succeeded"/);
    const started = await json<{ id: string }>(`${server.url}condvest/v1/runs`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    assert.match(await heard, new RegExp(`event: step\\ndata: .*${started.id}`));
    abort.abort();
    const { run, steps } = await json<{ run: { state: string }; steps: object[] }>(
      `${server.url}condvest/v1/runs/${started.id}`,
    );
    assert.equal(run.state, 'succeeded');
    assert.ok(steps.length > 0);
    assert.equal(await server.stop(), 0);
    assert.match(server.output.err, /Open it in a browser: http/);
  });

  test('restarts a worker that was killed, and keeps serving', async () => {
    const home = join(folder.path, 'killed');
    await using server = await start(['up', '--port', '0', '--symbols', '60', '--years', '5'], { home });
    const status = () => json<Status>(`${server.url}condvest/v1/status`);
    // Killed in the middle of its work, which takes long enough to be caught.
    const [worker] = await eventually(
      () => childrenOf(server.child.pid ?? 0),
      (children) => children.length > 0,
    );
    assert.ok(worker !== undefined);
    await eventually(
      status,
      ({ building }) => building === null || building.steps.some(({ state }) => state === 'running'),
    );
    process.kill(worker, 'SIGSTOP');
    const held = await status();
    assert.ok(held.building !== null, 'a market of 60 symbols is not made in the time of one request');
    process.kill(worker, 'SIGKILL');
    const broken = await eventually(status, ({ building }) => building === null || typeof building.error === 'string');
    assert.match(broken.building?.error ?? '', /SIGKILL.*restarted/);
    assert.match(server.output.err, /the worker was killed by SIGKILL; restarting it in 5 s/);
    const again = await eventually(status, ({ next_run }) => next_run !== null);
    assert.ok(again.last_published !== null);
    assert.equal(await server.stop(), 0);
    assert.equal((await condvest(['verify'], { home })).code, 0);
  });

  test('ends its worker when the server is killed', async () => {
    const home = join(folder.path, 'orphan');
    // A killed server leaves its temporary folder to the next start.
    const env = { TMPDIR: folder.path };
    await using server = await start(['up', '--port', '0', '--symbols', '60', '--years', '5'], { home, env });
    const status = () => json<Status>(`${server.url}condvest/v1/status`);
    await eventually(
      status,
      ({ building }) => building === null || building.steps.some(({ state }) => state === 'running'),
    );
    const [worker] = await childrenOf(server.child.pid ?? 0);
    assert.ok(worker !== undefined);
    server.child.kill('SIGKILL');
    await server.stop();
    await eventually(
      () => isAlive(worker),
      (alive) => !alive,
    );
  });

  test('exits with the message on invalid usage', async () => {
    const outcome = await condvest(['up', '--port', '0', '--seed', 'x'], { home: join(folder.path, 'wrong') });
    assert.equal(outcome.code, 2);
    assert.match(outcome.err, /Invalid value for --seed/);
  });
});

describe('condvest serve', () => {
  let folder: TemporaryFolder;
  let home: string;
  before(async () => {
    folder = await temporaryFolder();
    home = join(folder.path, 'home');
    await fillHome(home);
  });
  after(() => folder[Symbol.asyncDispose]());

  test('serves an existing lake read-only and sees what another process commits', async () => {
    await using server = await start(['serve', '--port', '0'], { home });
    const status = await json<Status>(`${server.url}condvest/v1/status`);
    assert.ok(status.simulated && !status.can_start_runs && status.building === null);
    const csv = join(folder.path, 'more.csv');
    await writeFile(csv, 'symbol,date,open,high,low,close,volume\nNEWONE,2026-10-01,10,12,9,11,100\n');
    const address = `${server.url}v2/aggs/ticker/NEWONE/range/1/day/2026-10-01/2026-10-01`;
    assert.equal((await json<{ resultsCount: number }>(address)).resultsCount, 0);
    const imported = await condvest(['import', csv], { home });
    assert.ok(imported.code === 0 || imported.code === 3, imported.err);
    const committedMs = performance.now();
    await eventually(
      () => json<{ resultsCount: number }>(address),
      ({ resultsCount }) => resultsCount === 1,
    );
    process.stdout.write(`# a commit was seen ${Math.round(performance.now() - committedMs)} ms after it\n`);
  });

  test('lets requests finish on a stop and closes endless streams', async () => {
    await using server = await start(['serve', '--port', '0'], { home });
    const stream = await fetch(`${server.url}condvest/v1/runs/stream`);
    const ended = stream.text().then(
      () => 'ended',
      () => 'broken',
    );
    // Once its headers have arrived the download is in progress; a request sent at the moment of the stop may be refused.
    const download = await fetch(`${server.url}condvest/v1/export/bronze/daily_bars?format=csv`);
    assert.equal(download.status, 200);
    const [text] = await Promise.all([download.text(), server.stop()]);
    const tables = JSON.parse((await condvest(['tables', '--json'], { home })).out) as {
      readonly table: string;
      readonly rows: number;
    }[];
    const rows = tables.find(({ table }) => table === 'bronze/daily_bars')?.rows;
    assert.equal(text.trimEnd().split('\n').length - 1, rows, 'every row arrived');
    assert.equal(await ended, 'ended');
    assert.equal(await server.stop(), 0);
    await assert.rejects(fetch(`${server.url}healthz`));
  });

  test('names a requested port that is in use', async () => {
    const { server, port } = await takenPort();
    const outcome = await condvest(['serve', '--port', String(port)], { home });
    assert.equal(outcome.code, 2);
    assert.match(outcome.err, new RegExp(`condvest: The port is in use: 127\\.0\\.0\\.1:${port}\\.`));
    server.close();
  });

  test('takes the next free port, and says so, if no port was requested', async () => {
    await using first = await start(['serve'], { home });
    await using second = await start(['serve'], { home });
    assert.notEqual(first.url, second.url);
    assert.match(second.output.err, /is in use, so the server listens on port \d+/);
  });

  test('rejects an invalid port', async () => {
    const outcome = await condvest(['serve', '--port', '65536'], { home });
    assert.equal(outcome.code, 2);
    assert.match(outcome.err, /Invalid value for --port: 65536\. Allowed: a whole number from 0 to 65535/);
  });

  test('serves callers elsewhere only with a key', async () => {
    const without = await condvest(['serve', '--host', '0.0.0.0', '--port', '0'], { home });
    assert.equal(without.code, 2);
    assert.match(without.err, /there are none: host 0\.0\.0\.0\. Create one with: condvest keys create/);
    const proxied = await condvest(['serve', '--port', '0'], {
      home,
      env: { CONDVEST_SERVE_PUBLIC_URL: 'https://data.example.com' },
    });
    assert.match(proxied.err, /there are none: https:\/\/data\.example\.com/);

    const made = await condvest(['keys', 'create', 'notebook', '--per-minute', '0'], { home });
    assert.equal(made.code, 0, made.err);
    const key = made.out.trim();
    assert.match(key, /^cvk_[0-9a-f]{12}_[\w-]{43}$/);
    assert.match(made.err, /shown only this once/);
    const elsewhere = await condvest(['serve', '--host', '203.0.113.9', '--port', '0'], { home });
    assert.equal(elsewhere.code, 2);
    assert.match(elsewhere.err, /cannot listen on this address: 203\.0\.113\.9:0 \(EADDRNOTAVAIL\)/);
    const log = join(folder.path, 'access.log');
    await using server = await start(['serve', '--host', '0.0.0.0', '--port', '0'], {
      home,
      env: { CONDVEST_ACCESS_LOG: log },
    });
    assert.match(server.output.out, /to callers with an API key/);
    assert.equal((await fetch(`${server.url}condvest/v1/status`)).status, 401);
    assert.equal((await fetch(`${server.url}condvest/v1/status?apiKey=${key}`)).status, 200);
    const listed = await condvest(['keys', 'list', '--json'], { home });
    const [view] = JSON.parse(listed.out) as Record<string, unknown>[];
    assert.deepEqual([view?.name, view?.scopes, view?.requestsPerMinute], ['notebook', ['read'], null]);
    assert.ok(!('digest' in (view ?? {})));
    assert.equal((await condvest(['keys', 'revoke', 'notebook'], { home })).code, 0);
    await eventually(
      () => fetch(`${server.url}condvest/v1/status?apiKey=${key}`),
      ({ status }) => status === 401,
    );
    assert.equal(await server.stop(), 0);
    const lines = await readFile(log, 'utf8');
    assert.ok(!lines.includes(key) && lines.includes('apiKey=hidden'));
    assert.equal((JSON.parse(lines.split('\n')[1] ?? '') as { caller: string }).caller, 'notebook');
    const used = await condvest(['keys', 'list'], { home });
    assert.match(used.out, /notebook.*revoked/);
  });

  test('rejects an invalid key command with one clear message', async () => {
    const cases: [readonly string[], RegExp][] = [
      [['keys', 'create'], /keys create needs a name for the key/],
      [['keys', 'create', '../etc'], /Invalid key name: \.\.\/etc/],
      [['keys', 'create', 'a', '--scopes', 'write'], /Invalid value for --scopes: write/],
      [['keys', 'create', 'a', '--per-minute', '-1'], /Invalid value for --per-minute/],
      [['keys', 'delete', 'a'], /Unknown action: delete.*create, list, revoke/],
      [['keys', 'revoke', 'nobody'], /No key has this id, and no active key has this name: nobody/],
    ];
    for (const [args, message] of cases) {
      const outcome = await condvest(args, { home });
      assert.equal(outcome.code, 2, outcome.err);
      assert.match(outcome.err, message);
    }
    const first = await condvest(['keys', 'create', 'twice', '--json'], { home });
    assert.match((JSON.parse(first.out) as { key: string }).key, /^cvk_/);
    const second = await condvest(['keys', 'create', 'twice', '--json'], { home });
    assert.equal((JSON.parse(second.out) as { error: { code: string } }).error.code, 'key-name-taken');
  });
});

/** Reads a stream until its text matches. */
async function read(response: Response, until: RegExp): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (until.test(text)) return text;
  }
  return assert.fail(`the stream ended before ${until}: ${text}`);
}
