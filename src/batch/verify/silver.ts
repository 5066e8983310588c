import { defined } from '#base/assert.ts';
import { addDays, type IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { decide } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, LISTINGS, SPLITS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { type AppliedSplit, resolveSplits, type SplitFact } from '#market/corporate-actions.ts';
import { type Listing, Listings } from '#market/security.ts';

import { isOlder } from '../tables/file-age.ts';
import { untilSession } from '../tables/until-session.sql.ts';
import type { Findings } from './findings.ts';
import { distinctText, windowBounds } from './verify.sql.ts';

/** A silver table, and the versions of its inputs that its rows were derived from. */
export interface DerivedTable {
  readonly interval: number;
  readonly definition: TableDefinition;
  readonly at: Snapshot;
  readonly bars: number;
  readonly splits: number | undefined;
  readonly listings: number | undefined;
  /** Index of the last session that counted as published; undefined: all that were stored. */
  readonly published: number | undefined;
}

/** Inputs at the versions of one checkpoint. */
export interface DerivedFrom {
  /** A SELECT of all daily bars. */
  readonly bars: string;
  readonly listings: Listings;
  readonly splits: ReadonlyMap<string, readonly AppliedSplit[]>;
  readonly published: ReadonlySet<IsoDate>;
}

/** Checks a silver table's checkpoint against its inputs. Returns undefined if the table cannot be derived again from it. */
export async function verifyCheckpoint(
  lake: Lake,
  calendar: Calendar,
  interval: number,
  definition: TableDefinition,
  at: Snapshot,
  findings: Findings,
): Promise<DerivedTable | undefined> {
  const reject = (message: string): undefined => {
    findings.of(definition)('checkpoint', definition.name, message);
  };
  const bars = await lake.table(DAILY_BARS).head();
  if (bars === undefined) return reject('There are no daily bars from which the table could have been derived');
  const splits = await lake.table(SPLITS).head();
  const listings = await lake.table(LISTINGS).head();
  const decision = decide(at.txns, { bars, splits, listings, calendarHash: calendar.hash });
  if (decision.mode === 'ahead')
    return reject('The table was derived from versions of its inputs that do not exist yet');
  if (decision.mode === 'input-gone')
    return reject(`The table was derived from ${decision.gone.join(' and ')}, which no longer exists`);
  if (decision.mode === 'full')
    return reject(`The table must be rebuilt, because ${decision.reason}. Run "condvest resample"`);
  if (decision.calendarChanged)
    return reject('The table was derived under another exchange calendar. Run "condvest resample"');
  const { bars: version, splits: ofSplits, listings: ofListings, published } = decision;
  return { interval, definition, at, bars: version, splits: ofSplits, listings: ofListings, published };
}

/** Checks that every stored window is a window of the calendar, and that all of its rows agree about it. */
export async function verifyWindows(
  lake: Lake,
  calendar: Calendar,
  table: DerivedTable,
  findings: Findings,
  sinceMs?: number,
): Promise<void> {
  const { definition, interval, at } = table;
  const report = findings.of(definition);
  const young = at.files.filter((file) => !isOlder(file, sinceMs));
  const sql = windowBounds(await lake.table(definition).scanSql(young));
  let before: StoredWindow | undefined;
  for (const window of await lake.records<StoredWindow>(sql)) {
    const { firstSession: first, lastSession: last, expected, rows } = window;
    const where = `${String(first)} to ${String(last)}`;
    if (first === null || last === null || !isWindow(calendar, interval, first, last))
      report('window', where, `${rows} rows are of a window that does not have ${interval} sessions`);
    else if (expected !== interval)
      report('window', where, `${rows} rows expect ${String(expected)} sessions instead of ${interval}`);
    else if (before?.firstSession === first)
      report('window', where, 'Some rows say that the window is complete, others that it is not');
    before = window;
  }
}

interface StoredWindow {
  readonly firstSession: IsoDate | null;
  readonly lastSession: IsoDate | null;
  readonly expected: number | null;
  readonly complete: boolean | null;
  readonly rows: number;
}

function isWindow(calendar: Calendar, interval: number, first: IsoDate, last: IsoDate): boolean {
  if (!calendar.isSession(first) || !calendar.isSession(last)) return false;
  const index = calendar.sessionIndex(first);
  return index % interval === 0 && calendar.sessionIndex(last) === index + interval - 1;
}

/** Returns the inputs at the versions of a checkpoint, or the reason why they can no longer be read. */
export async function readDerivedFrom(
  lake: Lake,
  calendar: Calendar,
  table: Pick<DerivedTable, 'bars' | 'splits' | 'listings' | 'published'>,
): Promise<DerivedFrom | string> {
  try {
    const bars = defined(await lake.table(DAILY_BARS).at({ version: table.bars }), 'a checkpoint refers to a version');
    const all = await lake.table(DAILY_BARS).scanSql(bars.files);
    const scan = table.published === undefined ? all : untilSession(all, lastSessionOf(calendar, table.published));
    const sessions = await lake.rows<{ value: IsoDate }>(distinctText(scan, 'session'));
    const listings = new Listings(await rowsAt<Listing>(lake, LISTINGS, table.listings));
    const { applied } = resolveSplits(listings, await rowsAt<SplitFact>(lake, SPLITS, table.splits));
    return { bars: scan, listings, splits: applied, published: new Set(sessions.map(({ value }) => value)) };
  } catch (cause) {
    if (cause instanceof CondvestError && cause.code.startsWith('lake-')) return cause.message;
    throw cause;
  }
}

/** Without any session that counted, the day before the first one. */
function lastSessionOf(calendar: Calendar, index: number): IsoDate {
  return index < 0 ? addDays(calendar.firstSession, -1) : calendar.sessionAt(index);
}

async function rowsAt<T>(lake: Lake, definition: TableDefinition, version: number | undefined): Promise<readonly T[]> {
  if (version === undefined) return [];
  return lake.table(definition).records<T>(await lake.table(definition).at({ version }));
}
