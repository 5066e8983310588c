import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Calendar } from '#market/calendar/calendar.ts';

/**
 * Returns the last session that may count as published at an instant; undefined if all stored sessions do. Bars of a
 * session that had not closed were stored by a clock that was ahead.
 */
export function publishedUntil(calendar: Calendar, bars: Snapshot, instantMs: InstantMs): IsoDate | undefined {
  const lastClosed = calendar.lastClosedSession(instantMs);
  const stored = bars.unitRange;
  return stored !== undefined && stored.last <= lastClosed ? undefined : lastClosed;
}

/** Returns whether a version of the daily bars may have a published session. A restore may have emptied it. */
export function mayBePublished({ fileCount, unitRange }: Snapshot, until: IsoDate | undefined): boolean {
  return fileCount > 0 && (until === undefined || unitRange === undefined || unitRange.first <= until);
}
