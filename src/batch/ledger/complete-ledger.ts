import type { InstantMs, IsoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { isOlder } from '../tables/file-age.ts';
import { followRestores } from './follow-restores.ts';
import { lastFetchesSql } from './ledger.sql.ts';
import { currentLedger } from './ledger.ts';
import { type RecordSessionsDeps, recordSessions } from './record-sessions.ts';

interface StoredSession {
  readonly session: IsoDate;
  readonly rows: number;
  readonly fetchedAtMs: InstantMs;
}

/**
 * Writes into the ledger what lies in the table of bars and not in it: what a process put that was killed before it could say
 * so. The next fetch of the session would say it too, but may be kept from it for days by a source that is down. Looks at the
 * files since an instant, and answers the sessions. Restores that the ledger has not followed yet come first.
 */
export async function completeLedger(deps: RecordSessionsDeps, sinceMs: InstantMs): Promise<readonly IsoDate[]> {
  const { lake, calendar } = deps;
  await followRestores(deps);
  const bars = await lake.table(DAILY_BARS).head();
  const young = bars?.files.filter((file) => !isOlder(file, sinceMs)) ?? [];
  if (young.length === 0) return [];
  const stored = await lake.records<StoredSession>(lastFetchesSql(await lake.table(DAILY_BARS).scanSql(young)));
  const ledger = await currentLedger(lake);
  const unsaid = stored.filter(
    ({ session, rows }) => calendar.isSession(session) && ledger.get(session)?.rows !== rows,
  );
  for (const [fetchedAtMs, sessions] of Map.groupBy(unsaid, (one) => one.fetchedAtMs)) {
    const rowsAfter = new Map(sessions.map(({ session, rows }) => [session, rows]));
    const changed = new Set(rowsAfter.keys());
    await recordSessions(deps, { rowsAfter, changed, fetchedAtMs, countUnchangedAttempts: false });
  }
  return unsaid.map(({ session }) => session);
}
