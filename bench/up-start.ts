/**
 * Time until `condvest up` waits for the next close, with a lake that is up to date: the whole process, from the launcher on.
 * Compared with the minimum for any program with these tools: Node with DuckDB opened once.
 *
 *     node bench/up-start.ts
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const LAUNCHER = resolve('condvest');
const LIMIT_MS = 2000;
const RUNS = 5;
const BARE = `const { DuckDBInstance } = await import('@duckdb/node-api');
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run('select 42');
process.exit(0);`;

const home = await mkdtemp(join(tmpdir(), 'condvest-up-start-'));
const env = { ...process.env, CONDVEST_HOME: home };
try {
  const filled = spawnSync(LAUNCHER, ['up', '--once', '--symbols', '200', '--years', '10'], {
    env,
    stdio: 'ignore',
  });
  if (filled.status !== 0) throw new Error(`filling the lake ended with ${filled.status}`);
  const upMs: number[] = [];
  const bareMs: number[] = [];
  // Alternating, so that a busy moment of the machine affects both.
  for (let run = 0; run < RUNS; run += 1) {
    bareMs.push(timed(() => spawnSync(process.execPath, ['--input-type=module', '-e', BARE], { stdio: 'ignore' })));
    upMs.push(await untilWaiting());
  }
  const [up, bare] = [median(upMs), median(bareMs)];
  const verdict = up <= LIMIT_MS ? 'within' : 'OVER';
  process.stdout.write(
    `condvest up: ${up.toFixed(0)} ms until it waits (limit ${LIMIT_MS}: ${verdict}), ${(up / bare).toFixed(1)} × Node with DuckDB opened (${bare.toFixed(0)} ms)\n`,
  );
  if (up > LIMIT_MS) process.exitCode = 1;
} finally {
  await rm(home, { recursive: true, force: true });
}

function timed(work: () => { readonly status: number | null }): number {
  const startMs = performance.now();
  const { status } = work();
  if (status !== 0) throw new Error(`a process ended with ${status}`);
  return performance.now() - startMs;
}

/** Measures from the call to the line that announces the next run, and then stops the process. */
function untilWaiting(): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(LAUNCHER, ['up'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let readyMs: number | undefined;
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += String(chunk);
      if (readyMs !== undefined || !text.includes('Next run at')) return;
      readyMs = performance.now() - startMs;
      child.kill('SIGTERM');
    });
    child.on('error', reject);
    child.on('close', () => {
      if (readyMs === undefined) reject(new Error(`condvest up ended before it waited: ${text}`));
      else resolve(readyMs);
    });
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
