import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { SqlParameter } from '#lake/engine.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';

import { ledgerValues, readLedger } from '../ledger.ts';
import { allRowsSql, replaceAll, stageRows } from '../small-table.ts';

/**
 * One session that is remembered of a source: a row of a dataset of its own in the ledger, so that it is known wherever the lake
 * is.
 */
export interface SourceMark {
  /** `horizon:massive` and the like. */
  readonly dataset: string;
  /** What the row says of its session. */
  readonly state: string;
}

export async function readMark(lake: Lake, { dataset }: SourceMark): Promise<IsoDate | undefined> {
  const head = await lake.table(SESSIONS).head();
  if (head === undefined) return undefined;
  const rows = await lake.deps.engine.rows<{ session: IsoDate }>(
    `SELECT session FROM (${await allRowsSql(lake, SESSIONS, head)}) WHERE dataset = $1`,
    [dataset],
  );
  return rows[0]?.session;
}

/** True where that is news. Undefined takes the mark away. */
export async function recordMark(
  lake: Lake,
  mark: SourceMark,
  session: IsoDate | undefined,
  nowMs: InstantMs,
): Promise<boolean> {
  if ((await readMark(lake, mark)) === session) return false;
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
