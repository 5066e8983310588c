import { type InstantMs, type IsoDate, isoDate } from '#base/dates.ts';
import type { SqlParameter } from '#lake/engine.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';

import { ledgerValues, readLedger } from '../ledger/ledger.ts';
import { replaceAll, stageRows } from '../tables/small-table.ts';

/**
 * One session that is remembered of a source: a row of a dataset of its own in the ledger, so that it is known wherever the lake
 * is.
 */
export interface SourceCursor {
  /** `horizon:massive` and the like. */
  readonly dataset: string;
  /** What the row says of its session. */
  readonly state: string;
}

export async function readCursor(lake: Lake, { dataset }: SourceCursor): Promise<IsoDate | undefined> {
  const { others } = await readLedger(lake, await lake.table(SESSIONS).head());
  const [, session] = others.find(([of]) => of === dataset) ?? [];
  return typeof session === 'string' ? isoDate(session) : undefined;
}

/** True where that is news. Undefined takes the mark away. */
export async function recordCursor(
  lake: Lake,
  mark: SourceCursor,
  session: IsoDate | undefined,
  nowMs: InstantMs,
): Promise<boolean> {
  if ((await readCursor(lake, mark)) === session) return false;
  const committed = await lake.table(SESSIONS).write(async (base) => {
    const { ledger, others } = await readLedger(lake, base);
    const kept = others.filter(([dataset]) => dataset !== mark.dataset);
    const own: readonly (readonly SqlParameter[])[] =
      session === undefined ? [] : [[mark.dataset, session, mark.state, 0, null, null, 1, nowMs, nowMs, 0]];
    const file = await stageRows(lake, SESSIONS, [...kept, ...own, ...[...ledger.values()].map(ledgerValues)]);
    return replaceAll(base, file, { sessions: 1 });
  });
  return committed !== undefined;
}
