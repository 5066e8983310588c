import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { LAUNCHER, testEnvironment } from './command-line.ts';

/** A command that goes on until it is stopped, as a user starts it: the launcher, a process, a socket. */

export interface Running extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  /** Output so far. */
  readonly said: { out: string; err: string };
  /** Stops it as a service manager does; its exit code. */
  stop(): Promise<number | null>;
}

const ADDRESS = /Serving at (http:\/\/[^\s]+\/)/;

/**
 * Starts a server and waits for the address that it prints; a command of another kind for another text of the same
 * form.
 */
export async function start(
  args: readonly string[],
  options: { readonly home: string; readonly env?: Readonly<Record<string, string>>; readonly told?: RegExp },
): Promise<Running> {
  const env = { ...testEnvironment(), CONDVEST_HOME: options.home, ...options.env };
  const child = spawn(LAUNCHER, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  const closed = once(child, 'close') as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (stream: 'out' | 'err') => (chunk: Buffer) => {
      said[stream] += chunk.toString('utf8');
      const address = (options.told ?? ADDRESS).exec(said[stream])?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on('data', hear('out'));
    child.stderr.on('data', hear('err'));
    child.once('close', (code) => reject(new Error(`ended with ${code}: ${said.err}`)));
  });
  let stopped: Promise<number | null> | undefined;
  const stop = (): Promise<number | null> => {
    if (stopped === undefined) {
      if (child.exitCode === null) child.kill('SIGTERM');
      stopped = closed.then(([code]) => code);
    }
    return stopped;
  };
  return { url, child, said, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

export async function json<T>(url: string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  const text = await response.text();
  assert.ok(response.ok, `${response.status} for ${url}: ${text}`);
  return JSON.parse(text) as T;
}

/** Asks again and again until the answer is as wanted. */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

export async function isAlive(pid: number): Promise<boolean> {
  try {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/\) Z /.test(state);
  } catch {
    return false;
  }
}
