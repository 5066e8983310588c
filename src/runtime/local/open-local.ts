import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsLocalFiles } from '#adapters/fs/local-files.ts';
import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { systemTimers } from '#adapters/system/timers.ts';
import { isoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { AppContext } from '../app.ts';
import type { Config } from '../config/config.ts';
import { codeOf, homeNotWritable } from '../home-folder/home-folder.ts';
import { readMarketSettings } from '../home-folder/simulated-market.ts';
import { makeTempFolder, sweepTempFolders } from '../home-folder/temp-folders.ts';
import { noLiveBars } from './no-live-bars.ts';
import { openNotifiers } from './notifiers.ts';
import { openPageFiles } from './page-files.ts';
import { openSource } from './source.ts';
import { localStore } from './store.ts';

/** Scratch files older than this belong to a process that died. */
const SCRATCH_AGE_MS = 24 * 60 * 60 * 1000;

/** The calendar extends to the end of the second year after the current one. */
const CALENDAR_YEARS_AHEAD = 2;

export interface LocalOptions {
  /** Folder of the lake; default: `lake` in the home folder. */
  readonly lakeFolder?: string;
  /** Puts all temporary files into the system's temporary folder and leaves the home folder untouched. */
  readonly readOnly?: boolean;
  /** Reads a copy of the operational store where its file is not writable; what is written to the copy is lost. */
  readonly onlyReads?: boolean;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/**
 * Opens the context of a single machine: files on disk, SQLite or PostgreSQL, and the system's clock and randomness.
 */
export async function openLocal(config: Config, options: LocalOptions = {}): Promise<AppContext> {
  const { lakeFolder = join(config.home, 'lake'), readOnly = false, onlyReads = false, clock = systemClock } = options;
  const random = systemRandom;
  const tempRoot = readOnly ? sharedTempRoot() : join(config.home, 'tmp');
  await using undo = new AsyncDisposableStack();
  let tempFolder: string;
  try {
    tempFolder = await makeTempFolder(tempRoot, { pid: process.pid, id: random.uuid().slice(0, 8) });
  } catch (cause) {
    throw readOnly ? tempNotWritable(tempRoot, cause) : homeNotWritable(config.home, cause);
  }
  undo.defer(() => rm(tempFolder, { recursive: true, force: true }));
  await sweepTempFolders(tempRoot, clock.nowMs() - SCRATCH_AGE_MS);
  const store = new FsObjectStore({ root: lakeFolder, ...(readOnly ? { scratchFolder: tempFolder } : {}) });
  const engine = await Engine.create({
    tempFolder,
    memoryLimitBytes: config.memoryLimitBytes,
    ...(config.threads === undefined ? {} : { threads: config.threads }),
  });
  undo.defer(() => engine.close());
  const today = isoDate(new Date(clock.nowMs()).toISOString().slice(0, 10));
  const calendar = createCalendar({ lastYear: yearOf(today) + CALENDAR_YEARS_AHEAD, closures: config.closures });
  if (!readOnly) await store.sweepScratch(SCRATCH_AGE_MS);
  const lake = new Lake({ store, engine, clock, random });
  const base = { config, calendar, clock, random, lake, tempFolder };
  const { runs, leases, notices, listings, keys } = undo.use(localStore(base, { onlyReads }));
  const resources = undo.move();
  return {
    ...base,
    timers: systemTimers,
    lakeFolder,
    files: new FsLocalFiles(),
    page: openPageFiles(),
    live: noLiveBars,
    runs,
    leases,
    notices,
    listings,
    keys,
    notifiers: (write) => openNotifiers(base, write),
    source: () => openSource(base),
    simulatedMarket: () => readMarketSettings(config),
    writeMarketFiles: async (market, to, onProgress) => {
      const { writeMarketFiles } = await import('./market-files.ts');
      return await writeMarketFiles(base, market, to, onProgress);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Returns this user's own folder in the system's temporary folder, which other users cannot write to. */
function sharedTempRoot(): string {
  return join(tmpdir(), `condvest-${process.getuid?.() ?? 'user'}`);
}

function tempNotWritable(root: string, cause: unknown): CondvestError {
  return new CondvestError({
    code: 'temp-not-writable',
    kind: 'permanent',
    message: 'The folder for temporary files is not writable',
    found: `${root} (${codeOf(cause)})`,
    action: 'Set TMPDIR to a writable folder, or fix its permissions',
    cause,
  });
}
