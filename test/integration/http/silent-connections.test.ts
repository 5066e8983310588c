import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { endSilentConnections } from '#runtime/server/silent-connections.ts';

const SILENT_MS = 200;

async function open(t: TestContext, server: Server): Promise<number> {
  endSilentConnections(server, SILENT_MS);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('a response that is slow to start, or pauses, is not cut off', async (t) => {
  const server = createServer(async (_, response) => {
    await wait(SILENT_MS * 4);
    response.write('first ');
    await wait(SILENT_MS * 4);
    response.end('and last');
  });
  const port = await open(t, server);
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(await answer.text(), 'first and last');
});

test('a connection without a request, or without another one, is closed', async (t) => {
  const server = createServer({ keepAliveTimeout: SILENT_MS }, (_, response) => response.end('ok'));
  const port = await open(t, server);
  for (const sent of ['', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n']) {
    const socket = connect(port, '127.0.0.1', () => socket.write(sent));
    socket.resume();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  }
});

test('a client that reads nothing of its response is disconnected', async (t) => {
  const chunk = Buffer.alloc(1 << 16);
  let closed = (): void => {};
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const server = createServer((_, response) => {
    response.once('close', closed);
    const go = (): void => {
      while (response.write(chunk));
      response.once('drain', go);
    };
    go();
  });
  const port = await open(t, server);
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  socket.pause();
  await isClosed;
});
