import { addDays, type InstantMs, type IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';

import { currentLedger } from '../ledger/ledger.ts';
import { firstOf } from './plan.ts';
import { readCursor, recordCursor, type SourceCursor } from './source-cursor.ts';

/** Which splits and dividends a source has been asked for: the session of the last look at both that succeeded. */

/** Vendors learn of a split late; what is later still is found by a backfill. */
const LOOK_BACK_DAYS = 120;

export interface EventsFetchRange {
  /** Undefined: this source was never looked at. */
  readonly last: IsoDate | undefined;
  /** The ex-date to ask from. */
  readonly from: IsoDate;
}

/**
 * A look takes up from the last one, however long ago that was, and some months before it. `asked`: an earlier day that somebody
 * wants; a later one would leave a hole.
 */
export async function planEventsFetch(
  lake: Lake,
  source: string,
  session: IsoDate,
  asked: IsoDate | undefined,
): Promise<EventsFetchRange> {
  const last = await readCursor(lake, cursorOf(source));
  let from = addDays(last !== undefined && last < session ? last : session, -LOOK_BACK_DAYS);
  if (last === undefined) {
    // The first time: as far back as there are bars that they may adjust. All that were ever paid would be hundreds of pages.
    const ledger = await currentLedger(lake);
    const first = firstOf(ledger);
    if (first !== undefined && first < from) from = first;
  }
  return { last, from: asked !== undefined && asked < from ? asked : from };
}

export async function recordEventsFetch(
  lake: Lake,
  source: string,
  { last }: EventsFetchRange,
  session: IsoDate,
  nowMs: InstantMs,
): Promise<void> {
  if (last === undefined || last < session) await recordCursor(lake, cursorOf(source), session, nowMs);
}

function cursorOf(source: string): SourceCursor {
  return { dataset: `events:${source}`, state: 'looked-at' };
}
