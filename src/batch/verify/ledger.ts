import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { CommitRecord } from '#lake/table.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { countsSql } from '../ledger/ledger.sql.ts';
import { readLedger } from '../ledger/ledger.ts';
import { isOlder } from '../tables/file-age.ts';
import { undoPoint } from '../tables/undo.ts';
import { versionBefore } from '../tables/version-before.ts';
import type { Findings } from './findings.ts';

/** Pinned versions of the bars and of the ledger, and the time of the check. */
interface LedgerCheck {
  readonly bars: Snapshot | undefined;
  readonly ledger: Snapshot | undefined;
  /** The last session that has closed. */
  readonly lastClosed: IsoDate;
  readonly sinceMs: number | undefined;
}

/** Checks that the ledger has the row count of every published session, and no rows for any other. */
export async function verifyLedger(
  lake: Lake,
  calendar: Calendar,
  { bars, ledger: ledgerAt, lastClosed, sinceMs }: LedgerCheck,
  findings: Findings,
): Promise<void> {
  const report = findings.of(SESSIONS);
  const { ledger } = await readLedger(lake, ledgerAt);
  const withRows = [...ledger.values()].filter(({ rows }) => rows > 0).length;
  if (bars === undefined && withRows > 0) {
    const message = `The table is gone; the ledger knows bars of ${withRows} sessions. Restore it from a backup, or import or fetch them again`;
    findings.of(DAILY_BARS)('table-missing', DAILY_BARS.name, message);
    return;
  }
  const published = new Map<IsoDate, number>();
  if (bars !== undefined) {
    const young = bars.files.filter((file) => !isOlder(file, sinceMs));
    const sql = countsSql(await lake.table(DAILY_BARS).scanSql(young));
    for (const { session, rows } of await lake.rows<{ session: IsoDate | null; rows: number }>(sql)) {
      if (session !== null) published.set(session, rows);
    }
  }
  let remedy: string | undefined;
  for (const [session, rows] of published) {
    if (!calendar.isSession(session)) {
      const message = `There are ${rows} bars of a day on which the exchange was closed`;
      findings.of(DAILY_BARS)('not-a-session', session, message);
    } else if (session > lastClosed) {
      remedy ??= await undoFuture(lake, bars, lastClosed);
      const message = `There are ${rows} bars of a session that has not closed; the last one to close was ${lastClosed}. A clock was ahead, or this one is behind. ${remedy}`;
      findings.of(DAILY_BARS)('session-in-future', session, message);
    }
    const logged = ledger.get(session)?.rows;
    const ledgerSays = logged === undefined ? 'does not have it' : `says ${logged}`;
    if (logged !== rows)
      report('ledger', session, `The session has ${rows} bars; the ledger ${ledgerSays}. Import them again`);
  }
  for (const [session, row] of ledger) {
    if (sinceMs === undefined && !published.has(session) && row.rows > 0)
      report('ledger', session, `The session has no bars; the ledger says ${row.rows}`);
    if (row.tableVersion > (bars?.version ?? -1))
      report(
        'ledger',
        session,
        `The ledger refers to version ${row.tableVersion} of the bars, which does not exist yet`,
      );
  }
}

/** Returns the way back to before the first bars of sessions after the last that has closed. */
async function undoFuture(lake: Lake, bars: Snapshot | undefined, lastClosed: IsoDate): Promise<string> {
  const isFuture = ({ dataChange, units }: CommitRecord): boolean =>
    dataChange && units?.max !== undefined && units.max > lastClosed;
  const version = bars === undefined ? undefined : await versionBefore(lake, bars, isFuture);
  if (version === undefined)
    return 'Set the clock, find the commit with condvest history daily_bars, and restore the one before';
  return `Set the clock, and run: ${undoPoint(DAILY_BARS, version).command}`;
}
