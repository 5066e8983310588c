import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { inUnits } from '#lake/put.sql.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, LISTINGS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Listing } from '#market/security.ts';
import type { SessionSet } from '#market/session-set.ts';
import { listedRowsSql } from './listed-counts.sql.ts';

/** Listed symbols per session, from one version of the listings. */
export interface ListedSymbols {
  /** Returns the number of symbols listed in a session; 0 if there are no listings for it. */
  readonly on: (session: IsoDate) => number;
  /** Counts, by session, the rows of a SELECT with `symbol` and `session` whose symbol is listed then. */
  readonly rowsOf: (select: string) => Promise<ReadonlyMap<IsoDate, number>>;
}

/**
 * Symbols are counted by where listings begin and end, since asking `Listings` of every session would look at every
 * symbol each time.
 */
export async function listedSymbols(
  lake: Lake,
  calendar: Calendar,
  base: Snapshot | undefined,
): Promise<ListedSymbols> {
  if (base === undefined) return { on: () => 0, rowsOf: () => Promise.resolve(new Map()) };
  const table = lake.table(LISTINGS);
  const listings = await table.rowsSql(base);
  const on = countCovering(
    calendar,
    (await table.records<Listing>(base)).map(({ firstSession, lastSession }) => ({
      first: firstSession,
      last: lastSession,
    })),
  );
  const rowsOf = async (select: string): Promise<ReadonlyMap<IsoDate, number>> => {
    const counts = await lake.rows<{ session: IsoDate; rows: number }>(listedRowsSql(select, listings));
    return new Map(counts.map((row) => [row.session, row.rows]));
  };
  return { on, rowsOf };
}

/** Listed symbols and rows of some sessions. */
export interface ListedRows {
  readonly on: ListedSymbols['on'];
  /** Rows of listed symbols, of all that each session has in `bronze/daily_bars`. */
  readonly after: ReadonlyMap<IsoDate, number>;
  /** Of those that the fetch brought; of those that are stored it can be no more, unless given. */
  readonly fetched?: ReadonlyMap<IsoDate, number>;
}

/** The same of what is stored now. */
export async function listedRowsStored(lake: Lake, calendar: Calendar, sessions: SessionSet): Promise<ListedRows> {
  const { on, rowsOf } = await listedSymbols(lake, calendar, await lake.table(LISTINGS).head());
  const files = (await lake.table(DAILY_BARS).head())?.filesTouching(sessions) ?? [];
  if (files.length === 0) return { on, after: new Map() };
  const columns = DAILY_BARS.columns.filter(({ name }) => name === 'symbol' || name === 'session');
  const stored = await lake.table(DAILY_BARS).scanSql(files, { columns });
  return { on, after: await rowsOf(`SELECT * FROM (${stored}) WHERE ${inUnits('session', sessions)}`) };
}

/** Returns the number of date spans that cover a session. `last` null means until today. */
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
