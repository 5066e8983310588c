/**
 * One nightly run over a lake that `prepareNight` built, in its own process: plan, fetch (the vendor responds immediately), six
 * intervals, consolidation, verification and report. Prints its cost as JSON.
 *
 *     node bench/night-run.ts --lake FOLDER --session DATE --symbols N --sessions N
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openSqlite } from '#adapters/sql/open-sqlite.ts';
import { sqlStore } from '#adapters/sql/store.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { defined } from '#base/assert.ts';
import { type IsoDate, isoDate, yearOf } from '#base/dates.ts';
import { sqlText } from '#lake/engine.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { RawDailyRow } from '#market/quality.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { runPipeline } from '#runtime/runs/pipeline.ts';

import { openLake } from './bars-lake.ts';
import { type Dataset, dataset } from './dataset.ts';

/** DuckDB's share of the process's memory. */
const MEMORY_LIMIT_BYTES = 200e6;

export interface Night {
  readonly seconds: number;
  /** Processor time, excluding the start of the engine and the process. */
  readonly processorSeconds: number;
  readonly memoryBytes: number;
  readonly steps: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    symbols: { type: 'string' },
    sessions: { type: 'string' },
    lake: { type: 'string' },
    session: { type: 'string' },
  },
});
const calendar = createCalendar({ lastYear: 2027 });
const data = await dataset(calendar, { symbols: Number(values.symbols), sessions: Number(values.sessions) });
await night(data, values.lake ?? '', isoDate(values.session ?? ''));

async function night(of: Dataset, root: string, session: IsoDate): Promise<void> {
  const clock = { nowMs: () => calendar.closeMs(session) + 300_000, sleep: async () => undefined };
  using open = await openLake(root, MEMORY_LIMIT_BYTES, clock);
  const { lake } = open;
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
  const path = join(root, 'operations.sqlite');
  await using store = sqlStore(() => openSqlite({ path, random: systemRandom, nowMs: 0 }), systemRandom);
  const rules = { sourceRanks: DEFAULT_SOURCE_RANKS, longestInterval: 34, partialShare: 0.5, quarantineBound: 0.01 };
  const startedMs = new Map<string, number>();
  const steps: Record<string, number> = {};
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const { run } = await runPipeline(
    {
      pipeline: { lake, calendar, clock, source, rules, intervals: DEFAULT_INTERVALS },
      ...store,
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
  const memoryBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ seconds, processorSeconds, memoryBytes, steps } satisfies Night));
}
