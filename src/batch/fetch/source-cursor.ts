import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';

import { readLedger, stageLedger } from '../ledger/ledger.ts';
import { replaceAll } from '../tables/small-table.ts';

/** A session stored per source, as a row of its own dataset in the ledger: it moves with the lake. */
export interface SourceCursor {
  /** `horizon:massive`, for example. */
  readonly dataset: string;
  /** State of the row. */
  readonly state: string;
}

export async function readCursor(lake: Lake, { dataset }: SourceCursor): Promise<IsoDate | undefined> {
  const { others } = await readLedger(lake, await lake.table(SESSIONS).head());
  return others.find((row) => row.dataset === dataset)?.session;
}

/** Moves a cursor, or removes it if the session is undefined. Returns false if nothing changes. */
export async function recordCursor(
  lake: Lake,
  cursor: SourceCursor,
  session: IsoDate | undefined,
  nowMs: InstantMs,
): Promise<boolean> {
  if ((await readCursor(lake, cursor)) === session) return false;
  const committed = await lake.table(SESSIONS).write(async (base) => {
    const { ledger, others } = await readLedger(lake, base);
    const kept = others.filter(({ dataset }) => dataset !== cursor.dataset);
    const counts = { rows: 0, counted: null, expected: null, attempts: 1, tableVersion: 0 };
    const row = { ...cursor, ...counts, firstFetchMs: nowMs, lastFetchMs: nowMs };
    const file = await stageLedger(lake, ledger, session === undefined ? kept : [...kept, { ...row, session }]);
    return replaceAll(base, file, { sessions: 1 });
  });
  return committed !== undefined;
}
