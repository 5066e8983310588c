import { addDays, type InstantMs, type IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { DIVIDENDS, SPLITS } from '#lake/tables.ts';

import { currentLedger } from '../ledger/ledger.ts';
import { firstOf } from './plan.ts';
import { readCursor, recordCursor, type SourceCursor } from './source-cursor.ts';

/** Cursor of splits and dividends: the session of the last successful fetch of both. */

/** Vendors learn of some splits late. Later ones are found by a backfill. */
const OVERLAP_DAYS = 120;

export interface EventsFetchRange {
  /** Undefined if this source was never fetched from. */
  readonly last: IsoDate | undefined;
  /** First ex-date to fetch. */
  readonly from: IsoDate;
}

/**
 * Returns the range of the next fetch. It starts some months before the last one, however long ago that was; `requested` may
 * start it earlier, but not later, which would leave a gap. After splits and dividends were lost, all are fetched again.
 */
export async function planEventsFetch(
  lake: Lake,
  source: string,
  session: IsoDate,
  requested: IsoDate | undefined,
): Promise<EventsFetchRange> {
  const last = await readCursor(lake, cursorOf(source));
  let from = addDays(last !== undefined && last < session ? last : session, -OVERLAP_DAYS);
  const isLost = (await lake.table(SPLITS).head()) === undefined && (await lake.table(DIVIDENDS).head()) === undefined;
  if (last === undefined || isLost) {
    // The first fetch goes back as far as bars that events may adjust. All dividends ever paid would be hundreds of pages.
    const first = firstOf(await currentLedger(lake));
    if (first !== undefined && first < from) from = first;
  }
  return { last, from: requested !== undefined && requested < from ? requested : from };
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
