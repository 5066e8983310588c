import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { LAUNCHER, testEnvironment } from './command-line.ts';

/** Starts long-running commands as a user does: the launcher, a process, a socket. */

export interface Running extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  /** Output so far. */
  readonly output: { out: string; err: string };
  /** Stops the command as a service manager does. Resolves with its exit code. */
  stop(): Promise<number | null>;
}

const ADDRESS = /Serving at (http:\/\/[^\s]+\/)/;

/**
 * Starts a command and waits until its output matches `ready`, whose first group is the URL. By default, waits for the
 * address that a server prints.
 */
export async function start(
  args: readonly string[],
  options: { readonly home: string; readonly env?: Readonly<Record<string, string>>; readonly ready?: RegExp },
): Promise<Running> {
  const env = { ...testEnvironment(), CONDVEST_HOME: options.home, ...options.env };
  const child = spawn(LAUNCHER, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  const closed = once(child, 'close') as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    const read = (stream: 'out' | 'err') => (chunk: Buffer) => {
      output[stream] += chunk.toString('utf8');
      const address = (options.ready ?? ADDRESS).exec(output[stream])?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on('data', read('out'));
    child.stderr.on('data', read('err'));
    child.once('close', (code) => reject(new Error(`exited with ${code}: ${output.err}`)));
  });
  let stopped: Promise<number | null> | undefined;
  const stop = (): Promise<number | null> => {
    if (stopped === undefined) {
      if (child.exitCode === null) child.kill('SIGTERM');
      stopped = closed.then(([code]) => code);
    }
    return stopped;
  };
  return { url, child, output, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

export async function json<T>(url: string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  const text = await response.text();
  assert.ok(response.ok, `${response.status} for ${url}: ${text}`);
  return JSON.parse(text) as T;
}

/** Polls until the result satisfies the condition. */
export async function eventually<T>(poll: () => Promise<T>, isDone: (result: T) => boolean): Promise<T> {
  for (;;) {
    const result = await poll();
    if (isDone(result)) return result;
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
