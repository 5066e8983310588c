import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';

import { readCursor, recordCursor, type SourceCursor } from './source-cursor.ts';

/** How far back the plan of a source reaches: the newest session that it was refused for its age. */

export async function readHorizon(lake: Lake, source: string): Promise<IsoDate | undefined> {
  return readCursor(lake, cursorOf(source));
}

/** True where that is news. A wider plan moves the horizon back: `session` undefined where nothing is refused any more. */
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
