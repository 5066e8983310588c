import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** A `condvest up` or `condvest serve` process, stopped on disposal. */
export interface ServerProcess extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

const LAUNCHER = resolve('condvest');
const SERVING = /Serving at (http:\/\/[^\s/]+:(\d+))/;

/** Resolves once the server prints its URL. Rejects with its output if it exits first. */
export function startProcess(
  args: readonly string[],
  home: string,
  env: Readonly<Record<string, string>> = {},
  launcher: string = LAUNCHER,
): Promise<ServerProcess> {
  const child = spawn(launcher, args, {
    env: { ...ofRunner(), HOME: home, CONDVEST_HOME: home, CONDVEST_ACCESS_LOG: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((settle) => child.once('close', () => settle()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  let output = '';
  return new Promise((settle, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      const [, url, port] = SERVING.exec(output) ?? [];
      if (url !== undefined) settle({ url, port: Number(port), stop, [Symbol.asyncDispose]: stop });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`The server exited with ${code}:\n${output}`)));
  });
}

/** Returns what a process needs of the environment. Without the cache it would compile what it loads, and cache it elsewhere. */
function ofRunner(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return { PATH, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) };
}

/** Requests a route directly, without the page, and returns its JSON. */
export async function ask<T>(url: string, path: string): Promise<T> {
  const response = await fetch(`${url}${path}`);
  if (!response.ok) throw new Error(`${response.status} for ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}
