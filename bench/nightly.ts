/**
 * The nightly run after one more session of the whole market, over a lake of ten years: plan, fetch (the vendor answers at once),
 * six intervals, consolidation, verification and report. It is a dear kind of night: with its session the longest interval begins
 * a new window, so that the 34 sessions of the one before are merged into their year's file, of up to 2.5 million rows.
 *
 *     node bench/nightly.ts [--symbols 10000] [--sessions 2520]
 */
import { spawnSync } from 'node:child_process';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openSqliteOperations } from '#adapters/sql/open-sqlite.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { defined } from '#base/assert.ts';
import { yearOf } from '#base/dates.ts';
import { recordSessions } from '#batch/record-sessions.ts';
import { resample } from '#batch/resample/resample.ts';
import { sqlText } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/merge.ts';
import type { RawDailyRow } from '#market/quality.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { runPipeline } from '#runtime/pipeline.ts';

import { barsLake, openLake } from './bars-lake.ts';
import { type Dataset, dataset, FULL_SIZE } from './dataset.ts';

const LIMITS = { seconds: 5, memoryBytes: 512 * 2 ** 20 };
/** What DuckDB may hold of the process's memory. */
const MEMORY_LIMIT_BYTES = 200e6;

/** The files made before this night were written, and verified, so long before it. */
const AGE_MS = 30 * 86_400_000;
const LONGEST = 34;

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: String(FULL_SIZE.symbols) },
    sessions: { type: 'string', default: String(FULL_SIZE.sessions) },
    lake: { type: 'string' },
  },
});
const size = { symbols: Number(values.symbols), sessions: Number(values.sessions) };
const calendar = createCalendar({ lastYear: 2027 });
const data = await dataset(calendar, size);
/** Its session begins a window of the longest interval. */
const tonight = defined(
  data.dates.findLast((session) => calendar.sessionIndex(session) % LONGEST === 0),
  'the dataset has a window of the longest interval',
);
const earlier = data.dates.filter((session) => session < tonight);
if (values.lake === undefined) await prepareAndMeasure(data);
else await night(data, values.lake);

async function prepareAndMeasure(of: Dataset): Promise<void> {
  const root = join(of.folder, `nightly-${process.pid}`);
  await cp(await barsLake(of, of.dates.length - earlier.length), root, { recursive: true });
  try {
    {
      using open = await openLake(root, 1e9);
      const rowsAfter = new Map(earlier.map((session) => [session, of.symbols]));
      const last = defined(earlier.at(-1), 'the dataset has sessions');
      await recordSessions(
        { lake: open.lake, calendar, rules: { partialShare: 0.5 } },
        { rowsAfter, changed: new Set(), fetchedAtMs: calendar.settlesAtMs(last), countEveryLook: true },
      );
      await resample({ lake: open.lake, calendar }, { intervals: DEFAULT_INTERVALS });
    }
    await makeOlder(root, calendar.closeMs(tonight) - AGE_MS);
    const args = [import.meta.filename, '--lake', root, '--symbols', values.symbols, '--sessions', values.sessions];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.status !== 0) throw new Error(`the night ended with ${child.status ?? child.signal}`);
    const { seconds, processorSeconds, memoryBytes, steps } = JSON.parse(child.stdout) as Night;
    for (const [step, ms] of Object.entries(steps)) process.stdout.write(`  ${step.padEnd(16)} ${ms.toFixed(0)} ms\n`);
    process.stdout.write(`processor time ${processorSeconds.toFixed(1)} s\n`);
    report('nightly run', seconds, LIMITS.seconds, 's');
    report('memory', memoryBytes / 2 ** 20, LIMITS.memoryBytes / 2 ** 20, 'MiB');
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The log says of all files that they were written at an instant. */
async function makeOlder(root: string, ms: number): Promise<void> {
  for (const entry of await readdir(root, { recursive: true })) {
    if (!/_delta_log.[0-9]+\.json$/.test(entry)) continue;
    const path = join(root, entry);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll(/"modificationTime":\d+/g, `"modificationTime":${ms}`));
  }
}

interface Night {
  readonly seconds: number;
  /** Of both processors, without what the engine and the process took to begin. */
  readonly processorSeconds: number;
  readonly memoryBytes: number;
  readonly steps: Readonly<Record<string, number>>;
}

async function night(of: Dataset, root: string): Promise<void> {
  using open = await openLake(root, MEMORY_LIMIT_BYTES);
  const session = tonight;
  const clock = { nowMs: () => calendar.closeMs(session) + 300_000, sleep: async () => undefined };
  const lake = new Lake({ ...open.lake.deps, clock });
  const year = defined(
    of.years.find(({ year: known }) => known === yearOf(session)),
    'the dataset has years',
  );
  const rows = await open.engine.rows<RawDailyRow>(
    `select symbol, session, open, high, low, close, volume, vwap, trades
     from read_parquet(${sqlText(year.file)}, hive_partitioning = false) where session = date '${session}'`,
  );
  const source: DailySource = {
    name: 'massive',
    hasReference: false,
    parallelMax: 1,
    bars: async () => ({ kind: 'bars', rows, digest: 'bench' }),
    symbols: async () => [],
    splits: async () => [],
    dividends: async () => [],
    symbolChanges: async () => [],
  };
  await using operations = await openSqliteOperations({
    path: join(root, 'operations.sqlite'),
    random: systemRandom,
    nowMs: 0,
  });
  const rules = { sourceRanks: DEFAULT_SOURCE_RANKS, longestInterval: 34, partialShare: 0.5, quarantineBound: 0.01 };
  const startedMs = new Map<string, number>();
  const steps: Record<string, number> = {};
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const { run } = await runPipeline(
    {
      pipeline: { lake, calendar, source, rules, intervals: DEFAULT_INTERVALS },
      operations,
      notifiers: [],
      clock,
      random: systemRandom,
    },
    {
      input: { session },
      onStep: ({ step, state }) => {
        if (state === 'running') startedMs.set(step, performance.now());
        else steps[step] = performance.now() - (startedMs.get(step) ?? 0);
      },
    },
  );
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(startCpu);
  const processorSeconds = (used.user + used.system) / 1e6;
  if (run.state !== 'succeeded') throw new Error(run.error ?? 'the run failed');
  process.stdout.write(
    JSON.stringify({ seconds, processorSeconds, memoryBytes: process.resourceUsage().maxRSS * 1024, steps }),
  );
}

function report(name: string, measured: number, limit: number, unit: string): void {
  const verdict = measured <= limit ? 'ok' : 'OVER';
  process.stdout.write(`${name.padEnd(14)} ${measured.toFixed(1)} of ${limit} ${unit}: ${verdict}\n`);
  if (measured > limit) process.exitCode = 1;
}
