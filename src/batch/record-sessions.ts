import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';

import { type JudgedSession, judgeSessions } from './judge-sessions.ts';
import { ledgerValues, readLedger, type StoredLedgerRow } from './ledger.ts';
import { type ListedRows, listedRowsStored } from './listed-counts.ts';
import { replaceAll, stageRows } from './small-table.ts';

export interface RecordSessionsDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly rules: { readonly partialShare: number };
}

export interface RecordSessionsRequest {
  /** Rows that each session has in `bronze/daily_bars`, of all sessions that were fetched or imported. */
  readonly rowsAfter: ReadonlyMap<IsoDate, number>;
  /** Rows that a fetch brought for each, where it was meant to bring all of them. */
  readonly fetched?: ReadonlyMap<IsoDate, number>;
  /** What the listings say of them; looked up in both tables unless given. */
  readonly listed?: ListedRows;
  /** Those of them whose bars changed. */
  readonly changed: ReadonlySet<IsoDate>;
  readonly fetchedAtMs: InstantMs;
  /** Every look counts as an attempt, also one that brought nothing new: true for fetches, false for files. */
  readonly countEveryLook: boolean;
  readonly dryRun?: boolean;
}

export interface RecordedSessions {
  /** The sessions as the ledger has them now. */
  readonly sessions: ReadonlyMap<IsoDate, JudgedSession>;
  readonly changed: boolean;
}

/**
 * Writes what is known of sessions into the ledger, after their bars. Nothing is written where the ledger says it already;
 * what a crash kept from it is written by the next run, whether or not that run changes a bar.
 */
export async function recordSessions(
  deps: RecordSessionsDeps,
  request: RecordSessionsRequest,
): Promise<RecordedSessions> {
  const { lake, calendar, rules } = deps;
  const { rowsAfter, changed, fetchedAtMs, countEveryLook, dryRun = false } = request;
  const listed = request.listed ?? (await listedRowsStored(lake, calendar, SessionSet.of(rowsAfter.keys())));
  let sessions: ReadonlyMap<IsoDate, JudgedSession> = new Map();
  const plan = async (base: Snapshot | undefined): Promise<WritePlan | undefined> => {
    const { ledger, others } = await readLedger(lake, base);
    sessions = judgeSessions({
      calendar,
      ledger,
      rowsAfter,
      listedAfter: listed.after,
      ...(request.fetched === undefined ? {} : { fetched: request.fetched }),
      ...(listed.fetched === undefined ? {} : { listedFetched: listed.fetched }),
      changed,
      listed: listed.on,
      fetchedAtMs,
      partialShare: rules.partialShare,
      countEveryLook,
    });
    const news = [...sessions.values()].filter((judged) => judged.isNews);
    if (news.length === 0 || dryRun) return undefined;
    const tableVersion = (await lake.table(DAILY_BARS).head())?.version ?? 0;
    const merged = new Map<IsoDate, StoredLedgerRow>(ledger);
    for (const { row } of news) merged.set(row.session, { ...row, tableVersion });
    const file = await stageRows(lake, SESSIONS, [...others, ...[...merged.values()].map(ledgerValues)]);
    return replaceAll(base, file, { sessions: news.length });
  };
  if (dryRun) {
    await plan(await lake.table(SESSIONS).head());
    return { sessions, changed: false };
  }
  const committed = await lake.table(SESSIONS).write(plan);
  return { sessions, changed: committed !== undefined };
}
