import { spawnSync } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '#adapters/system/clock.ts';
import { resample } from '#batch/resample/resample.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import { barsLake, emptySilver, openLake, publishSession } from './bars-lake.ts';
import { copySeconds, type Dataset, type DatasetSize, dataset, FULL_SIZE } from './dataset.ts';

/**
 * Resampling: the six-interval rebuild as a multiple of copying the same daily rows, its memory, and one new session as a
 * fraction of the rebuild, with ten years of history and with one.
 *
 *     node bench/resample.ts [--symbols 10000] [--sessions 2520]
 */

const LIMITS = { rebuildToCopy: 2.5, memoryBytes: 1e9, sessionToRebuild: 0.05 } as const;
/** DuckDB's share of the process's memory. */
const MEMORY_LIMIT_BYTES = 500e6;
const RUNS = 3;
const SESSIONS_A_YEAR = 252;

interface Measured {
  readonly seconds: number;
  /** Processor time of all cores, which depends less on other load. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Best of several runs, each in its own process: only the disk cache is warm, and memory is measured separately. */
function best(step: string, size: DatasetSize, runs: number): Measured {
  const measured = Array.from({ length: runs }, (_, run): Measured => {
    const args = [import.meta.filename, '--step', step, '--run', String(run)];
    args.push('--symbols', String(size.symbols), '--sessions', String(size.sessions));
    const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.status !== 0) throw new Error(`step ${step} ended with ${child.status ?? child.signal}`);
    return JSON.parse(child.stdout) as Measured;
  });
  return {
    seconds: Math.min(...measured.map(({ seconds }) => seconds)),
    cpuSeconds: Math.min(...measured.map(({ cpuSeconds }) => cpuSeconds)),
    memoryBytes: Math.max(...measured.map(({ memoryBytes }) => memoryBytes)),
  };
}

async function timed(work: () => Promise<unknown>): Promise<Measured> {
  const startMs = performance.now();
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return {
    seconds: (performance.now() - startMs) / 1000,
    cpuSeconds: (user + system) / 1e6,
    memoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function copyStep(data: Dataset): Promise<Measured> {
  using open = await openLake(`${data.folder}/copy`, 4e9);
  const files = data.years.map(({ file }) => file);
  return await timed(() => copySeconds(open.engine, files));
}

async function rebuildStep(calendar: Calendar, data: Dataset): Promise<Measured> {
  const root = await barsLake(data, RUNS);
  await emptySilver(root);
  using open = await openLake(root, MEMORY_LIMIT_BYTES);
  return await timed(async () => {
    const report = await resample({ lake: open.lake, calendar, clock: systemClock }, { intervals: DEFAULT_INTERVALS });
    if (report.intervals.some(({ mode }) => mode !== 'full')) throw new Error(`not rebuilt: ${JSON.stringify(report)}`);
  });
}

/**
 * One of the sessions that were held back. The lake is a copy, so that every run of the benchmark starts from the same
 * state.
 */
async function sessionStep(calendar: Calendar, data: Dataset, run: number): Promise<Measured> {
  const root = `${data.folder}/nightly`;
  if (run === 0) {
    await rm(root, { recursive: true, force: true });
    await cp(await barsLake(data, RUNS), root, { recursive: true });
  }
  using open = await openLake(root, MEMORY_LIMIT_BYTES);
  const session = data.dates.at(run - RUNS);
  if (session === undefined) throw new Error('no session was held back');
  await publishSession(open.lake, data, session);
  return await timed(async () => {
    const report = await resample({ lake: open.lake, calendar, clock: systemClock }, { intervals: DEFAULT_INTERVALS });
    if (report.intervals.some(({ mode, windows }) => mode !== 'incremental' || windows !== 1)) {
      throw new Error(`more than one window a table: ${JSON.stringify(report)}`);
    }
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function verdict(value: number, limit: number): string {
  return value <= limit ? 'within' : 'OVER';
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      symbols: { type: 'string', default: String(FULL_SIZE.symbols) },
      sessions: { type: 'string', default: String(FULL_SIZE.sessions) },
      step: { type: 'string' },
      run: { type: 'string', default: '0' },
    },
  });
  const calendar = createCalendar({ lastYear: 2028 });
  const size = { symbols: Number(values.symbols), sessions: Number(values.sessions) };
  const data = await dataset(calendar, size);
  const steps: Record<string, () => Promise<Measured>> = {
    copy: () => copyStep(data),
    rebuild: () => rebuildStep(calendar, data),
    session: () => sessionStep(calendar, data, Number(values.run)),
  };
  if (values.step !== undefined) {
    const step = steps[values.step];
    if (step === undefined) throw new Error(`no step ${values.step}`);
    process.stdout.write(JSON.stringify(await step()));
    return;
  }
  await barsLake(data, RUNS);
  print(`${size.symbols} symbols × ${size.sessions} sessions, ${DEFAULT_INTERVALS.length} intervals`);
  const before = best('copy', size, RUNS);
  const rebuild = best('rebuild', size, 2);
  const session = best('session', size, RUNS);
  const after = best('copy', size, RUNS);
  const copy = Math.min(before.seconds, after.seconds);
  const cpuRatio = rebuild.cpuSeconds / Math.min(before.cpuSeconds, after.cpuSeconds);
  print(
    `copy               ${copy.toFixed(2)} s (before ${before.seconds.toFixed(2)}, after ${after.seconds.toFixed(2)})`,
  );
  const rebuildRatio = rebuild.seconds / copy;
  print(
    `rebuild            ${rebuild.seconds.toFixed(2)} s = ${rebuildRatio.toFixed(2)} × copy; processor time ${cpuRatio.toFixed(2)} × (limit ${LIMITS.rebuildToCopy}: ${verdict(cpuRatio, LIMITS.rebuildToCopy)})`,
  );
  print(
    `rebuild, memory    ${(rebuild.memoryBytes / 1e6).toFixed(0)} MB (limit ${LIMITS.memoryBytes / 1e6}: ${verdict(rebuild.memoryBytes, LIMITS.memoryBytes)})`,
  );
  const share = session.seconds / rebuild.seconds;
  print(
    `one new session    ${session.seconds.toFixed(2)} s = ${(share * 100).toFixed(1)} % of the rebuild (limit ${LIMITS.sessionToRebuild * 100}: ${verdict(share, LIMITS.sessionToRebuild)})`,
  );
  if (size.sessions <= SESSIONS_A_YEAR) return;
  const yearSize = { ...size, sessions: SESSIONS_A_YEAR };
  const yearData = await dataset(calendar, yearSize);
  await barsLake(yearData, RUNS);
  best('rebuild', yearSize, 1);
  const ofOneYear = best('session', yearSize, RUNS);
  print(
    `  with one year    ${ofOneYear.seconds.toFixed(2)} s; ten years cost ${(session.seconds / ofOneYear.seconds).toFixed(2)} times that`,
  );
}

await main();
