import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { afterFetch, expectedRows, type LedgerRow } from '#market/ledger.ts';
import { windowNumber } from '#market/window.ts';

/** What a fetch or an import makes of the sessions it brought. Pure: the rules of `#market/ledger.ts` applied to many. */

export interface JudgeInputs {
  readonly calendar: Calendar;
  readonly ledger: ReadonlyMap<IsoDate, LedgerRow>;
  /** Rows that each session of the put has in the table once the put is in it. */
  readonly rowsAfter: ReadonlyMap<IsoDate, number>;
  /** Those of them whose symbols are listed; where listings speak of the session, only these count. */
  readonly listedAfter: ReadonlyMap<IsoDate, number>;
  /** Rows that a fetch brought for each session, where it was meant to bring all of them. */
  readonly fetched?: ReadonlyMap<IsoDate, number>;
  /** Those of them whose symbols are listed. */
  readonly listedFetched?: ReadonlyMap<IsoDate, number>;
  /** Sessions of the put whose bars it changes. */
  readonly changed: ReadonlySet<IsoDate>;
  /** Symbols listed on a session; 0 where nothing is known. */
  readonly listed: (session: IsoDate) => number;
  readonly fetchedAtMs: InstantMs;
  readonly partialShare: number;
  /** Every look counts as an attempt, also one that brought nothing new: true for fetches, false for files. */
  readonly countEveryLook: boolean;
}

export interface JudgedSession {
  readonly row: LedgerRow;
  /** The ledger does not say so yet. */
  readonly isNews: boolean;
  /** Settled although it stayed short of what was expected. */
  readonly settledShort: boolean;
  /** Rows of the nearest settled sessions, their median; null where there are too few of them. */
  readonly median: number | null;
}

/** The ledger's rows after the put, ascending by session. */
export function judgeSessions(inputs: JudgeInputs): Map<IsoDate, JudgedSession> {
  const { calendar, ledger, rowsAfter, changed, listed, fetchedAtMs, partialShare, countEveryLook } = inputs;
  const peers = settledPeers(inputs);
  const judged = new Map<IsoDate, JudgedSession>();
  for (const session of [...rowsAfter.keys()].sort()) {
    const rows = rowsAfter.get(session) ?? 0;
    const before = ledger.get(session);
    const median = expectedRows(session, 0, peers);
    const listedRows = listed(session);
    const isLaterSession = before === undefined || isAfterSessionOf(calendar, fetchedAtMs, before.lastFetchMs);
    const hasListings = listedRows > 0;
    const { fetched, listedFetched } = inputs;
    const fetch = {
      session,
      rows,
      ...(hasListings ? { counted: inputs.listedAfter.get(session) ?? 0 } : {}),
      ...(fetched === undefined ? {} : { fetched: fetched.get(session) ?? 0 }),
      ...(hasListings && listedFetched !== undefined ? { fetchedCounted: listedFetched.get(session) ?? 0 } : {}),
      expected: hasListings ? listedRows : median,
      isSecondOpinion: isLaterSession,
      fetchedAtMs,
      settlesAtMs: calendar.settlesAtMs(session),
    };
    const { row, settledShort } = afterFetch(before, fetch, partialShare);
    const isNews =
      countEveryLook ||
      before === undefined ||
      before.rows !== rows ||
      changed.has(session) ||
      (before.state !== row.state && isLaterSession);
    judged.set(session, {
      row: isNews || before === undefined ? row : before,
      isNews,
      settledShort: isNews && settledShort,
      median,
    });
  }
  return judged;
}

/**
 * Settled sessions that say how many rows are usual: those of the ledger, and those that the put itself brings late enough
 * to settle. So a hole inside a first import is seen too.
 */
function settledPeers(inputs: JudgeInputs): { session: IsoDate; rows: number }[] {
  const { calendar, ledger, rowsAfter, fetchedAtMs } = inputs;
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
