import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Runs the real command line as a user does: through the launcher, in its own process, with its own home folder. */

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs the launcher under another command, such as `sh -c 'ulimit …; exec "$@"' sh`. */
  readonly under?: readonly string[];
  /** Called with the process once it has started. */
  readonly started?: (child: ReturnType<typeof spawn>) => void;
}

export const LAUNCHER = resolve('condvest');

export function condvest(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [command = LAUNCHER, ...rest] = [...(options.under ?? []), LAUNCHER, ...args];
  const env: Record<string, string> = { ...testEnvironment(), ...options.env };
  if (options.home !== undefined) env.CONDVEST_HOME = options.home;
  return new Promise((settle, reject) => {
    const child = spawn(command, rest, { env, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      settle({ code, out: Buffer.concat(out).toString('utf8'), err: Buffer.concat(err).toString('utf8') }),
    );
    options.started?.(child);
  });
}

export type TemporaryFolder = { readonly path: string } & AsyncDisposable;

/** Creates a temporary folder, removed on disposal. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'condvest-e2e-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Environment without the settings of the person who runs the tests. */
export function testEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith('CONDVEST_') && !name.startsWith('NODE_')) environment[name] = value;
  }
  // Without it each process would compile what it loads: the default is a folder below TMPDIR, which is the test's own.
  const compileCache = process.env['NODE_COMPILE_CACHE'];
  return compileCache === undefined ? environment : { ...environment, NODE_COMPILE_CACHE: compileCache };
}
