import type { IsoDate } from '#base/dates.ts';
import type { DataFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import { replaceAll } from '../tables/small-table.ts';
import { type ClassifiedSession, classifySessions, type SessionChanges } from './classify-sessions.ts';
import { countsSql } from './ledger.sql.ts';
import { readLedger, stageLedger } from './ledger.ts';
import { type ListedRows, listedRowsStored } from './listed-counts.ts';

export interface RecordSessionsDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly rules: { readonly partialShare: number };
}

export interface RecordSessionsRequest extends Omit<SessionChanges, 'listed'> {
  /** Counts of listed rows; read from the tables unless given. */
  readonly listed?: ListedRows;
  /**
   * The version of `bronze/daily_bars` that the rows were counted at. If another writer has committed since, or no version is
   * given, the rows are counted again: the ledger describes what is in the table, whoever wrote it.
   */
  readonly countedAt?: number | undefined;
  /** These changes as the caller has classified them, and the version of the ledger that it used. */
  readonly classified?: ClassifiedAt | undefined;
  readonly dryRun?: boolean;
}

/** Sessions classified against one version of the ledger; undefined: before there was one. */
export interface ClassifiedAt {
  readonly ledgerVersion: number | undefined;
  readonly sessions: ReadonlyMap<IsoDate, ClassifiedSession>;
}

export interface RecordedSessions {
  /** The sessions as the ledger has them now. */
  readonly sessions: ReadonlyMap<IsoDate, ClassifiedSession>;
  readonly changed: boolean;
}

/**
 * Writes the state of sessions to the ledger, after their bars are committed. Writes nothing if the ledger is up to date; a run
 * that follows a crash adds what is missing, whether or not it changes a bar.
 */
export async function recordSessions(
  deps: RecordSessionsDeps,
  request: RecordSessionsRequest,
): Promise<RecordedSessions> {
  const { lake, calendar, rules } = deps;
  const { rowsAfter, countedAt, classified, dryRun = false } = request;
  const put = SessionSet.of(rowsAfter.keys());
  let sessions: ReadonlyMap<IsoDate, ClassifiedSession> = new Map();
  const plan = async (base: Snapshot | undefined): Promise<WritePlan | undefined> => {
    const { ledger, others } = await readLedger(lake, base);
    // Read after the ledger: a later writer of bars updates the ledger after us, or before us and this plan is retried.
    const bars = await lake.table(DAILY_BARS).head();
    const isCounted = bars === undefined || bars.version === countedAt;
    if (isCounted && classified !== undefined && classified.ledgerVersion === base?.version) {
      sessions = classified.sessions;
    } else {
      const listed =
        isCounted && request.listed !== undefined
          ? request.listed
          : { ...request.listed, ...(await listedRowsStored(lake, calendar, put)) };
      const counts = isCounted ? rowsAfter : await recount(lake, bars.filesTouching(put), put);
      const classifyRules = { calendar, partialShare: rules.partialShare };
      sessions = classifySessions(classifyRules, ledger, { ...request, rowsAfter: counts, listed });
    }
    const news = [...sessions.values()].filter(({ isNews }) => isNews);
    if (news.length === 0 || dryRun) return undefined;
    const tableVersion = bars?.version ?? 0;
    const merged = new Map(ledger);
    for (const { row } of news) merged.set(row.session, { ...row, tableVersion });
    const file = await stageLedger(lake, merged, others);
    return replaceAll(base, file, { sessions: news.length });
  };
  if (dryRun) {
    await plan(await lake.table(SESSIONS).head());
    return { sessions, changed: false };
  }
  const committed = await lake.table(SESSIONS).write(plan);
  return { sessions, changed: committed !== undefined };
}

/** Returns the rows that each of these sessions has in files of daily bars. */
export async function recount(
  lake: Lake,
  files: readonly DataFile[],
  sessions: SessionSet,
): Promise<ReadonlyMap<IsoDate, number>> {
  const scan = await lake.table(DAILY_BARS).scanSql(files);
  const rows = await lake.rows<{ session: IsoDate; rows: number }>(countsSql(`FROM (${scan})`));
  const counted = new Map(rows.map((row) => [row.session, row.rows]));
  return new Map([...sessions].map((session) => [session, counted.get(session) ?? 0]));
}
