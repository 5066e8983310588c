import { addDays, type InstantMs, type IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';

import { readLedger } from '../ledger/ledger.ts';
import { firstOf } from './plan.ts';
import { readMark, recordMark, type SourceMark } from './source-mark.ts';

/** Which splits and dividends a source has been asked for: the session of the last look at both that succeeded. */

/** Vendors learn of a split late; what is later still is found by a backfill. */
const LOOK_BACK_DAYS = 120;

export interface EventsLook {
  /** Undefined: this source was never looked at. */
  readonly last: IsoDate | undefined;
  /** The ex-date to ask from. */
  readonly from: IsoDate;
}

/**
 * A look takes up from the last one, however long ago that was, and some months before it. `asked`: an earlier day that somebody
 * wants; a later one would leave a hole.
 */
export async function planLook(
  lake: Lake,
  source: string,
  session: IsoDate,
  asked: IsoDate | undefined,
): Promise<EventsLook> {
  const last = await readMark(lake, markOf(source));
  let from = addDays(last !== undefined && last < session ? last : session, -LOOK_BACK_DAYS);
  if (last === undefined) {
    // The first time: as far back as there are bars that they may adjust. All that were ever paid would be hundreds of pages.
    const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
    const first = firstOf(ledger);
    if (first !== undefined && first < from) from = first;
  }
  return { last, from: asked !== undefined && asked < from ? asked : from };
}

export async function recordLook(
  lake: Lake,
  source: string,
  { last }: EventsLook,
  session: IsoDate,
  nowMs: InstantMs,
): Promise<void> {
  if (last === undefined || last < session) await recordMark(lake, markOf(source), session, nowMs);
}

function markOf(source: string): SourceMark {
  return { dataset: `events:${source}`, state: 'looked-at' };
}
