import { cp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { defined } from '#base/assert.ts';
import { recordSessions } from '#batch/record-sessions.ts';
import { resample } from '#batch/resample/resample.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';

import { barsLake, openLake } from './bars-lake.ts';
import type { Dataset } from './dataset.ts';

/** The verification looks at what was written within this; as the pipeline has it. */
const VERIFIED_BACK_MS = 4 * 86_400_000;

export interface NightLake extends AsyncDisposable {
  readonly root: string;
}

/** A copy of the dataset's lake as the nightly run finds it: all sessions but the last one published, recorded and resampled. */
export async function prepareNight(calendar: Calendar, of: Dataset): Promise<NightLake> {
  const root = join(of.folder, `nightly-${process.pid}`);
  await cp(await barsLake(of, 1), root, { recursive: true });
  using open = await openLake(root, 1e9);
  const sessions = of.dates.slice(0, -1);
  const rowsAfter = new Map(sessions.map((session) => [session, of.symbols]));
  const last = defined(sessions.at(-1), 'the dataset has sessions');
  await recordSessions(
    { lake: open.lake, calendar, rules: { partialShare: 0.5 } },
    { rowsAfter, changed: new Set(), fetchedAtMs: calendar.settlesAtMs(last), countEveryLook: true },
  );
  await resample({ lake: open.lake, calendar }, { intervals: DEFAULT_INTERVALS });
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

/** What a process is started with that does the night's work and reports it as JSON. */
export function nightArguments(of: Dataset, root: string): string[] {
  const size = ['--symbols', String(of.symbols), '--sessions', String(of.sessions)];
  // The files made so far were written long enough ago to have been verified by earlier nights.
  const now = String(Date.now() + VERIFIED_BACK_MS + 1000);
  return [resolve('bench/night-run.ts'), '--lake', root, ...size, '--now', now];
}
