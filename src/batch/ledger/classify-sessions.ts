import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { afterFetch, expectedRows, type LedgerRow } from '#market/ledger.ts';
import { windowNumber } from '#market/window.ts';
import type { ListedRows } from './listed-counts.ts';

/** Classifies the sessions of a fetch or an import. Pure: the rules of `#market/ledger.ts` applied to many sessions. */

/** A fetch or an import, as counts of rows per session. */
export interface SessionChanges {
  /** Rows that each session of the put has in `bronze/daily_bars` afterwards. */
  readonly rowsAfter: ReadonlyMap<IsoDate, number>;
  /** Rows that were fetched for each session, where the fetch should have returned all of them. */
  readonly fetched?: ReadonlyMap<IsoDate, number>;
  /** Counts of the rows whose symbols are listed; where listings cover the session, only these rows count. */
  readonly listed: ListedRows;
  /** Sessions of the put whose bars changed. */
  readonly changed: ReadonlySet<IsoDate>;
  readonly fetchedAtMs: InstantMs;
  /** Counts an attempt even if it brought nothing new: true for fetches, false for files. */
  readonly countUnchangedAttempts: boolean;
}

export interface ClassifyRules {
  readonly calendar: Calendar;
  readonly partialShare: number;
}

export interface ClassifiedSession {
  readonly row: LedgerRow;
  /** True if the ledger does not hold this row yet. */
  readonly isNews: boolean;
  /** Settled although it stayed short of the expected rows. */
  readonly settledShort: boolean;
  /** Median rows of the nearest settled sessions; null if there are too few of them. */
  readonly median: number | null;
}

/** Returns the ledger rows of the sessions after the put, in ascending order. */
export function classifySessions(
  { calendar, partialShare }: ClassifyRules,
  ledger: ReadonlyMap<IsoDate, LedgerRow>,
  changes: SessionChanges,
): Map<IsoDate, ClassifiedSession> {
  const { rowsAfter, fetched, listed, changed, fetchedAtMs, countUnchangedAttempts } = changes;
  const peers = settledPeers(calendar, ledger, changes);
  const classified = new Map<IsoDate, ClassifiedSession>();
  for (const session of [...rowsAfter.keys()].sort()) {
    const rows = rowsAfter.get(session) ?? 0;
    const before = ledger.get(session);
    const median = expectedRows(session, 0, peers);
    const listedRows = listed.on(session);
    const isLaterSession = before === undefined || isAfterSessionOf(calendar, fetchedAtMs, before.lastFetchMs);
    const hasListings = listedRows > 0;
    const fetch = {
      session,
      rows,
      ...(hasListings ? { counted: listed.after.get(session) ?? 0 } : {}),
      ...(fetched === undefined ? {} : { fetched: fetched.get(session) ?? 0 }),
      ...(hasListings && listed.fetched !== undefined ? { fetchedCounted: listed.fetched.get(session) ?? 0 } : {}),
      expected: hasListings ? listedRows : median,
      isSecondOpinion: isLaterSession,
      fetchedAtMs,
      settlesAtMs: calendar.settlesAtMs(session),
    };
    const { row, settledShort } = afterFetch(before, fetch, partialShare);
    const isNews =
      countUnchangedAttempts ||
      before === undefined ||
      before.rows !== rows ||
      changed.has(session) ||
      (before.state !== row.state && isLaterSession);
    classified.set(session, {
      row: isNews || before === undefined ? row : before,
      isNews,
      settledShort: isNews && settledShort,
      median,
    });
  }
  return classified;
}

/**
 * Returns the settled sessions that determine the expected row count: those of the ledger, and those of the put itself that
 * are old enough to settle, so that a gap inside a first import is found too.
 */
function settledPeers(
  calendar: Calendar,
  ledger: ReadonlyMap<IsoDate, LedgerRow>,
  { rowsAfter, fetchedAtMs }: SessionChanges,
): { session: IsoDate; rows: number }[] {
  const peers: { session: IsoDate; rows: number }[] = [];
  for (const [session, row] of ledger) {
    if (row.state === 'settled' && !rowsAfter.has(session)) peers.push({ session, rows: row.rows });
  }
  for (const [session, rows] of rowsAfter) {
    if (fetchedAtMs >= calendar.settlesAtMs(session)) peers.push({ session, rows });
  }
  return peers.sort((a, b) => (a.session < b.session ? -1 : 1));
}

function isAfterSessionOf(calendar: Calendar, nowMs: InstantMs, beforeMs: InstantMs): boolean {
  return nowMs > beforeMs && calendar.lastClosedSession(nowMs) > calendar.lastClosedSession(beforeMs);
}

/**
 * Sessions before this one lie in windows of the longest interval that are over: the first session of the window that the
 * next close will fall into.
 */
export function openWindowStart(calendar: Calendar, longestInterval: number, nowMs: InstantMs): IsoDate {
  const next = calendar.next(calendar.lastClosedSession(nowMs));
  return calendar.sessionAt(windowNumber(calendar, longestInterval, next) * longestInterval);
}
