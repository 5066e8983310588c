import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { readLedger } from '../ledger/ledger.ts';
import { isOlder } from '../tables/file-age.ts';
import type { Findings } from './findings.ts';
import { rowsBySession } from './verify.sql.ts';

/** The ledger says of every published session how many rows it has, and of no other that it has any. */
export async function verifyLedger(
  lake: Lake,
  calendar: Calendar,
  bars: Snapshot | undefined,
  ledgerAt: Snapshot | undefined,
  findings: Findings,
  sinceMs?: number,
): Promise<void> {
  const { ledger } = await readLedger(lake, ledgerAt);
  const published = new Map<IsoDate, number>();
  if (bars !== undefined) {
    const young = bars.files.filter((file) => !isOlder(file, sinceMs));
    const sql = rowsBySession(await lake.table(DAILY_BARS).scanSql(young));
    for (const { session, rows } of await lake.rows<{ session: IsoDate | null; rows: number }>(sql)) {
      if (session !== null) published.set(session, rows);
    }
  }
  for (const [session, rows] of published) {
    if (!calendar.isSession(session)) {
      findings.add(
        DAILY_BARS.name,
        'not-a-session',
        session,
        `There are ${rows} bars of a day on which the exchange was closed`,
      );
    }
    const row = ledger.get(session);
    if (row === undefined) {
      findings.add(
        SESSIONS.name,
        'ledger',
        session,
        `It has ${rows} bars; the ledger does not know it. Import them again`,
      );
    } else if (row.rows !== rows) {
      findings.add(
        SESSIONS.name,
        'ledger',
        session,
        `It has ${rows} bars; the ledger says ${row.rows}. Import them again`,
      );
    }
  }
  for (const [session, row] of ledger) {
    if (sinceMs === undefined && !published.has(session) && row.rows > 0) {
      findings.add(SESSIONS.name, 'ledger', session, `It has no bars; the ledger says ${row.rows}`);
    }
    if (row.tableVersion > (bars?.version ?? -1)) {
      const message = `The ledger speaks of version ${row.tableVersion} of the bars, which there is not yet`;
      findings.add(SESSIONS.name, 'ledger', session, message);
    }
  }
}
