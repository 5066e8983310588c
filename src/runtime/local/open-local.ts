import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsLocalFiles } from '#adapters/fs/local-files.ts';
import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { isoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { LocalFiles } from '#ports/local-files.ts';
import type { Config } from '../config/config.ts';
import { codeOf, homeNotWritable } from '../home-folder/home-folder.ts';
import { makeTempFolder, sweepTempFolders } from '../home-folder/temp-folders.ts';

/** Everything that runs on a laptop, put together: the one place that says which adapter fills which port there. */
export interface Laptop extends AsyncDisposable {
  readonly config: Config;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly files: LocalFiles;
  readonly lake: Lake;
  /** The folder of the lake: what a notebook is pointed at. */
  readonly lakeFolder: string;
  /** A folder of this process for large temporary files, removed when it is closed. */
  readonly tempFolder: string;
}

/** Scratch that is older than this belongs to a process that died. */
const SCRATCH_AGE_MS = 24 * 60 * 60 * 1000;

/** The calendar knows sessions up to the end of the year after the next. */
const CALENDAR_YEARS_AHEAD = 2;

export interface LaptopOptions {
  /** The folder of the lake; `lake` in the home folder unless given. */
  readonly lakeFolder?: string;
  /** All temporary files go to the system's own folder for them, and nothing in the home folder is touched. */
  readonly readOnly?: boolean;
  /** The clock of everything that is opened; the system's unless given. */
  readonly clock?: Clock;
}

export async function openLaptop(config: Config, options: LaptopOptions = {}): Promise<Laptop> {
  const { lakeFolder = join(config.home, 'lake'), readOnly = false, clock = systemClock } = options;
  const tempRoot = readOnly ? sharedTempRoot() : join(config.home, 'tmp');
  let tempFolder: string;
  try {
    tempFolder = await makeTempFolder(tempRoot, { pid: process.pid, id: systemRandom.uuid().slice(0, 8) });
  } catch (cause) {
    throw readOnly ? tempNotWritable(tempRoot, cause) : homeNotWritable(config.home, cause);
  }
  await sweepTempFolders(tempRoot, clock.nowMs() - SCRATCH_AGE_MS);
  const store = new FsObjectStore({ root: lakeFolder, ...(readOnly ? { scratchFolder: tempFolder } : {}) });
  const engine = await Engine.create({
    tempFolder,
    memoryLimitBytes: config.memoryLimitBytes,
    ...(config.threads === undefined ? {} : { threads: config.threads }),
  });
  const today = isoDate(new Date(clock.nowMs()).toISOString().slice(0, 10));
  const calendar = createCalendar({ lastYear: yearOf(today) + CALENDAR_YEARS_AHEAD, closures: config.closures });
  if (!readOnly) await store.sweepScratch(SCRATCH_AGE_MS);
  return {
    config,
    calendar,
    clock,
    files: new FsLocalFiles(),
    lake: new Lake({ store, engine, clock, random: systemRandom }),
    lakeFolder,
    tempFolder,
    [Symbol.asyncDispose]: async () => {
      engine.close();
      await rm(tempFolder, { recursive: true, force: true });
    },
  };
}

/** The system's folder is everybody's: each user has a folder of their own in it, which the others cannot write to. */
function sharedTempRoot(): string {
  return join(tmpdir(), `condvest-${process.getuid?.() ?? 'user'}`);
}

function tempNotWritable(root: string, cause: unknown): CondvestError {
  return new CondvestError({
    code: 'temp-not-writable',
    kind: 'permanent',
    message: 'The folder for temporary files cannot be written to',
    found: `${root} (${codeOf(cause)})`,
    action: 'Set TMPDIR to a folder that can be written to, or mend its permissions',
    cause,
  });
}
