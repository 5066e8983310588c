import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import { replaceAll, stageRows } from '../tables/small-table.ts';
import { type JudgedSession, judgeSessions } from './judge-sessions.ts';
import { countsSql } from './ledger.sql.ts';
import { ledgerValues, readLedger, type StoredLedgerRow } from './ledger.ts';
import { type ListedRows, listedRowsStored } from './listed-counts.ts';

export interface RecordSessionsDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly rules: { readonly partialShare: number };
}

export interface RecordSessionsRequest {
  /** Rows that each session has in `bronze/daily_bars`, of all sessions that were fetched or imported. */
  readonly rowsAfter: ReadonlyMap<IsoDate, number>;
  /**
   * The version of `bronze/daily_bars` at which they were counted. Where another writer has made a newer one, and where none is
   * given, they are counted again: the ledger speaks of what is in the table, whoever put it there.
   */
  readonly countedAt?: number | undefined;
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
  const { rowsAfter, countedAt, changed, fetchedAtMs, countEveryLook, dryRun = false } = request;
  const asked = SessionSet.of(rowsAfter.keys());
  let sessions: ReadonlyMap<IsoDate, JudgedSession> = new Map();
  const plan = async (base: Snapshot | undefined): Promise<WritePlan | undefined> => {
    const { ledger, others } = await readLedger(lake, base);
    // After the ledger: whoever puts bars from here on writes the ledger after us, or before us and we plan again.
    const bars = await lake.table(DAILY_BARS).head();
    const isCounted = bars === undefined || bars.version === countedAt;
    const listed =
      isCounted && request.listed !== undefined
        ? request.listed
        : { ...request.listed, ...(await listedRowsStored(lake, calendar, asked)) };
    sessions = judgeSessions({
      calendar,
      ledger,
      rowsAfter: isCounted ? rowsAfter : await recount(lake, bars, asked),
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
    const tableVersion = bars?.version ?? 0;
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

async function recount(lake: Lake, bars: Snapshot, sessions: SessionSet): Promise<ReadonlyMap<IsoDate, number>> {
  const scan = await lake.table(DAILY_BARS).scanSql(bars.filesTouching(sessions));
  const rows = await lake.rows<{ session: IsoDate; rows: number }>(countsSql(`FROM (${scan})`));
  const counted = new Map(rows.map((row) => [row.session, row.rows]));
  return new Map([...sessions].map((session) => [session, counted.get(session) ?? 0]));
}
