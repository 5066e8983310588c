/**
 * A lake as a nightly run finds it, and that run. As a program, it runs one night over a lake that `prepareNight` built,
 * in its own process, and prints its cost as JSON:
 *
 *     node bench/night.ts --lake FOLDER --session DATE --symbols N --sessions N
 */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openSqlite } from '#adapters/sql/open-sqlite.ts';
import { sqlStore } from '#adapters/sql/store.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { defined } from '#base/assert.ts';
import { type IsoDate, isoDate, yearOf } from '#base/dates.ts';
import { recordSessions } from '#batch/ledger/record-sessions.ts';
import { resample } from '#batch/resample/resample.ts';
import { sqlText } from '#lake/sql-text.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import type { RawDailyRow } from '#market/quality.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { runPipeline } from '#runtime/runs/pipeline.ts';
import { barsLake, openLake } from './bars-lake.ts';
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

/** Earlier files were written and verified this long before the night. */
const AGE_MS = 30 * 86_400_000;

export interface NightLake extends AsyncDisposable {
  readonly root: string;
  /** Arguments of a process that does the night's work and reports it as JSON. */
  readonly command: readonly string[];
}

/**
 * Returns a copy of the dataset's lake as the nightly run of a session finds it: all earlier sessions published,
 * recorded and resampled.
 */
export async function prepareNight(calendar: Calendar, of: Dataset, session: IsoDate): Promise<NightLake> {
  const earlier = of.dates.filter((date) => date < session);
  const root = join(of.folder, `nightly-${process.pid}`);
  await cp(await barsLake(of, of.dates.length - earlier.length), root, { recursive: true });
  {
    using open = await openLake(root, 1e9);
    const rowsAfter = new Map(earlier.map((date) => [date, of.symbols]));
    const last = defined(earlier.at(-1), 'the dataset has sessions before it');
    await recordSessions(
      { lake: open.lake, calendar, rules: { partialShare: 0.5 } },
      { rowsAfter, changed: new Set(), fetchedAtMs: calendar.settlesAtMs(last), countUnchangedAttempts: true },
    );
    await resample({ lake: open.lake, calendar, clock: systemClock }, { intervals: DEFAULT_INTERVALS });
  }
  await makeOlder(root, calendar.closeMs(session) - AGE_MS);
  const size = ['--symbols', String(of.symbols), '--sessions', String(of.sessions)];
  return {
    root,
    command: [import.meta.filename, '--lake', root, '--session', session, ...size],
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Makes the log say that all files were written at an instant. */
async function makeOlder(root: string, ms: number): Promise<void> {
  for (const entry of await readdir(root, { recursive: true })) {
    if (!/_delta_log.[0-9]+\.json$/.test(entry)) continue;
    const path = join(root, entry);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll(/"modificationTime":\d+/g, `"modificationTime":${ms}`));
  }
}

/**
 * Runs one night in this process: plan, fetch (the vendor responds immediately), six intervals, consolidation,
 * verification and report.
 */
async function runNight(calendar: Calendar, of: Dataset, root: string, session: IsoDate): Promise<Night> {
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
  return { seconds, processorSeconds, memoryBytes, steps };
}

if (import.meta.main) {
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
  const night = await runNight(calendar, data, values.lake ?? '', isoDate(values.session ?? ''));
  process.stdout.write(JSON.stringify(night));
}
