import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { EngineSession } from '#lake/engine-session.ts';
import { Table } from '#lake/table.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';

const LEFT = 200;

/** Counts the statements that the engine is given, which run as ever. */
function statements(t: TestContext): () => number {
  const spies = [t.mock.method(EngineSession.prototype, 'columns'), t.mock.method(EngineSession.prototype, 'records')];
  return () => spies.reduce((sum, { mock }) => sum + mock.callCount(), 0);
}

test('after 200 clients left, the next cold read runs as many statements as alone', async (t) => {
  await using http = await openHttpApp({ limits: { readsRunning: 1 } });
  const base = new URL(await http.listen());
  const count = statements(t);
  const cold = (i: number): string => `/condvest/v1/bars/AAA?from=2024-01-02&limit=${i + 1}`;
  const read = async (i: number): Promise<number> => {
    const before = count();
    const response = await fetch(`${base.origin}${cold(i)}`);
    assert.equal(response.status, 200, await response.text());
    return count() - before;
  };
  await read(LEFT + 10);
  const alone = await read(LEFT + 11);
  assert.ok(alone > 0, 'a read alone runs statements');

  // Nothing is read as long as this stands, so all of them wait.
  const leave = await http.serving.reads.enter();
  const sockets: Socket[] = [];
  for (let i = 0; i < LEFT; i += 1) {
    const socket = connect(Number(base.port), base.hostname, () => {
      socket.write(`GET ${cold(i)} HTTP/1.1\r\nHost: ${base.host}\r\n\r\n`);
    });
    socket.on('error', () => {});
    sockets.push(socket);
  }
  while (http.serving.reads.load.waiting < LEFT) await wait(5);
  for (const socket of sockets) socket.destroy();
  // What is still queued when this gives up would run before the next read.
  for (let tries = 0; tries < 400 && http.serving.reads.load.waiting > 0; tries += 1) await wait(5);
  assert.equal(http.serving.reads.load.waiting, 0, 'reads of clients that left are dropped');
  leave();
  assert.equal(await read(LEFT + 12), alone);
});

test('a read that two clients share goes on when one of them leaves', async () => {
  await using http = await openHttpApp({ limits: { readsRunning: 1 } });
  const base = await http.listen();
  const path = `${base}/condvest/v1/bars/AAA?limit=7`;
  const leave = await http.serving.reads.enter();
  const gone = new AbortController();
  const first = fetch(path, { signal: gone.signal }).catch(() => 'left');
  while (http.serving.reads.load.waiting < 1) await wait(5);
  const second = fetch(path);
  await wait(50);
  gone.abort();
  assert.equal(await first, 'left');
  await wait(50);
  leave();
  assert.equal((await second).status, 200);
});

/** Takes many seconds unless it is interrupted. */
const SLOW = 'SELECT count(*) FROM range(200_000) a, range(200_000) b WHERE a.range % 7 = b.range % 11';

/** Runs a slow statement before each other one. Returns what became of the slow ones. */
function slowed(t: TestContext): { running: number; readonly ended: string[] } {
  const { columns } = EngineSession.prototype;
  const slow = { running: 0, ended: [] as string[] };
  t.mock.method(EngineSession.prototype, 'columns', async function (this: EngineSession, sql: string) {
    slow.running += 1;
    const ended = await columns.call(this, SLOW).then(
      () => 'ran to its end',
      (cause: { code: string }) => cause.code,
    );
    slow.running -= 1;
    slow.ended.push(ended);
    return await columns.call(this, sql);
  });
  return slow;
}

test('a read that runs is interrupted once the last of its clients has left', async (t) => {
  await using http = await openHttpApp();
  const path = `${await http.listen()}/condvest/v1/bars/AAA?limit=7`;
  await (await fetch(`${path}1`)).text(); // what all reads share is cached now
  const slow = slowed(t);
  const clients = [new AbortController(), new AbortController()];
  const answers = clients.map(({ signal }) => fetch(path, { signal }).catch(() => 'left'));
  while (slow.running === 0) await wait(5);
  await wait(50);
  clients[0]?.abort();
  await answers[0];
  await wait(50);
  assert.deepEqual(slow.ended, [], 'the other client still waits');
  clients[1]?.abort();
  while (http.serving.reads.load.running > 0) await wait(5);
  assert.deepEqual(slow.ended, ['engine-interrupted']);
});

test('openings of earlier states that nobody waits for any more are dropped', async (t) => {
  await using http = await openHttpApp();
  const base = await http.listen();
  const mayGoOn = Promise.withResolvers<void>();
  const { at } = Table.prototype;
  const opened = new Set<string>();
  t.mock.method(Table.prototype, 'at', async function (this: Table, point: { asOfMs: number }) {
    opened.add(JSON.stringify(point));
    await mayGoOn.promise;
    return await at.call(this, point);
  });
  const gone = new AbortController();
  const yesterday = http.clock.nowMs() - 86_400_000;
  const asOf = (i: number): string => `as_of=${new Date(yesterday + i * 1000).toISOString()}`;
  const left = Array.from({ length: 20 }, (_, i) =>
    fetch(`${base}/condvest/v1/bars/AAA?${asOf(i)}`, { signal: gone.signal }).catch(() => 'left'),
  );
  while (http.serving.views.openings.waiting < 18) await wait(5);
  gone.abort();
  await Promise.all(left);
  for (let tries = 0; tries < 400 && http.serving.views.openings.waiting > 0; tries += 1) await wait(5);
  assert.deepEqual(http.serving.views.openings, { running: 2, waiting: 0 });
  const next = fetch(`${base}/condvest/v1/bars/AAA?${asOf(30)}`);
  while (http.serving.views.openings.waiting === 0) await wait(5);
  mayGoOn.resolve();
  assert.equal((await next).status, 200);
  assert.equal(opened.size, 3);
});
