import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A server in its own process, started the way a user starts it. */
export interface Served extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to its first response. */
  readonly firstMs: number;
}

const POLL_MS = 10;

/** `condvest serve` over a lake, or `condvest up` if there is none. */
export async function serveLake(lake: string | undefined, args: readonly string[] = []): Promise<Served> {
  const home = await mkdtemp(join(tmpdir(), 'condvest-bench-home-'));
  if (lake !== undefined) await symlink(lake, join(home, 'lake'));
  const command = lake === undefined ? 'up' : 'serve';
  const env = { ...process.env, CONDVEST_HOME: home, CONDVEST_ACCESS_LOG: 'off' };
  return started(home, (port) =>
    spawn(resolve('condvest'), [command, '--port', port, ...args], { env, stdio: 'ignore' }),
  );
}

/** The yardstick: a bare server of the same framework that sends the bytes of a file for every request. */
export async function serveBare(bytes: Uint8Array): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-bench-bare-'));
  const file = join(folder, 'body.json');
  await writeFile(file, bytes);
  return started(folder, (port) => spawn(process.execPath, ['bench/bare-server.ts', file, port], { stdio: 'ignore' }));
}

/** Waits for the first response. Disposing ends the process and removes its folder. */
async function started(folder: string, start: (port: string) => ChildProcess): Promise<Served> {
  const port = await freePort();
  const startMs = performance.now();
  const child = start(String(port));
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/healthz`, child);
  const firstMs = performance.now() - startMs;
  return {
    url,
    pid: child.pid ?? 0,
    firstMs,
    [Symbol.asyncDispose]: async () => {
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the bytes that a process holds in memory now. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    try {
      const response = await fetch(url);
      await response.arrayBuffer();
      return;
    } catch {
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolveClosed) => child.once('close', resolveClosed));
  child.kill('SIGTERM');
  await closed;
}

export function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => found(port));
    });
  });
}
