import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { EngineSession } from '#lake/engine-session.ts';
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
