import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';

import { slowRequestLimits } from '#runtime/server/slow-requests.ts';

test('a request whose head trickles in is cut off at its time, though bytes keep coming', async (t) => {
  const [headMs, byteMs] = [200, 20];
  const server = createServer(slowRequestLimits(headMs), (_, response) => response.end('answered'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  let sent = 0;
  const trickle = setInterval(() => {
    socket.write('x');
    sent += 1;
  }, byteMs);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearInterval(trickle);
  assert.match(received, /^HTTP\/1\.1 408 /);
  // Counted, since a busy machine sends late: within 30 s it would be 1,500 of them.
  assert.ok(sent < 500, `${sent} bytes`);
});
