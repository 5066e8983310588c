/**
 * The nightly run after one more session of the whole market, over a lake of ten years: plan, fetch (the vendor answers at once),
 * six intervals, consolidation, verification and report. It is the dearest kind of night: a month of files is due for merging.
 *
 *     node bench/nightly.ts [--symbols 10000] [--sessions 2520]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openSqliteOperations } from '#adapters/sql/open-sqlite.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { defined } from '#base/assert.ts';
import { sqlText } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/merge.ts';
import type { RawDailyRow } from '#market/quality.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { runPipeline } from '#runtime/pipeline.ts';

import { openLake } from './bars-lake.ts';
import { type Dataset, dataset, FULL_SIZE } from './dataset.ts';
import { nightArguments, prepareNight } from './night.ts';

const LIMITS = { seconds: 5, memoryBytes: 512 * 2 ** 20 };
/** What DuckDB may hold of the process's memory. */
const MEMORY_LIMIT_BYTES = 200e6;

const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: String(FULL_SIZE.symbols) },
    sessions: { type: 'string', default: String(FULL_SIZE.sessions) },
    lake: { type: 'string' },
    now: { type: 'string', default: '0' },
  },
});
const size = { symbols: Number(values.symbols), sessions: Number(values.sessions) };
const calendar = createCalendar({ lastYear: 2027 });
const data = await dataset(calendar, size);
if (values.lake === undefined) await prepareAndMeasure(data);
else await night(data, values.lake);

async function prepareAndMeasure(of: Dataset): Promise<void> {
  await using lake = await prepareNight(calendar, of);
  const child = spawnSync(process.execPath, nightArguments(of, lake.root), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`the night ended with ${child.status ?? child.signal}`);
  const { seconds, memoryBytes, steps } = JSON.parse(child.stdout) as Night;
  for (const [step, ms] of Object.entries(steps)) process.stdout.write(`  ${step.padEnd(16)} ${ms.toFixed(0)} ms\n`);
  report('nightly run', seconds, LIMITS.seconds, 's');
  report('memory', memoryBytes / 2 ** 20, LIMITS.memoryBytes / 2 ** 20, 'MiB');
}

interface Night {
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly steps: Readonly<Record<string, number>>;
}

async function night(of: Dataset, root: string): Promise<void> {
  using open = await openLake(root, MEMORY_LIMIT_BYTES);
  const session = defined(of.dates.at(-1), 'the dataset has sessions');
  const clock = { nowMs: () => Number(values.now), sleep: async () => undefined };
  const lake = new Lake({ ...open.lake.deps, clock });
  const year = defined(of.years.at(-1), 'the dataset has years');
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
  if (run.state !== 'succeeded') throw new Error(run.error ?? 'the run failed');
  process.stdout.write(JSON.stringify({ seconds, memoryBytes: process.resourceUsage().maxRSS * 1024, steps }));
}

function report(name: string, measured: number, limit: number, unit: string): void {
  const verdict = measured <= limit ? 'ok' : 'OVER';
  process.stdout.write(`${name.padEnd(14)} ${measured.toFixed(1)} of ${limit} ${unit}: ${verdict}\n`);
  if (measured > limit) process.exitCode = 1;
}
