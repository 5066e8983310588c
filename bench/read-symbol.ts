import { existsSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { systemClock } from '#adapters/system/clock.ts';
import { resample } from '#batch/resample/resample.ts';
import type { Engine } from '#lake/engine.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import type { BarsRequest } from '#serving/read/served-bars.ts';

import { barsLake, openLake } from './bars-lake.ts';
import { type DatasetSize, dataset, FULL_SIZE } from './dataset.ts';
import { copyFormerLayout, oneSymbol, rangesOfSymbol } from './read-symbol.sql.ts';

/**
 * Time to read one symbol's whole history with open snapshots, compared with DuckDB's best on the same files, and on the
 * same rows in the layout of version 0.1: the same columns with `read_parquet`, sorted, as JavaScript values. All
 * alternate on the same symbols, each of which is read for the first time.
 */

export interface ReadSymbolResult {
  readonly bars: number;
  readonly files: number;
  readonly layout: Layout;
  readonly formerLayout: Layout;
  /** Median milliseconds. */
  readonly formerMs: number;
  readonly duckdbMs: number;
  readonly dailyMs: number;
  readonly totalMs: number;
  readonly storedMs: number;
  readonly computedMs: number;
}

/** Size of the files, and what one symbol needs of them from an object store. */
interface Layout {
  readonly sizeBytes: number;
  readonly ranges: number;
  readonly rangeBytes: number;
}

/** Largest share of DuckDB's time on the former layout that daily bars may take. */
const LIMIT = 0.45;
/** The same lake as in the resampling benchmark, built once. */
const HELD_BACK = 3;
const SYMBOLS = 40;
const MEMORY_BYTES = 2e9;
/** A stored interval, and one that is not. */
const STORED = 21;
const COMPUTED = 10;

export async function benchReadSymbol(size: DatasetSize): Promise<ReadSymbolResult> {
  const calendar = createCalendar({ lastYear: 2028 });
  const root = await barsLake(await dataset(calendar, size), HELD_BACK);
  using open = await openLake(root, MEMORY_BYTES);
  const { lake, engine } = open;
  // DuckDB as it comes: without the cache of footers that our engine turns on.
  using plain = await openLake(`${root}-former`, MEMORY_BYTES);
  await plain.engine.run('SET GLOBAL parquet_metadata_cache = false');
  await resample({ lake, calendar, clock: systemClock }, { intervals: [STORED] });
  const snapshot = await lake.table(DAILY_BARS).head();
  const files = (snapshot?.files ?? []).map((file) => join(root, DAILY_BARS.name, file.path));
  const former = await formerFiles(plain.engine, files, `${root}-former/files`);
  const known = await engine.rows<{ symbol: string }>(
    `SELECT DISTINCT symbol FROM read_parquet([${files.map((file) => `'${file}'`).join(', ')}]) ORDER BY symbol`,
  );
  const symbols = Array.from(
    { length: SYMBOLS },
    (_, i) => known[Math.floor((i * known.length) / SYMBOLS)]?.symbol ?? '',
  );
  const deps = { lake, calendar, clock: systemClock, caches: new MarketCaches(lake) };
  const read = (more: Omit<BarsRequest, 'symbol'>) => async (symbol: string) =>
    (await readBars(deps, { symbol, ...more })).bars.length;
  const ways = {
    former: async (symbol: string) => (await plain.engine.columns(oneSymbol(former, symbol))).session?.length ?? 0,
    duckdb: async (symbol: string) => (await engine.columns(oneSymbol(files, symbol))).session?.length ?? 0,
    daily: read({}),
    total: read({ adjust: 'total' }),
    stored: read({ interval: STORED }),
    computed: read({ interval: COMPUTED }),
  };
  const times: Record<string, number[]> = {};
  let bars = 0;
  for (const [round, symbol] of [...symbols.slice(0, 3), ...symbols].entries()) {
    for (const [name, run] of Object.entries(ways)) {
      const startMs = performance.now();
      const count = await run(symbol);
      // The first rounds are warm-up.
      if (round >= 3) {
        times[name] ??= [];
        times[name].push(performance.now() - startMs);
      }
      if (name === 'daily') bars = count;
    }
  }
  return {
    bars,
    files: files.length,
    layout: await layoutOf(engine, files, symbols[SYMBOLS >> 1] ?? ''),
    formerLayout: await layoutOf(engine, former, symbols[SYMBOLS >> 1] ?? ''),
    formerMs: median(times.former),
    duckdbMs: median(times.duckdb),
    dailyMs: median(times.daily),
    totalMs: median(times.total),
    storedMs: median(times.stored),
    computedMs: median(times.computed),
  };
}

/** The same rows, file by file, in the layout of version 0.1. Built once and reused. */
async function formerFiles(engine: Engine, files: readonly string[], folder: string): Promise<string[]> {
  const copyOf = (file: string, place: string): string => join(place, basename(file));
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    await mkdir(partial, { recursive: true });
    for (const file of files) await engine.run(copyFormerLayout(file, copyOf(file, partial)));
    await rename(partial, folder);
  }
  return files.map((file) => copyOf(file, folder));
}

async function layoutOf(engine: Engine, files: readonly string[], symbol: string): Promise<Layout> {
  const [row] = await engine.rows<{ ranges: number; bytes: number }>(rangesOfSymbol(files, symbol));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return {
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    ranges: row?.ranges ?? Number.NaN,
    rangeBytes: row?.bytes ?? Number.NaN,
  };
}

function median(values: readonly number[] = []): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

if (import.meta.main) {
  const [symbols = FULL_SIZE.symbols, sessions = FULL_SIZE.sessions] = process.argv.slice(2).map(Number);
  const result = await benchReadSymbol({ symbols, sessions });
  const { bars, files, formerMs, duckdbMs, layout, formerLayout, ...ours } = result;
  const line = (name: string, ms: number): string => `${name} ${ms.toFixed(1)} ms (${(ms / duckdbMs).toFixed(2)} x)`;
  const share = ours.dailyMs / formerMs;
  process.stdout.write(
    `one symbol of ${symbols}, ${bars} sessions in ${files} files: DuckDB ${duckdbMs.toFixed(1)} ms; ` +
      `${line('daily', ours.dailyMs)}, ${line('total', ours.totalMs)}, ` +
      `${line(`stored ${STORED}-session`, ours.storedMs)}, ${line(`computed ${COMPUTED}-session`, ours.computedMs)}\n` +
      `daily against DuckDB on the layout of version 0.1: ${share.toFixed(2)} x ${formerMs.toFixed(1)} ms ` +
      `(limit ${LIMIT}: ${share <= LIMIT ? 'within' : 'OVER'})\n`,
  );
  for (const [name, of] of [
    ['this layout', layout],
    ['version 0.1', formerLayout],
  ] as const) {
    process.stdout.write(
      `${name}: ${(of.sizeBytes / 1e6).toFixed(0)} MB; one symbol takes ${of.ranges} ranges, ${(of.rangeBytes / 1e6).toFixed(1)} MB\n`,
    );
  }
  if (share > LIMIT) process.exitCode = 1;
}
