import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type IsoDate, yearOf } from '#base/dates.ts';
import { Engine } from '#lake/engine.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { CREATE_BENCH_SESSIONS, copyAll, copySplits, copyWalks, copyYear } from './dataset.sql.ts';

export interface DatasetSize {
  readonly symbols: number;
  readonly sessions: number;
}

/** The size behind the figures in the README. */
export const FULL_SIZE: DatasetSize = { symbols: 10_000, sessions: 2520 };

/** Rows of bronze/daily_bars and bronze/splits as plain Parquet files. */
export interface Dataset extends DatasetSize {
  readonly folder: string;
  /** Ascending. */
  readonly dates: readonly IsoDate[];
  /** One file per year, each sorted by symbol and session. */
  readonly years: readonly { readonly year: number; readonly file: string }[];
  readonly splitsFile: string;
}

/** Changes whenever the rows change, so that no old dataset is mistaken for a new one. */
const EDITION = 1;
/** The last session of every dataset is in this past, complete year. */
const LAST_DATE = '2024-12-31' as IsoDate;
const SYMBOLS_A_WALK = 1000;

export function benchFolder(): string {
  return join(tmpdir(), 'condvest-bench');
}

/** Returns the dataset of this size, built now or reused from an earlier run. */
export async function dataset(calendar: Calendar, size: DatasetSize): Promise<Dataset> {
  const folder = join(benchFolder(), `bars-${EDITION}-${size.symbols}x${size.sessions}`);
  const last = calendar.indexOnOrBefore(LAST_DATE);
  const dates = Array.from({ length: size.sessions }, (_, i) => calendar.sessionAt(last - size.sessions + 1 + i));
  const years = [...new Set(dates.map(yearOf))];
  const made: Dataset = {
    ...size,
    folder,
    dates,
    years: years.map((year) => ({ year, file: join(folder, `year=${year}`, 'bars.parquet') })),
    splitsFile: join(folder, 'splits.parquet'),
  };
  if (existsSync(folder)) return made;

  // Built next to its final place and moved there as a whole: an interrupted run leaves nothing that looks finished.
  const partial = `${folder}.${process.pid}`;
  const walks = join(partial, 'walks');
  await mkdir(walks, { recursive: true });
  const engine = await Engine.create({ tempFolder: join(partial, 'spill'), memoryLimitBytes: 4e9 });
  try {
    const rows = dates.map((session) => ({ session, idx: calendar.sessionIndex(session) }));
    await engine.run(CREATE_BENCH_SESSIONS, [JSON.stringify(rows)]);
    for (let from = 0; from < size.symbols; from += SYMBOLS_A_WALK) {
      const to = Math.min(from + SYMBOLS_A_WALK, size.symbols);
      await engine.run(copyWalks(from, to, join(walks, `${String(from).padStart(7, '0')}.parquet`)));
    }
    const all = join(walks, '*.parquet');
    for (const year of years) {
      await mkdir(join(partial, `year=${year}`));
      await engine.run(copyYear(all, year, join(partial, `year=${year}`, 'bars.parquet')));
    }
    await engine.run(copySplits(all, join(partial, 'splits.parquet')));
  } finally {
    engine.close();
  }
  await rm(walks, { recursive: true });
  await rm(join(partial, 'spill'), { recursive: true, force: true });
  await rename(partial, folder);
  return made;
}

/** Returns the seconds that the yardstick takes: `COPY (select *)` of the same rows into one zstd file. */
export async function copySeconds(engine: Engine, files: readonly string[]): Promise<number> {
  const target = join(benchFolder(), `copy-${process.pid}.parquet`);
  const startMs = performance.now();
  await engine.run(copyAll(files, target));
  const seconds = (performance.now() - startMs) / 1000;
  await rm(target);
  return seconds;
}
