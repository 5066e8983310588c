import { assert } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { BarValues } from './bar.ts';
import type { Calendar } from './calendar/calendar.ts';
import type { AppliedSplit } from './corporate-actions.ts';

/**
 * Session windows and their bars. Window number = floor(sessionIndex / N): a function of the calendar alone, the same
 * for every symbol, whatever history is added, lost or requested.
 */

/** The lengths stored by default: Fibonacci numbers. */
export const DEFAULT_INTERVALS: readonly number[] = [3, 5, 8, 13, 21, 34];
export const INTERVAL_MIN = 2;
/** A year of sessions. */
export const INTERVAL_MAX = 252;

/** Returns `interval` if it is a valid window length; throws `interval-invalid` otherwise. */
export function checkInterval(interval: number): number {
  if (Number.isInteger(interval) && interval >= INTERVAL_MIN && interval <= INTERVAL_MAX) return interval;
  throw new UsageError({
    code: 'interval-invalid',
    message: 'This is not a number of sessions a bar can have',
    found: String(interval),
    allowed: `a whole number from ${INTERVAL_MIN} to ${INTERVAL_MAX}, or 1 for daily bars`,
  });
}

export function windowNumber(calendar: Calendar, interval: number, session: IsoDate): number {
  return Math.floor(calendar.sessionIndex(session) / interval);
}

/**
 * Returns the sessions of a window, first to last, by the calendar. Sessions past the calendar's horizon are omitted.
 */
export function windowSessions(calendar: Calendar, interval: number, window: number): IsoDate[] {
  const sessions: IsoDate[] = [];
  const end = calendar.sessionIndex(calendar.lastSession);
  for (let i = window * interval; i < (window + 1) * interval && i <= end; i += 1) sessions.push(calendar.sessionAt(i));
  return sessions;
}

/** One window by the calendar and the published sessions: the same for all securities. */
export interface Window {
  readonly number: number;
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
  /** Number of its sessions by the calendar. */
  readonly expected: number;
  /** Whether all of them are published. */
  readonly complete: boolean;
  /**
   * Its last published session, or undefined if there is none. Stored prices are on the share basis of that session.
   */
  readonly lastPublished: IsoDate | undefined;
}

export function describeWindow(
  calendar: Calendar,
  interval: number,
  number: number,
  isPublished: (session: IsoDate) => boolean,
): Window {
  const sessions = windowSessions(calendar, interval, number);
  const [firstSession, lastSession] = [sessions[0], sessions.at(-1)];
  assert(firstSession !== undefined && lastSession !== undefined, `window ${number} of ${interval} has sessions`);
  return {
    number,
    firstSession,
    lastSession,
    expected: interval,
    complete: sessions.length === interval && sessions.every(isPublished),
    lastPublished: sessions.findLast(isPublished),
  };
}

/** A daily row to be folded into a window. `symbol` is that of the session. */
export interface FoldedRow extends BarValues {
  readonly symbol: string;
  readonly session: IsoDate;
}

/** An N-session bar: a row of `silver/bars_Nd`. Prices on the share basis of the window's last published session. */
export interface WindowBar extends BarValues {
  readonly securityId: string;
  /** The security's symbol at its last bar in the window. */
  readonly symbol: string;
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
  /** Number of sessions in which the security has a bar. */
  readonly sessions: number;
  readonly expected: number;
  readonly complete: boolean;
}

export interface FoldInputs {
  readonly calendar: Calendar;
  readonly interval: number;
  /** Sessions with a row in `daily_bars`, of any security. */
  readonly isPublished: (session: IsoDate) => boolean;
}

/**
 * Folds daily rows into N-session bars, one security at a time. The oracle for the SQL.
 *
 * Windows are described once and cached, since all securities share them; folding a whole market allocates little more
 * than its results.
 */
export class WindowFolder {
  readonly #inputs: FoldInputs;
  readonly #windows = new Map<number, Window>();

  constructor(inputs: FoldInputs) {
    this.#inputs = inputs;
  }

  windowOf(session: IsoDate): Window {
    const { calendar, interval, isPublished } = this.#inputs;
    const number = windowNumber(calendar, interval, session);
    let window = this.#windows.get(number);
    if (window === undefined) {
      window = describeWindow(calendar, interval, number, isPublished);
      this.#windows.set(number, window);
    }
    return window;
  }

  /**
   * Returns the bars of one security from its rows, strictly ascending by session, and its splits, ascending by
   * ex-date.
   */
  fold(securityId: string, rows: Iterable<FoldedRow>, splits: readonly AppliedSplit[]): WindowBar[] {
    const bars: WindowBar[] = [];
    let window: Window | undefined;
    let group: FoldedRow[] = [];
    let last: IsoDate | undefined;
    for (const row of rows) {
      assert(last === undefined || last < row.session, `rows of ${securityId} ascend: ${last}, ${row.session}`);
      last = row.session;
      if (window === undefined || row.session > window.lastSession) {
        if (window !== undefined) bars.push(foldWindow(window, securityId, group, splits));
        window = this.windowOf(row.session);
        group = [];
      }
      group.push(row);
    }
    if (window !== undefined) bars.push(foldWindow(window, securityId, group, splits));
    return bars;
  }
}

/**
 * Returns one bar from the rows of one window. Splits with session < exDate ≤ the last published session scale a row;
 * sums run in ascending session order. `vwap` = Σ(vwap·volume, both unscaled) / Σ(scaled volume) over rows with volume:
 * dollars divided by shares on the new basis.
 */
export function foldWindow(
  window: Window,
  securityId: string,
  rows: readonly FoldedRow[],
  splits: readonly AppliedSplit[],
): WindowBar {
  const first = rows[0];
  const final = rows.at(-1);
  assert(first !== undefined && final !== undefined, 'a bar has at least one row');
  const inside = splits.filter(
    ({ exDate }) =>
      exDate > window.firstSession && window.lastPublished !== undefined && exDate <= window.lastPublished,
  );
  let open = 0;
  let high = Number.NEGATIVE_INFINITY;
  let low = Number.POSITIVE_INFINITY;
  let close = 0;
  let volume = 0;
  let money: number | null = 0;
  let shares = 0;
  let trades: number | null = 0;
  for (const row of rows) {
    let price = 1;
    let count = 1;
    for (const split of inside) {
      if (split.exDate <= row.session) continue;
      price *= split.splitFrom / split.splitTo;
      count *= split.splitTo / split.splitFrom;
    }
    if (row === first) open = row.open * price;
    high = Math.max(high, row.high * price);
    low = Math.min(low, row.low * price);
    close = row.close * price;
    volume += row.volume * count;
    if (row.volume > 0) {
      money = money === null || row.vwap === null ? null : money + row.vwap * row.volume;
      shares += row.volume * count;
    }
    trades = trades === null || row.trades === null ? null : trades + row.trades;
  }
  return {
    securityId,
    symbol: final.symbol,
    firstSession: window.firstSession,
    lastSession: window.lastSession,
    open,
    high,
    low,
    close,
    volume,
    vwap: money === null || shares === 0 ? null : money / shares,
    trades,
    sessions: rows.length,
    expected: window.expected,
    complete: window.complete,
  };
}
