import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import { describeWindow, type Window, windowSessions } from '#market/window.ts';

/**
 * Which windows a change touches. Pure: the same inputs give the same plan. A window is named by its number,
 * floor(session index / interval).
 */

/** A window of an interval, with what a run must know of it beyond its description. */
export interface PlannedWindow extends Window {
  /** Session indexes, both included. */
  readonly fromIndex: number;
  readonly toIndex: number;
  /** It ends after the last session that is published at all: more rows are to be expected. */
  readonly open: boolean;
}

/** The sessions of daily_bars at the version of a run, as indexes. With none, every index is after the last one. */
export interface Published {
  readonly indexes: ReadonlySet<number>;
  readonly first: number;
  readonly last: number;
}

/** Changes of the inputs since a checkpoint. */
export interface Changes {
  /** Sessions whose rows, or whose rows' securities, changed. */
  readonly sessions: SessionSet;
  /** Ex-dates of splits that are applied now and were not, or the other way round. */
  readonly exDates: readonly IsoDate[];
}

/** The published sessions that the calendar knows. */
export function publishedOf(calendar: Calendar, sessions: Iterable<IsoDate>): Published {
  const indexes = new Set<number>();
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const session of sessions) {
    if (!calendar.isSession(session)) continue;
    const index = calendar.sessionIndex(session);
    indexes.add(index);
    first = Math.min(first, index);
    last = Math.max(last, index);
  }
  return { indexes, first, last };
}

export function windowAt(calendar: Calendar, interval: number, number: number, published: Published): PlannedWindow {
  const fromIndex = number * interval;
  const toIndex = fromIndex + interval - 1;
  const window = describeWindow(calendar, interval, number, (session) =>
    published.indexes.has(calendar.sessionIndex(session)),
  );
  return { ...window, fromIndex, toIndex, open: toIndex > published.last };
}

/** Numbers of all windows with a published session, ascending. */
export function allWindows(interval: number, published: Published): number[] {
  return ascending(new Set([...published.indexes].map((index) => Math.floor(index / interval))));
}

/** Numbers of exactly the windows that the changes touch, ascending. */
export function touchedWindows(calendar: Calendar, interval: number, changes: Changes): number[] {
  const windows = new Set<number>();
  for (const session of changes.sessions) {
    if (calendar.isSession(session)) windows.add(Math.floor(calendar.sessionIndex(session) / interval));
  }
  for (const exDate of changes.exDates) {
    if (exDate < calendar.firstSession || exDate > calendar.lastSession) continue;
    const index = calendar.indexOnOrAfter(exDate);
    // On a window's first session a split scales no row of that window, nor of any other.
    if (index % interval !== 0) windows.add(Math.floor(index / interval));
  }
  return ascending(windows);
}

/** Most sessions of a year. */
const YEAR_SESSIONS = 253;
/** Bars of a year that are held in memory at once: 228 MB. Six Fibonacci intervals of 14,000 symbols are fewer. */
const BARS_MAX = 3_000_000;

/**
 * Groups tables so that the bars of each group in any one year are not too many, unless a single table has more.
 * @param symbols bars a session, at most.
 */
export function groupsOf<T extends { readonly interval: number; readonly windows: readonly unknown[] }>(
  tables: readonly T[],
  symbols: number,
): T[][] {
  const groups: T[][] = [];
  let bars = Number.POSITIVE_INFINITY;
  for (const table of tables) {
    const own = Math.min(table.windows.length, Math.ceil(YEAR_SESSIONS / table.interval)) * symbols;
    const group = groups.at(-1);
    if (group === undefined || bars + own > BARS_MAX) {
      groups.push([table]);
      bars = own;
    } else {
      group.push(table);
      bars += own;
    }
  }
  return groups;
}

/** Bounds of a stored window, as its rows have them. */
export interface StoredBounds {
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
}

/**
 * Returns the stored windows that a changed calendar invalidates: the first one whose bounds no longer match the
 * calendar, and all stored from there on, which must be removed. Undefined if every stored window is still valid.
 */
export function outdatedFrom(
  calendar: Calendar,
  interval: number,
  stored: readonly StoredBounds[],
): { readonly fromWindow: number; readonly obsolete: SessionSet } | undefined {
  const inOrder = [...stored].sort((a, b) => (a.firstSession < b.firstSession ? -1 : 1));
  const wrong = inOrder.find((bounds) => !isWindow(calendar, interval, bounds));
  if (wrong === undefined) return undefined;
  return {
    fromWindow: Math.floor(calendar.indexOnOrAfter(wrong.firstSession) / interval),
    obsolete: SessionSet.of(
      inOrder.filter(({ firstSession }) => firstSession >= wrong.firstSession).map(({ firstSession }) => firstSession),
    ),
  };
}

function isWindow(calendar: Calendar, interval: number, bounds: StoredBounds): boolean {
  if (!calendar.isSession(bounds.firstSession)) return false;
  const index = calendar.sessionIndex(bounds.firstSession);
  if (index % interval !== 0) return false;
  return windowSessions(calendar, interval, index / interval).at(-1) === bounds.lastSession;
}

function ascending(numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}
