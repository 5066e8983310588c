import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';

import { readCursor, recordCursor, type SourceCursor } from './source-cursor.ts';

/** The horizon of a vendor plan: the newest session that is too old for it. */

export async function readHorizon(lake: Lake, source: string): Promise<IsoDate | undefined> {
  return readCursor(lake, cursorOf(source));
}

/** Records the horizon; undefined if the plan now covers everything. Returns false if it is unchanged. */
export async function recordHorizon(
  lake: Lake,
  source: string,
  session: IsoDate | undefined,
  nowMs: InstantMs,
): Promise<boolean> {
  return recordCursor(lake, cursorOf(source), session, nowMs);
}

function cursorOf(source: string): SourceCursor {
  return { dataset: `horizon:${source}`, state: 'beyond-plan' };
}
