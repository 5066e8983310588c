import type { InstantMs, IsoDate } from '#base/dates.ts';

/**
 * The states of a session in the ledger: `missing → partial → provisional → settled`. A session without a row is missing.
 *
 * - provisional: last fetched before 11:00 New York on the next session, until when vendors make corrections;
 * - settled: last fetched at or after that, even if it is the first fetch;
 * - partial: too few rows; retried, and settled with a warning once two fetches after that instant found the same number.
 */
export type SessionState = 'partial' | 'provisional' | 'settled';

/** A session with less than this fraction of the expected rows is partial. */
export const PARTIAL_SHARE = 0.9;
/** Number of settled sessions whose median gives the expected rows if listings do not. */
export const MEDIAN_SESSIONS = 20;
/** With fewer settled sessions than this, there is no expectation. */
export const MEDIAN_SESSIONS_MIN = 5;

export interface LedgerRow {
  readonly session: IsoDate;
  readonly state: SessionState;
  readonly rows: number;
  /** Rows that count toward `expected`: those of listed symbols if listings give the expectation, else all. */
  readonly counted: number;
  readonly expected: number | null;
  readonly attempts: number;
  readonly firstFetchMs: InstantMs;
  readonly lastFetchMs: InstantMs;
}

/** One fetch or import of a session: its rows in the table afterwards. */
export interface SessionFetch {
  readonly session: IsoDate;
  readonly rows: number;
  /** Those of them that count toward `expected`; default: all. */
  readonly counted?: number;
  /** Rows that this fetch returned, if it should have returned all. Fewer than are stored settle nothing. */
  readonly fetched?: number;
  /** Those of them that count toward `expected`; default: all. */
  readonly fetchedCounted?: number;
  /** The result of `expectedRows`; null if unknown. */
  readonly expected: number | null;
  /**
   * Whether another session has closed since the previous fetch; otherwise it does not count as a second opinion on
   * what is missing.
   */
  readonly isSecondOpinion: boolean;
  readonly fetchedAtMs: InstantMs;
  /** 11:00 New York on the next session. */
  readonly settlesAtMs: InstantMs;
}

export interface LedgerVerdict {
  readonly row: LedgerRow;
  /** Whether the session settled although it stayed short of the expectation. */
  readonly settledShort: boolean;
}

/** Returns the ledger's row after a fetch. A settled session stays settled as long as no rows are lost. */
export function afterFetch(
  before: LedgerRow | undefined,
  fetch: SessionFetch,
  partialShare = PARTIAL_SHARE,
): LedgerVerdict {
  const { rows, counted = rows, fetched = rows, fetchedCounted = Math.min(counted, fetched) } = fetch;
  const enough = partialShare * (fetch.expected ?? 0);
  const isShort = rows === 0 || counted < enough;
  // A response with fewer rows than an earlier one says nothing about the stored rows.
  const isShortLook = Math.min(counted, fetchedCounted) < enough || Math.min(rows, fetched) < partialShare * rows;
  const isLate = fetch.fetchedAtMs >= fetch.settlesAtMs;
  const confirmed =
    isShort &&
    isLate &&
    fetch.isSecondOpinion &&
    fetch.rows > 0 &&
    before?.state === 'partial' &&
    before.rows === fetch.rows &&
    before.lastFetchMs >= fetch.settlesAtMs;
  let state: SessionState = isLate && (!isShortLook || isShort) ? 'settled' : 'provisional';
  if (isShort && !confirmed && !(before?.state === 'settled' && before.rows <= fetch.rows)) state = 'partial';
  if (before?.state === 'settled' && before.rows <= fetch.rows) state = 'settled';
  return {
    row: {
      session: fetch.session,
      state,
      rows: fetch.rows,
      counted,
      expected: fetch.expected,
      attempts: (before?.attempts ?? 0) + 1,
      firstFetchMs: before?.firstFetchMs ?? fetch.fetchedAtMs,
      lastFetchMs: Math.max(before?.lastFetchMs ?? 0, fetch.fetchedAtMs),
    },
    settledShort: state === 'settled' && confirmed,
  };
}

/**
 * Returns how many rows a session should have: the symbols listed on it, else the median of the 20 nearest settled
 * sessions, else null. `settled` is ascending by session and may include the session itself, which is ignored.
 */
export function expectedRows(
  session: IsoDate,
  listed: number,
  settled: readonly { readonly session: IsoDate; readonly rows: number }[],
): number | null {
  if (listed > 0) return listed;
  let right = settled.findIndex((row) => row.session >= session);
  if (right === -1) right = settled.length;
  let left = right - 1;
  if (settled[right]?.session === session) right += 1;
  const nearest: number[] = [];
  const day = Date.parse(session);
  while (nearest.length < MEDIAN_SESSIONS) {
    const before = settled[left];
    const after = settled[right];
    if (before === undefined && after === undefined) break;
    const distanceBefore = before === undefined ? Number.POSITIVE_INFINITY : day - Date.parse(before.session);
    const distanceAfter = after === undefined ? Number.POSITIVE_INFINITY : Date.parse(after.session) - day;
    if (distanceBefore <= distanceAfter && before !== undefined) {
      nearest.push(before.rows);
      left -= 1;
    } else if (after !== undefined) {
      nearest.push(after.rows);
      right += 1;
    }
  }
  if (nearest.length < MEDIAN_SESSIONS_MIN) return null;
  nearest.sort((a, b) => a - b);
  const middle = nearest.length >> 1;
  const [low, high] = [nearest[middle - 1], nearest[middle]];
  if (high === undefined || low === undefined) return null;
  return nearest.length % 2 === 1 ? high : (low + high) / 2;
}
