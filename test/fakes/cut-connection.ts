import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A connection to a server that can be cut and restored: a client's view of a server that goes away and comes back.
 */
export interface CuttableWay extends AsyncDisposable {
  readonly port: number;
  /** Breaks every connection and closes new ones immediately. */
  cut(): void;
  /**
   * Silences every existing connection without breaking it, like a server that lost power. New connections reach
   * another server.
   */
  silence(): void;
  mend(): void;
}

export async function cuttableWay(host: string, port: number): Promise<CuttableWay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(port, host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    silence: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    mend: () => {
      isCut = false;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
