/**
 * The cost of serving, as ratios within one run: cached responses compared with a bare server of the same framework, cold ones
 * compared with DuckDB on the same files, latencies with the nightly run alongside, the first response after a start, and memory
 * under random requests.
 *
 *     node bench/serve.ts [--symbols 10000] [--sessions 2520] [--only warm,cold,left,load,start,memory] [--memory-seconds 60]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon, { type Request, type Result } from 'autocannon';
import { defined } from '#base/assert.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { barsLake, openLake } from './bars-lake.ts';
import { dataset, FULL_SIZE } from './dataset.ts';
import { prepareNight } from './night.ts';
import { randomQuery } from './random-queries.ts';
import { oneSymbol } from './read-symbol.sql.ts';
import { residentBytes, type Served, serveBare, serveLake } from './served.ts';

const LIMITS = { warmRatio: 0.65, coldRatio: 1.3, leftRatio: 2, firstMs: 1500, memoryBytes: 1024 * 2 ** 20 };
const ROUNDS = 5;
const WARM_ROUNDS = 9;
const ROUND_SECONDS = 2;
const WARM_CONNECTIONS = 10;
const LOAD_CONNECTIONS = 200;
const COLD_SYMBOLS = 60;
const LEFT_CLIENTS = 200;
const LEFT_ROUNDS = 9;
const DUCKDB_BYTES = 512 * 2 ** 20;

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: String(FULL_SIZE.symbols) },
    sessions: { type: 'string', default: String(FULL_SIZE.sessions) },
    only: { type: 'string', default: 'warm,cold,left,load,start,memory' },
    'memory-seconds': { type: 'string', default: '60' },
  },
});
const calendar = createCalendar({ lastYear: 2028 });
const data = await dataset(calendar, { symbols: Number(values.symbols), sessions: Number(values.sessions) });
/** Without the last session, as the nightly run finds it. */
const root = await barsLake(data, 1);
const parts: Readonly<Record<string, () => Promise<void>>> = { warm, cold, left, load, start, memory };
for (const name of values.only.split(',')) {
  const part = parts[name];
  if (part === undefined) throw new Error(`no part ${name}; there are ${Object.keys(parts).join(', ')}`);
  await part();
}

/** Ten years of one symbol, cached: requests per second, alternating with the bare server; medians of the rounds. */
async function warm(): Promise<void> {
  await using served = await serveLake(root);
  const path = barsPath(symbolAt(7));
  const bytes = await bodyOf(served, path);
  await using bare = await serveBare(bytes);
  const rates: { readonly ours: number; readonly theirs: number }[] = [];
  for (let round = 0; round <= WARM_ROUNDS; round += 1) {
    const rate = { ours: await rateOf(served, path), theirs: await rateOf(bare, path) };
    // The first round is warm-up.
    if (round > 0) rates.push(rate);
  }
  const ours = median(rates.map((rate) => rate.ours));
  const theirs = median(rates.map((rate) => rate.theirs));
  // In rounds, since the load of the machine varies.
  const ratio = median(rates.map((rate) => rate.ours / rate.theirs));
  line(`ten years of one symbol, cached (${Math.round(bytes.byteLength / 1024)} KiB)`);
  report(
    '  requests a second',
    ratio,
    LIMITS.warmRatio,
    `× a bare server (${ours.toFixed(0)} of ${theirs.toFixed(0)})`,
    'least',
  );
}

/**
 * Ten years of symbols not requested before, over HTTP, alternating with DuckDB reading the same rows of the same
 * files.
 */
async function cold(): Promise<void> {
  await using served = await serveLake(root);
  using open = await openLake(root, DUCKDB_BYTES);
  const snapshot = defined(await open.lake.table(DAILY_BARS).head(), 'the lake has bars');
  const files = snapshot.files.map((file) => join(root, DAILY_BARS.name, file.path));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < COLD_SYMBOLS + 5; i += 1) {
    const symbol = symbolAt(11 + i * 13);
    let startMs = performance.now();
    await open.engine.columns(oneSymbol(files, symbol));
    const duckdbMs = performance.now() - startMs;
    startMs = performance.now();
    await bodyOf(served, barsPath(symbol));
    const servedMs = performance.now() - startMs;
    if (i < 5) continue;
    theirs.push(duckdbMs);
    ours.push(servedMs);
  }
  line(`ten years of one symbol, cold, ${files.length} files`);
  const what = `× DuckDB (${median(ours).toFixed(1)} of ${median(theirs).toFixed(1)} ms)`;
  report('  time', median(ours) / median(theirs), LIMITS.coldRatio, what, 'most');
}

