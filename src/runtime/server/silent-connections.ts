import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Idle time after which TCP probes the peer, to detect one that has vanished. */
const PROBE_MS = 60_000;

/**
 * Closes connections without traffic: idle ones, and those whose client does not read. A connection whose response is
 * being prepared stays open, however long that takes: a Parquet file is complete before its first byte is sent, and
 * request handlers have time limits of their own.
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
  // With this listener, Node no longer closes silent connections itself, not even idle ones between requests.
  server.on('timeout', (socket: Socket) => {
    if (!answered.has(socket) || socket.writableLength > 0) socket.destroy();
  });
}
