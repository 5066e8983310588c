import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { SqlParameter } from '#lake/engine.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';

import { ledgerValues, readLedger } from '../ledger.ts';
import { allRowsSql, replaceAll, stageRows } from '../small-table.ts';

/**
 * How far back the plan of a source reaches: the newest session that it was refused for its age. It stands in the ledger as a
 * row of the dataset `horizon:<source>`, so that it is known wherever the lake is.
 */

const BEYOND_PLAN = 'beyond-plan';

export async function readHorizon(lake: Lake, source: string): Promise<IsoDate | undefined> {
  const head = await lake.table(SESSIONS).head();
  if (head === undefined) return undefined;
  const rows = await lake.deps.engine.rows<{ session: IsoDate }>(
    `SELECT session FROM (${await allRowsSql(lake, SESSIONS, head)}) WHERE dataset = $1`,
    [datasetOf(source)],
  );
  return rows[0]?.session;
}

/** True where that is news. A wider plan moves the horizon back: `session` undefined where nothing is refused any more. */
export async function recordHorizon(
  lake: Lake,
  source: string,
  session: IsoDate | undefined,
  nowMs: InstantMs,
): Promise<boolean> {
  if ((await readHorizon(lake, source)) === session) return false;
  const committed = await lake.table(SESSIONS).write(async (base) => {
    const { ledger, others } = await readLedger(lake, base);
    const kept = others.filter(([dataset]) => dataset !== datasetOf(source));
    const own: readonly (readonly SqlParameter[])[] =
      session === undefined ? [] : [[datasetOf(source), session, BEYOND_PLAN, 0, null, null, 1, nowMs, nowMs, 0]];
    const file = await stageRows(lake, SESSIONS, [...kept, ...own, ...[...ledger.values()].map(ledgerValues)]);
    return replaceAll(base, file, { sessions: 1 });
  });
  return committed !== undefined;
}

function datasetOf(source: string): string {
  return `horizon:${source}`;
}