/** A cold read right after 200 clients requested cold reads and left, compared with one alone. */
async function left(): Promise<void> {
  await using served = await serveLake(root);
  const { port } = new URL(served.url);
  let next = 1;
  // Each address is new: no two reads share a symbol and a limit.
  const path = (): string => {
    next += 1;
    return barsPath(symbolAt(next * 7)).replace('limit=50000', `limit=${10_000 + next}`);
  };
  const timed = async (): Promise<number> => {
    const startMs = performance.now();
    await bodyOf(served, path());
    return performance.now() - startMs;
  };
  for (let i = 0; i < 5; i += 1) await timed();
  const alone: number[] = [];
  const after: number[] = [];
  for (let round = 0; round < LEFT_ROUNDS; round += 1) {
    alone.push(await timed());
    const sockets = await Promise.all(
      Array.from({ length: LEFT_CLIENTS }, async () => {
        const socket = connect(Number(port), '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(`GET ${path()} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
        return socket;
      }),
    );
    for (const socket of sockets) socket.destroy();
    after.push(await timed());
  }
  line(`a cold read after ${LEFT_CLIENTS} clients left`);
  const what = `× alone (${median(after).toFixed(1)} of ${median(alone).toFixed(1)} ms)`;
  report('  time', median(after) / median(alone), LIMITS.leftRatio, what, 'most');
}

/** 200 connections that request hot and cold symbols, alone and with the nightly run in another process. */
async function load(): Promise<void> {
  await using lake = await prepareNight(calendar, data, defined(data.dates.at(-1), 'the dataset has sessions'));
  await using served = await serveLake(lake.root);
  const requests = Array.from({ length: 1000 }, (_, i) => ({
    path: barsPath(symbolAt(i % 4 === 0 ? 500 + i : i % 40)),
  }));
  const shoot = (seconds: number) => shot(served, seconds, requests);
  await shoot(3);
  line(`${LOAD_CONNECTIONS} connections, one request in four to one of 250 symbols and the rest to 30`);
  describe('  alone', await shoot(10));
  const startMs = performance.now();
  // Like `condvest up`: a separate process with a lower priority if there are few processors.
  const night = spawn(process.execPath, lake.command, { stdio: ['ignore', 'ignore', 'inherit'] });
  setPriority(night.pid ?? 0, constants.priority.PRIORITY_BELOW_NORMAL);
  const ended = once(night, 'close');
  const results: Result[] = [];
  while (night.exitCode === null) results.push(await shoot(5));
  await ended;
  const nightMs = performance.now() - startMs;
  const worst = results.toSorted((a, b) => b.latency.p99 - a.latency.p99)[0];
  describe('  with the nightly run', defined(worst, 'there was a shot'));
  line(`  the nightly run ended with ${night.exitCode} in less than ${(nightMs / 1000).toFixed(0)} s beside it`);
}

/** From the start of the process to its first response, with a full lake and without one. */
async function start(): Promise<void> {
  for (const [name, lake] of [
    ['serve', root],
    ['up', undefined],
  ] as const) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await using served = await serveLake(lake, lake === undefined ? ['--symbols', '50', '--years', '2'] : []);
      times.push(served.firstMs);
    }
    report(`condvest ${name}: first response`, median(times), LIMITS.firstMs, 'ms after the start', 'most');
  }
}

/** Random requests of every kind over all symbols: the server's memory must level off. */
async function memory(): Promise<void> {
  const sessions = data.dates.slice(0, -1);
  await using served = await serveLake(root);
  const seconds = Number(values['memory-seconds']);
  const samples: number[] = [];
  const rounds = Math.max(6, Math.ceil(seconds / 10));
  let requests = 0;
  for (let round = 0; round < rounds; round += 1) {
    const paths = Array.from({ length: 2000 }, () => ({
      path: randomQuery({ symbolAt, symbols: data.symbols, sessions }),
    }));
    const result = await shot(served, seconds / rounds, paths, 16);
    requests += result.requests.total;
    samples.push(await residentBytes(served.pid));
  }
  const third = Math.floor(rounds / 3);
  const [middle, last] = [Math.max(...samples.slice(third, 2 * third)), Math.max(...samples.slice(2 * third))];
  line(`${requests} random requests over ${data.symbols} symbols in ${seconds} s`);
  report('  memory', Math.max(...samples) / 2 ** 20, LIMITS.memoryBytes / 2 ** 20, 'MiB', 'most');
  line(`  the last third compared with the one before: ${(last / middle).toFixed(2)} ×`);
}

function barsPath(symbol: string, part = 0): string {
  const years = Math.floor(part * 9);
  const from = `${2015 + years}-01-02`;
  return `/v2/aggs/ticker/${symbol}/range/1/day/${from}/2024-12-31?limit=50000`;
}

/** Symbol names as in the dataset. */
function symbolAt(index: number): string {
  return `S${String(index % data.symbols).padStart(6, '0')}`;
}

async function bodyOf(served: Served, path: string): Promise<Uint8Array> {
  const response = await fetch(served.url + path, { headers: { 'accept-encoding': 'identity' } });
  if (response.status !== 200) throw new Error(`${response.status} for ${path}: ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function rateOf(served: Served, path: string): Promise<number> {
  const result = await shot(served, ROUND_SECONDS, [{ path }], WARM_CONNECTIONS);
  return result.requests.average;
}

async function shot(
  served: Served,
  duration: number,
  requests: Request[],
  connections = LOAD_CONNECTIONS,
): Promise<Result> {
  const result = await autocannon({ url: served.url, connections, duration, requests, timeout: 60 });
  const failed = result.errors + result.timeouts + result.non2xx;
  if (failed > 0) throw new Error(`${failed} of ${result.requests.total} requests failed`);
  return result;
}

function describe(name: string, { requests, latency }: Result): void {
  const { p50, p99, p99_9, max } = latency;
  line(
    `${name}: p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p99_9} ms, longest ${max} ms, ${requests.average.toFixed(0)} a second`,
  );
}

function report(name: string, measured: number, limit: number, unit: string, bound: 'least' | 'most'): void {
  const isGood = bound === 'least' ? measured >= limit : measured <= limit;
  line(`${name} ${measured.toFixed(2)} ${unit} (at ${bound} ${limit}): ${isGood ? 'ok' : 'NOT MET'}`);
  if (!isGood) process.exitCode = 1;
}

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
