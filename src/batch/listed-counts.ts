import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { LISTINGS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';

import { allRowsSql } from './small-table.ts';

/**
 * How many symbols are listed on each session; 0 where listings say nothing. Counted by where listings begin and end, since
 * asking `Listings` of every session would look at every symbol each time.
 */
export async function listedCounts(
  lake: Lake,
  calendar: Calendar,
  base: Snapshot | undefined,
): Promise<(session: IsoDate) => number> {
  if (base === undefined) return () => 0;
  const rows = await lake.deps.engine.rows<{ first_session: IsoDate; last_session: IsoDate | null }>(
    await allRowsSql(lake, LISTINGS, base),
  );
  return countCovering(
    calendar,
    rows.map((row) => ({ first: row.first_session, last: row.last_session })),
  );
}

/** How many of some spans of dates cover a session. `last` null: until today. */
export function countCovering(
  calendar: Calendar,
  spans: Iterable<{ readonly first: IsoDate; readonly last: IsoDate | null }>,
): (session: IsoDate) => number {
  const size = calendar.sessionIndex(calendar.lastSession) + 1;
  const changes = new Int32Array(size + 1);
  const add = (index: number, change: number): void => {
    const at = Math.min(Math.max(index, 0), size);
    changes[at] = (changes[at] ?? 0) + change;
  };
  for (const { first, last } of spans) {
    const from = calendar.indexOnOrAfter(first);
    const end = last === null ? size : calendar.indexOnOrBefore(last) + 1;
    if (from >= end) continue;
    add(from, 1);
    add(end, -1);
  }
  for (let index = 1; index <= size; index += 1) changes[index] = (changes[index] ?? 0) + (changes[index - 1] ?? 0);
  return (session) => changes[calendar.sessionIndex(session)] ?? 0;
}
