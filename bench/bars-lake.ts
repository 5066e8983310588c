import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { defined } from '#base/assert.ts';
import { type IsoDate, yearOf } from '#base/dates.ts';
import { Engine } from '#lake/engine.ts';
import type { NewFile } from '#lake/files.ts';
import { Lake } from '#lake/lake.ts';
import { sqlText } from '#lake/sql-text.ts';
import { DAILY_BARS, SPLITS } from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';
import type { Clock } from '#ports/clock.ts';

import type { Dataset } from './dataset.ts';

/**
 * Number of sessions at the end of a bench lake with files of their own: those of the longest interval's open window.
 */
const OWN_FILE_SESSIONS = 34;

/** Increased whenever the layout of files changes, so that no older lake is measured instead. */
const LAYOUT = 2;

export interface OpenLake extends Disposable {
  readonly root: string;
  readonly engine: Engine;
  readonly lake: Lake;
}

export async function openLake(root: string, memoryLimitBytes: number, clock: Clock = systemClock): Promise<OpenLake> {
  const tempFolder = join(root, '.spill');
  await mkdir(tempFolder, { recursive: true });
  const engine = await Engine.create({ tempFolder, memoryLimitBytes, threads: 2 });
  const store = new FsObjectStore({ root });
  const lake = new Lake({ store, engine, clock, random: systemRandom });
  return { root, engine, lake, [Symbol.dispose]: () => engine.close() };
}

/**
 * Opens a lake of the dataset's bars and splits, without its last `heldBack` sessions, as consolidation leaves it: one
 * file per year, and one for each of the newest sessions. Built once and reused; the caller fills and empties silver.
 */
export async function barsLake(dataset: Dataset, heldBack: number): Promise<string> {
  const root = join(dataset.folder, `lake-${LAYOUT}-${heldBack}`);
  if (existsSync(root)) return root;
  const partial = `${root}.${process.pid}`;
  {
    using open = await openLake(partial, 4e9);
    const published = dataset.dates.slice(0, dataset.dates.length - heldBack);
    const own = new Set(published.slice(-OWN_FILE_SESSIONS));
    const add: NewFile[] = [];
    for (const { year } of dataset.years) {
      const ofYear = published.filter((session) => yearOf(session) === year);
      const shared = ofYear.filter((session) => !own.has(session));
      if (shared.length > 0) add.push(await barsFile(open.lake, dataset, shared));
      for (const session of ofYear) if (own.has(session)) add.push(await barsFile(open.lake, dataset, [session]));
    }
    const units = SessionSet.of(published);
    await open.lake
      .table(DAILY_BARS)
      .write(async () => ({ operation: 'WRITE', add, remove: [], units, dataChange: true }));
    await open.lake.table(SPLITS).write(async () => {
      const select = `select *, 'simulated' as source, timestamptz '2024-01-01' as seen_at
        from read_parquet(${sqlText(dataset.splitsFile)})`;
      const file = defined(await open.lake.table(SPLITS).writeDataFile({ select }), 'splits of the dataset');
      return { operation: 'WRITE', add: [file], remove: [], units: SessionSet.empty, dataChange: true };
    });
  }
  await rename(partial, root);
  return root;
}

/** Publishes one more session of the dataset, like a nightly fetch: one file, one commit. */
export async function publishSession(lake: Lake, dataset: Dataset, session: IsoDate): Promise<void> {
  await lake.table(DAILY_BARS).write(async () => ({
    operation: 'WRITE',
    add: [await barsFile(lake, dataset, [session])],
    remove: [],
    units: SessionSet.of([session]),
    dataChange: true,
  }));
}

async function barsFile(lake: Lake, dataset: Dataset, sessions: readonly IsoDate[]): Promise<NewFile> {
  const units = SessionSet.of(sessions);
  const first = defined(units.min, 'a file holds sessions');
  const last = defined(units.max, 'a file holds sessions');
  const year = yearOf(first);
  const source = defined(
    dataset.years.find((known) => known.year === year),
    `year ${year} of the dataset`,
  );
  const select = `from read_parquet(${sqlText(source.file)}, hive_partitioning = false)
    where session between date '${first}' and date '${last}'`;
  const file = await lake.table(DAILY_BARS).writeDataFile({ select, year, units, ordered: true });
  return defined(file, 'sessions of the dataset have rows');
}

/** Removes everything derived from the bars. */
export async function emptySilver(root: string): Promise<void> {
  await rm(join(root, 'silver'), { recursive: true, force: true });
}
