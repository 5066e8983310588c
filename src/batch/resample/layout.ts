import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { SessionSet } from '#market/session-set.ts';

import { byYear, type Window } from './plan.ts';

/**
 * Which files of a silver table a run replaces, and which it writes. A window that is open has a file of its own, because
 * it is written again night after night. Closed windows of one year go into one file per run; where that run touches windows
 * of a file that holds others as well, those others are carried over into the new file.
 */

/** A live file of the table, as far as the plan needs to know it. */
export interface StoredFile {
  readonly path: string;
  /** The windows it holds, by first session; undefined: it may hold any. */
  readonly units: SessionSet | undefined;
}

export interface FileGroup<F extends StoredFile> {
  readonly year: number;
  /** Windows to fold into this file. */
  readonly windows: readonly Window[];
  /** Files whose other rows move into it. */
  readonly carry: readonly F[];
}

export interface Layout<F extends StoredFile> {
  readonly remove: readonly F[];
  readonly groups: readonly FileGroup<F>[];
  /** First sessions of all windows whose rows are replaced or removed. */
  readonly units: SessionSet;
}

/**
 * @param windows to be written.
 * @param obsolete first sessions of stored windows that are to vanish.
 * @param yearOfFile the partition a file lies in.
 */
export function planLayout<F extends StoredFile>(
  files: readonly F[],
  windows: readonly Window[],
  obsolete: SessionSet,
  yearOfFile: (file: F) => number,
): Layout<F> {
  const units = SessionSet.of(windows.map((window) => window.firstSession)).union(obsolete);
  const remove = files.filter((file) => file.units === undefined || file.units.intersects(units));
  const carry = remove.filter((file) => file.units === undefined || file.units.difference(units).size > 0);
  const groups: FileGroup<F>[] = [];
  const years = byYear(windows);
  const carriedYears = new Set(carry.map(yearOfFile));
  for (const year of [...carriedYears].sort((a, b) => b - a)) {
    if (!years.some((known) => known.year === year)) years.push({ year, windows: [] });
  }
  for (const { year, windows: ofYear } of years) {
    const closed = ofYear.filter((window) => !window.open);
    const carried = carry.filter((file) => yearOfFile(file) === year);
    if (closed.length > 0 || carried.length > 0) groups.push({ year, windows: closed, carry: carried });
    for (const window of ofYear) if (window.open) groups.push({ year, windows: [window], carry: [] });
  }
  return { remove, groups, units };
}

/** First and last session index of windows that are in ascending order and at least one. */
export function indexRange(windows: readonly Window[]): { readonly from: number; readonly to: number } {
  const from = defined(windows[0], 'a group of at least one window').fromIndex;
  return { from, to: defined(windows.at(-1), 'a group of at least one window').toIndex };
}

/** The windows by their first session, with what is carried over. */
export function unitsOfGroup(group: FileGroup<StoredFile>, carried: Iterable<IsoDate>): SessionSet {
  return SessionSet.of([...group.windows.map((window) => window.firstSession), ...carried]);
}

/** The layout of a full rebuild: every file goes, every window is written. */
export function planRebuild<F extends StoredFile>(files: readonly F[], windows: readonly Window[]): Layout<F> {
  const { groups, units } = planLayout<F>([], windows, SessionSet.empty, () => 0);
  const stored = files.map((file) => file.units ?? SessionSet.empty);
  return { remove: files, groups, units: stored.reduce((all, some) => all.union(some), units) };
}
