import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { recordSessions } from '#batch/ledger/record-sessions.ts';
import { resample } from '#batch/resample/resample.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';

import { barsLake, openLake } from './bars-lake.ts';
import type { Dataset } from './dataset.ts';

/** Earlier files were written and verified this long before the night. */
const AGE_MS = 30 * 86_400_000;

export interface NightLake extends AsyncDisposable {
  readonly root: string;
  /** Arguments of a process that does the night's work and reports it as JSON: see `night-run.ts`. */
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
    await resample({ lake: open.lake, calendar }, { intervals: DEFAULT_INTERVALS });
  }
  await makeOlder(root, calendar.closeMs(session) - AGE_MS);
  const size = ['--symbols', String(of.symbols), '--sessions', String(of.sessions)];
  return {
    root,
    command: [resolve('bench/night-run.ts'), '--lake', root, '--session', session, ...size],
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
