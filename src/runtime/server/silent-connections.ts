import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** TCP asks a peer that says nothing for so long whether it is still there: one that has vanished waits for no answer. */
const PROBE_MS = 60_000;

/**
 * Ends connections on which nothing has moved for so long: idle ones, and those whose client does not take what is sent. An
 * answer in the making is waited for, however long: a Parquet file is written whole before its first byte is sent, and what
 * makes answers has bounds of its own.
 */
export function endSilentConnections(server: Server, silentMs: number): void {
  const answered = new WeakMap<Socket, ServerResponse>();
  server.timeout = silentMs;
  server.on('connection', (socket: Socket) => socket.setKeepAlive(true, PROBE_MS));
  server.on('request', ({ socket }, response: ServerResponse) => {
    answered.set(socket, response);
    response.once('close', () => {
      if (answered.get(socket) === response) answered.delete(socket);
    });
  });
  // With a listener, Node leaves every silent connection to it, idle ones between two requests too.
  server.on('timeout', (socket: Socket) => {
    if (!answered.has(socket) || socket.writableLength > 0) socket.destroy();
  });
}
