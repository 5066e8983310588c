import { join } from 'node:path';

import { systemClock } from '#adapters/system/clock.ts';
import { resample } from '#batch/resample/resample.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { readBars } from '#serving/read/bars.ts';
import type { BarsRequest } from '#serving/read/served-bars.ts';

import { barsLake, openLake } from './bars-lake.ts';
import { type DatasetSize, dataset, FULL_SIZE } from './dataset.ts';
import { oneSymbol } from './read-symbol.sql.ts';

/**
 * Time to read one symbol's whole history with open snapshots, compared with DuckDB's best on the same files: the same
 * columns of the same rows with `read_parquet`, sorted, as JavaScript values. Both alternate on the same symbols.
 */

export interface ReadSymbolResult {
  readonly bars: number;
  readonly files: number;
  /** Median milliseconds. */
  readonly duckdbMs: number;
  readonly dailyMs: number;
  readonly totalMs: number;
  readonly storedMs: number;
  readonly computedMs: number;
}

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
  await resample({ lake, calendar }, { intervals: [STORED] });
  const snapshot = await lake.table(DAILY_BARS).head();
  const files = (snapshot?.files ?? []).map((file) => join(root, DAILY_BARS.name, file.path));
  const known = await engine.rows<{ symbol: string }>(
    `SELECT DISTINCT symbol FROM read_parquet([${files.map((file) => `'${file}'`).join(', ')}]) ORDER BY symbol`,
  );
  const symbols = Array.from(
    { length: SYMBOLS },
    (_, i) => known[Math.floor((i * known.length) / SYMBOLS)]?.symbol ?? '',
  );
  const deps = { lake, calendar, clock: systemClock };
  const read = (more: Omit<BarsRequest, 'symbol'>) => async (symbol: string) =>
    (await readBars(deps, { symbol, ...more })).bars.length;
  const ways = {
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
    duckdbMs: median(times.duckdb),
    dailyMs: median(times.daily),
    totalMs: median(times.total),
    storedMs: median(times.stored),
    computedMs: median(times.computed),
  };
}

function median(values: readonly number[] = []): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

if (import.meta.main) {
  const [symbols = FULL_SIZE.symbols, sessions = FULL_SIZE.sessions] = process.argv.slice(2).map(Number);
  const { bars, files, duckdbMs, ...ours } = await benchReadSymbol({ symbols, sessions });
  const line = (name: string, ms: number): string => `${name} ${ms.toFixed(1)} ms (${(ms / duckdbMs).toFixed(2)} x)`;
  process.stdout.write(
    `one symbol of ${symbols}, ${bars} sessions in ${files} files: DuckDB ${duckdbMs.toFixed(1)} ms; ` +
      `${line('daily', ours.dailyMs)}, ${line('total', ours.totalMs)}, ` +
      `${line(`stored ${STORED}-session`, ours.storedMs)}, ${line(`computed ${COMPUTED}-session`, ours.computedMs)}\n`,
  );
}
