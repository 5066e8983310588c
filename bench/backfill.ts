/**
 * Five years of the whole market from a local vendor, through HTTP, the vendor's adapter and the lake.
 *
 * 1. Without a budget: the cost of a session, compared with just receiving and parsing its response.
 * 2. The free plan's five requests per minute: the duration, compared with the minimum that five per minute allows. Waiting takes
 *    no time here, only work does: every sleep moves the clock forward. (In reality, some of the work overlaps with waiting.)
 *
 *     node bench/backfill.ts [--symbols 10000] [--sessions 1260]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { MassiveSource } from '#adapters/massive/daily-source.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { fetchBars, throwFailures } from '#batch/fetch/fetch-bars.ts';
import type { FetchDeps } from '#batch/fetch/fetched-session.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import type { Clock } from '#ports/clock.ts';

import { openLake } from './bars-lake.ts';

const PER_MINUTE = 5;
/** Sessions of the free-plan run; the cost per session hardly depends on their number. */
const BUDGET_SESSIONS_MAX = 252;
const LIMITS = { overMinimum: 1.05, overReading: 12 };
const MEMORY_LIMIT_BYTES = 512e6;

const { values } = parseArgs({
  options: { symbols: { type: 'string', default: '10000' }, sessions: { type: 'string', default: '1260' } },
});
const symbols = Number(values.symbols);
const calendar = createCalendar({ lastYear: 2027 });
const last = calendar.indexOnOrBefore(calendar.lastClosedSession(Date.UTC(2025, 0, 3)));
const sessions = Array.from({ length: Number(values.sessions) }, (_, index) => calendar.sessionAt(last - index));

const vendor = spawn(process.execPath, [join(import.meta.dirname, 'backfill-vendor.ts'), values.symbols], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const [baseUrl] = (await once(createInterface({ input: vendor.stdout }), 'line')) as [string];
  await withoutBudget(baseUrl);
  await freePlan(baseUrl);
} finally {
  vendor.kill();
}

async function withoutBudget(baseUrl: string): Promise<void> {
  const sample = sessions.slice(0, 40);
  const source = sourceOf(baseUrl, 0, clockOf());
  await source.bars(sample[0] ?? calendar.firstSession);
  const startMs = performance.now();
  for (const session of sample) {
    const reply = await fetch(`${baseUrl}/v2/aggs/grouped/locale/us/market/stocks/${session}?adjusted=false`);
    await reply.json();
  }
  const readingMs = (performance.now() - startMs) / sample.length;
  const { ms, rows } = await backfill(baseUrl, 0, sessions);
  const each = ms / sessions.length;
  process.stdout.write(
    `no budget      ${sessions.length} sessions, ${rows} bars in ${(ms / 1000).toFixed(0)} s: ${each.toFixed(0)} ms a session, ` +
      `${(1000 / each).toFixed(1)} a second\n`,
  );
  report('a session against reading its reply', each / readingMs, LIMITS.overReading);
  report('memory, MiB', process.resourceUsage().maxRSS / 1024, 1024);
}

async function freePlan(baseUrl: string): Promise<void> {
  const some = sessions.slice(0, BUDGET_SESSIONS_MAX);
  const { ms } = await backfill(baseUrl, PER_MINUTE, some);
  // The first five start immediately, and the last five need no minute after them.
  const leastMs = (Math.ceil(some.length / PER_MINUTE) - 1) * 60_000;
  process.stdout.write(
    `free plan      ${some.length} sessions in ${(ms / 60_000).toFixed(1)} min, of which ${(leastMs / 60_000).toFixed(1)} min are the budget's\n`,
  );
  report("elapsed against the budget's own minimum", ms / leastMs, LIMITS.overMinimum);
}

async function backfill(
  baseUrl: string,
  perMinute: number,
  of: readonly (typeof sessions)[number][],
): Promise<{ ms: number; rows: number }> {
  const root = await mkdtemp(join(tmpdir(), 'condvest-backfill-'));
  try {
    const clock = clockOf();
    using open = await openLake(root, MEMORY_LIMIT_BYTES, clock);
    const { lake } = open;
    const rules = { sourceRanks: DEFAULT_SOURCE_RANKS, longestInterval: 34, partialShare: 0.9, quarantineBound: 0.01 };
    const deps: FetchDeps = { lake, calendar, clock, source: sourceOf(baseUrl, perMinute, clock), rules };
    const startMs = clock.nowMs();
    const report = await fetchBars(deps, { sessions: of.map((session) => ({ session, reason: 'missing' })) });
    throwFailures(report);
    if (report.inserted !== of.length * symbols) throw new Error(`${report.inserted} bars were stored`);
    return { ms: clock.nowMs() - startMs, rows: report.inserted };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function sourceOf(baseUrl: string, requestsPerMinute: number, clock: Clock): MassiveSource {
  const common = { apiKey: 'bench', calendar, clock, random: systemRandom, types: ['CS'], exchanges: ['XNYS'] };
  return new MassiveSource({ baseUrl, requestsPerMinute, ...common });
}

/** Real time, plus all sleeps at no cost. */
function clockOf(): Clock {
  let sleptMs = 0;
  return {
    nowMs: () => Math.floor(Date.now() + sleptMs),
    sleep: async (ms) => {
      sleptMs += ms;
    },
  };
}

function report(name: string, measured: number, limit: number): void {
  const verdict = measured <= limit ? 'ok' : 'OVER';
  process.stdout.write(`${name.padEnd(42)} ${measured.toFixed(2)} of ${limit}: ${verdict}\n`);
  if (measured > limit) process.exitCode = 1;
}
