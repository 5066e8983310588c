import type { IsoDate } from '#base/dates.ts';
import type { PinnedInputs } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import { DAILY_BARS, LISTINGS, SPLITS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { type AppliedSplit, resolveSplits, type SplitFact } from '#market/corporate-actions.ts';
import { type Listing, Listings } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';
import type { Clock } from '#ports/clock.ts';
import { isForeign } from '../tables/foreign-rows.ts';
import { distinctSessions } from './inputs.sql.ts';
import { type Published, publishedOf } from './plan.ts';
import { type LinkedSpan, linkedSpans } from './symbol-spans.ts';

/** The tables that silver is derived from. */
export interface InputTables {
  readonly bars: Table;
  readonly splits: Table;
  readonly listings: Table;
}

export function inputTables(lake: Lake): InputTables {
  return { bars: lake.table(DAILY_BARS), splits: lake.table(SPLITS), listings: lake.table(LISTINGS) };
}

/** Returns whether silver is derived from a table. */
export function isInput(table: string): boolean {
  return [DAILY_BARS, SPLITS, LISTINGS].some(({ name }) => name === table);
}

/** Splits and listings at one version of each. */
export interface Actions {
  readonly splits: readonly AppliedSplit[];
  readonly spans: readonly LinkedSpan[];
}

/** Everything a run derives from, at one version of each table. */
export interface Inputs extends Actions {
  readonly pinned: PinnedInputs;
  readonly bars: Snapshot;
  /** Sessions that have bars and have closed. */
  readonly published: Published;
  /** All sessions that have bars. Those that have not closed were stored by a clock that was ahead. */
  readonly stored: SessionSet;
}

/** Pins the newest version of each input. Undefined before there are any daily bars. */
export async function pinInputs(lake: Lake, calendar: Calendar, clock: Clock): Promise<Inputs | undefined> {
  const tables = inputTables(lake);
  const bars = await tables.bars.head();
  const splits = await tables.splits.head();
  const listings = await tables.listings.head();
  if (bars === undefined) return undefined;
  const stored = await storedSessions(lake, bars);
  const lastClosed = calendar.lastClosedSession(clock.nowMs());
  const published = publishedOf(
    calendar,
    stored.filter((session) => session <= lastClosed),
  );
  const actions = await readActions(lake, splits, listings);
  return {
    ...actions,
    bars,
    published,
    stored,
    pinned: { bars, splits, listings, calendarHash: calendar.hash },
  };
}

/** Returns the sessions of which daily_bars has a row. Our files say so themselves; others are asked. */
async function storedSessions(lake: Lake, bars: Snapshot): Promise<SessionSet> {
  const sessions = new Set<IsoDate>();
  const foreign = [];
  for (const file of bars.files) {
    if (file.units === undefined || isForeign(file)) foreign.push(file);
    else for (const session of file.units) sessions.add(session);
  }
  if (foreign.length > 0) {
    const sql = distinctSessions(await lake.table(DAILY_BARS).scanSql(foreign));
    for (const row of await lake.rows<{ session: IsoDate }>(sql)) sessions.add(row.session);
  }
  return SessionSet.of(sessions);
}

/** Reads splits and listings at these versions; a table that does not exist is empty. */
export async function readActions(
  lake: Lake,
  splits: Snapshot | undefined,
  listings: Snapshot | undefined,
): Promise<Actions> {
  const known = await lake.table(LISTINGS).records<Listing>(listings);
  const facts = await lake.table(SPLITS).records<SplitFact>(splits);
  const { applied } = resolveSplits(new Listings(known), facts);
  return { splits: [...applied.values()].flat(), spans: linkedSpans(known) };
}
