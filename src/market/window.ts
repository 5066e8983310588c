import { assert } from '#base/assert.ts';
import { type IsoDate, toEpochDay } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { BarField, BarValues } from './bar.ts';
import { BarSum, innerSplit, type RowColumns } from './bar-sum.ts';
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
 * Folds daily rows into N-session bars, one security at a time. Windows are described once and cached, since all
 * securities share them.
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
  fold(securityId: string, rows: readonly FoldedRow[], splits: readonly AppliedSplit[]): WindowBar[] {
    const bars: WindowBar[] = [];
    const columns = columnsOf(rows);
    for (let from = 0, to = 0; from < rows.length; from = to) {
      const window = this.windowOf(rows[from]?.session as IsoDate);
      for (to = from + 1; to < rows.length && (rows[to]?.session ?? '') <= window.lastSession; to += 1) {
        const [before, session] = [rows[to - 1]?.session ?? '', rows[to]?.session ?? ''];
        assert(before < session, `rows of ${securityId} ascend: ${before}, ${session}`);
      }
      bars.push(barOf(window, securityId, rows[to - 1]?.symbol ?? '', { columns, from, to }, splits));
    }
    return bars;
  }
}

/** Returns the bar of one security in one window from its rows in it, ascending by session. */
export function foldWindow(
  window: Window,
  securityId: string,
  rows: readonly FoldedRow[],
  splits: readonly AppliedSplit[],
): WindowBar {
  const last = rows.at(-1);
  assert(last !== undefined, 'a bar has at least one row');
  return barOf(window, securityId, last.symbol, { columns: columnsOf(rows), from: 0, to: rows.length }, splits);
}

/** Splits with session < exDate ≤ the window's last published session scale a row. */
function barOf(
  window: Window,
  securityId: string,
  symbol: string,
  rows: { readonly columns: RowColumns; readonly from: number; readonly to: number },
  splits: readonly AppliedSplit[],
): WindowBar {
  const { firstSession, lastSession, expected, complete, lastPublished } = window;
  const inside = splits.filter(
    ({ exDate }) => exDate > firstSession && lastPublished !== undefined && exDate <= lastPublished,
  );
  const sum = new BarSum();
  const factors = inside.map(({ exDate, splitFrom, splitTo }) => innerSplit(toEpochDay(exDate), splitFrom, splitTo));
  sum.add(rows.columns, rows.from, rows.to, factors);
  const { open, high, low, close, volume, vwap, trades, sessions } = sum;
  return {
    securityId,
    symbol,
    firstSession,
    lastSession,
    open,
    high,
    low,
    close,
    volume,
    vwap: Number.isNaN(vwap) ? null : vwap,
    trades: Number.isNaN(trades) ? null : trades,
    sessions,
    expected,
    complete,
  };
}

function columnsOf(rows: readonly FoldedRow[]): RowColumns {
  const column = (field: BarField): Float64Array =>
    Float64Array.from(rows, (row) => row[field] ?? (field === 'volume' ? 0 : Number.NaN));
  return {
    at: Int32Array.from(rows, ({ session }) => toEpochDay(session)),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
    vwap: column('vwap'),
    trades: column('trades'),
  };
}
