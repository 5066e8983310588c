import type { IsoDate } from '#base/dates.ts';
import { UNITS_TAG } from '#lake/files.ts';
import type { PinnedInputs } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import { DAILY_BARS, LISTINGS, SPLITS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { type AppliedSplit, resolveSplits } from '#market/corporate-actions.ts';
import { type Listing, Listings } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';
import { allListings, allSplits, distinctSessions } from './inputs.sql.ts';
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

/** What splits and listings say together at one version of each. */
export interface Actions {
  readonly splits: readonly AppliedSplit[];
  readonly spans: readonly LinkedSpan[];
}

/** Everything a run derives from, at one version of each table. */
export interface Inputs extends Actions {
  readonly pinned: PinnedInputs;
  readonly bars: Snapshot;
  readonly published: Published;
}

/** Pins the newest version of each input. Undefined where no session is published yet. */
export async function pinInputs(lake: Lake, calendar: Calendar): Promise<Inputs | undefined> {
  const tables = inputTables(lake);
  const bars = await tables.bars.head();
  const splits = await tables.splits.head();
  const listings = await tables.listings.head();
  if (bars === undefined) return undefined;
  const published = publishedOf(calendar, await publishedSessions(lake, bars));
  if (published === undefined) return undefined;
  const actions = await readActions(lake, splits, listings);
  return {
    ...actions,
    bars,
    published,
    pinned: {
      bars: pin(bars),
      splits: splits === undefined ? undefined : pin(splits),
      listings: listings === undefined ? undefined : pin(listings),
      calendarHash: calendar.hash,
    },
  };
}

function pin(snapshot: Snapshot): { tableId: string; version: number } {
  return { tableId: snapshot.tableId, version: snapshot.version };
}

/** A session is published when daily_bars has a row of it. Our files say so themselves; others are asked. */
async function publishedSessions(lake: Lake, bars: Snapshot): Promise<SessionSet> {
  const sessions = new Set<IsoDate>();
  const foreign = [];
  for (const file of bars.files) {
    if (file.tags[UNITS_TAG] === undefined || file.units === undefined) foreign.push(file);
    else for (const session of file.units) sessions.add(session);
  }
  if (foreign.length > 0) {
    const sql = distinctSessions(await lake.table(DAILY_BARS).scanSql(foreign));
    for (const row of await lake.rows<{ session: IsoDate }>(sql)) sessions.add(row.session);
  }
  return SessionSet.of(sessions);
}

interface SplitRow {
  readonly symbol: string;
  readonly ex_date: IsoDate;
  readonly split_from: number;
  readonly split_to: number;
  readonly source: string | null;
}

interface ListingRow {
  readonly security_id: string;
  readonly symbol: string;
  readonly first_session: IsoDate;
  readonly last_session: IsoDate | null;
}

/** Reads splits and listings at these versions; a table that is not there is empty. */
export async function readActions(
  lake: Lake,
  splits: Snapshot | undefined,
  listings: Snapshot | undefined,
): Promise<Actions> {
  const splitRows = await rowsOf<SplitRow>(lake, SPLITS, splits, allSplits);
  const listingRows = await rowsOf<ListingRow>(lake, LISTINGS, listings, allListings);
  const known: Listing[] = listingRows.map((row) => ({
    securityId: row.security_id,
    symbol: row.symbol,
    firstSession: row.first_session,
    lastSession: row.last_session,
  }));
  const facts = splitRows.map((row) => ({
    symbol: row.symbol,
    exDate: row.ex_date,
    splitFrom: row.split_from,
    splitTo: row.split_to,
    source: row.source,
  }));
  const { applied } = resolveSplits(new Listings(known), facts);
  return { splits: [...applied.values()].flat(), spans: linkedSpans(known) };
}

async function rowsOf<T>(
  lake: Lake,
  definition: TableDefinition,
  snapshot: Snapshot | undefined,
  select: (relation: string) => string,
): Promise<readonly T[]> {
  if (snapshot === undefined) return [];
  return lake.rows<T>(select(await lake.table(definition).scanSql(snapshot.files)));
}
