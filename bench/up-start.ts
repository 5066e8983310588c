/**
 * Start of `condvest up` with a lake that is up to date, the whole process from the launcher on: until its first response, and until
 * it waits for the next close. Compared with the minimum for any program with these tools, Node with DuckDB opened once.
 *
 *     node bench/up-start.ts --runs 15
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../scripts/bundle.ts';
import { freePort } from './served.ts';

const LAUNCHER = resolve('condvest');
const FIRST_RATIO_MAX = 3;
const WAITING_RATIO_MAX = 6;
const POLL_MS = 5;
const BARE = `const { DuckDBInstance } = await import('@duckdb/node-api');
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run('select 42');
process.exit(0);`;

const { values } = parseArgs({ options: { runs: { type: 'string', default: '15' } } });
const home = await mkdtemp(join(tmpdir(), 'condvest-up-start-'));
const env = { ...process.env, CONDVEST_HOME: home };
await bundle(); // As `npm ci` does; one that is older than a source would not be used.
try {
  const filled = spawnSync(LAUNCHER, ['up', '--once'], { env, stdio: 'ignore' });
  if (filled.status !== 0) throw new Error(`filling the lake ended with ${filled.status}`);
  await startUp(); // Node caches the compiled modules.
  const bareMs: number[] = [];
  const firstMs: number[] = [];
  const waitingMs: number[] = [];
  // Alternating, so that a busy moment of the machine affects both.
  for (let run = 0; run < Number(values.runs); run += 1) {
    bareMs.push(timed(() => spawnSync(process.execPath, ['--input-type=module', '-e', BARE], { stdio: 'ignore' })));
    const up = await startUp();
    firstMs.push(up.firstMs);
    waitingMs.push(up.waitingMs);
  }
  const bare = median(bareMs);
  report('until its first response', median(firstMs), bare, FIRST_RATIO_MAX);
  report('until it waits', median(waitingMs), bare, WAITING_RATIO_MAX);
} finally {
  await rm(home, { recursive: true, force: true });
}

function report(what: string, ms: number, bare: number, max: number): void {
  const ratio = ms / bare;
  const verdict = ratio <= max ? 'within' : 'OVER';
  process.stdout.write(
    `condvest up: ${ms.toFixed(0)} ms ${what}, ${ratio.toFixed(1)} × Node with DuckDB opened (${bare.toFixed(0)} ms; limit ${max} ×: ${verdict})\n`,
  );
  if (ratio > max) process.exitCode = 1;
}

function timed(work: () => { readonly status: number | null }): number {
  const startMs = performance.now();
  const { status } = work();
  if (status !== 0) throw new Error(`a process ended with ${status}`);
  return performance.now() - startMs;
}

/** Starts the command, measures both moments, and then stops it. */
async function startUp(): Promise<{ readonly firstMs: number; readonly waitingMs: number }> {
  const port = await freePort();
  const startMs = performance.now();
  const child = spawn(LAUNCHER, ['up', '--port', String(port)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = new Promise((resolveClosed) => child.on('close', resolveClosed));
  let text = '';
  const waiting = new Promise<number>((resolveMs, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      text += String(chunk);
      if (text.includes('Next run at')) resolveMs(performance.now() - startMs);
    });
    child.on('close', () => reject(new Error(`condvest up ended before it waited: ${text}`)));
  });
  const [firstMs, waitingMs] = await Promise.all([firstResponse(port, startMs), waiting]);
  child.kill('SIGTERM');
  await closed;
  return { firstMs, waitingMs };
}

async function firstResponse(port: number, startMs: number): Promise<number> {
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/healthz`);
      await response.arrayBuffer();
      return performance.now() - startMs;
    } catch {
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
