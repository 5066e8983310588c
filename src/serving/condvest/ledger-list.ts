import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Finality } from '../read/served-bars.ts';
import type { LakeView } from '../read/view.ts';
import { ledgerSql } from './ledger.sql.ts';
import type { SessionAnswer } from './shapes/ledger.ts';

interface LedgerSqlRow {
  readonly dataset: string;
  readonly session: IsoDate;
  readonly state: string;
  readonly rows: number;
  readonly expected: number | null;
  readonly counted: number | null;
  readonly attempts: number;
  readonly firstFetchMs: InstantMs | null;
  readonly lastFetchMs: InstantMs | null;
  readonly tableVersion: number;
}

/**
 * The ledger as people see it, ascending: every session from the first known one to the last that closed, those without
 * a row as missing. Missing sessions that no source's plan reaches are left out: nobody could fill them.
 */
export async function listLedger(
  lake: Lake,
  calendar: Calendar,
  view: LakeView,
  lastClosed: IsoDate,
): Promise<SessionAnswer[]> {
  const snapshot = view.snapshot(SESSIONS);
  if (snapshot === undefined) return [];
  const scan = await lake.table(SESSIONS).scanSql(snapshot.files);
  const all = await lake.records<LedgerSqlRow>(ledgerSql(scan));
  const rows = all.filter(({ dataset, session }) => dataset === 'daily_bars' && session <= lastClosed);
  const horizon = all.findLast(({ dataset }) => dataset !== 'daily_bars')?.session;
  const [first] = rows;
  if (first === undefined) return [];
  const bySession = new Map(rows.map((row) => [row.session, row]));
  const sessions = new Set(calendar.range(first.session, lastClosed));
  // A session on a day that was later announced as a closure is in the ledger but no longer in the calendar.
  for (const session of bySession.keys()) sessions.add(session);
  const listed: SessionAnswer[] = [];
  for (const session of [...sessions].sort()) {
    const row = bySession.get(session);
    if (row === undefined && horizon !== undefined && session <= horizon) continue;
    listed.push(sessionAnswer(calendar, session, row));
  }
  return listed;
}

/** Returns the response for a session that is not in the ledger. */
export function sessionAnswer(calendar: Calendar, session: IsoDate, row?: LedgerSqlRow): SessionAnswer {
  const early_close = calendar.isSession(session) && calendar.isEarlyClose(session);
  if (row === undefined) {
    return {
      session,
      state: 'missing',
      rows: 0,
      counted: 0,
      expected: null,
      attempts: 0,
      first_fetch_ms: null,
      last_fetch_ms: null,
      table_version: null,
      early_close,
    };
  }
  return {
    session,
    // The ledger holds no other state; see `market/ledger.ts`.
    state: row.state as Finality,
    rows: row.rows,
    counted: row.counted ?? row.rows,
    expected: row.expected,
    attempts: row.attempts,
    first_fetch_ms: row.firstFetchMs,
    last_fetch_ms: row.lastFetchMs,
    table_version: row.tableVersion,
    early_close,
  };
}
