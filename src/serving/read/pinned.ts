import { type InstantMs, type IsoDate, MS_PER_DAY } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, RESTATEMENTS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';

import { instantText } from '../export/instant-text.ts';
import { mayBePublished, publishedUntil } from './published-until.ts';

/** One version of each table: what one answer is made from. A table that did not exist is undefined. */
export interface Pinned {
  readonly bars: Snapshot;
  /** The last session that counts as published; undefined: all that the bars have. */
  readonly until: IsoDate | undefined;
  readonly splits: Snapshot | undefined;
  readonly dividends: Snapshot | undefined;
  readonly listings: Snapshot | undefined;
  readonly sessions: Snapshot | undefined;
  readonly restatements: Snapshot | undefined;
  readonly silver: Snapshot | undefined;
  /** By table name, of those that exist. */
  readonly versions: Readonly<Record<string, number>>;
  readonly definitions: { readonly splits: TableDefinition; readonly listings: TableDefinition };
}

export interface PinRequest {
  /** Also the silver table of this many sessions a bar; 1: none. */
  readonly interval: number;
  readonly asOfMs: InstantMs | undefined;
}

/**
 * The newest versions, or those of an instant. Derived tables are pinned before what they are derived from, so that a stored
 * bar is never newer than the rows it is compared with. Throws `lake-empty` where there are no daily bars, `as-of-in-future`
 * and `as-of-too-early` for instants that no version can answer, `lake-as-of-too-old` for those whose versions are gone.
 */
export async function pin(
  { lake, calendar, clock }: { readonly lake: Lake; readonly calendar: Calendar; readonly clock: Clock },
  { interval, asOfMs }: PinRequest,
): Promise<Pinned> {
  if (asOfMs !== undefined) refuseFuture(asOfMs, clock.nowMs());
  const versions: Record<string, number> = {};
  const open = async (definition: TableDefinition): Promise<Snapshot | undefined> => {
    const table = lake.table(definition);
    const snapshot = asOfMs === undefined ? await table.head() : await table.at({ asOfMs });
    if (snapshot !== undefined) versions[definition.name] = snapshot.version;
    return snapshot;
  };
  const silver = interval > 1 ? await open(silverBars(interval)) : undefined;
  const restatements = await open(RESTATEMENTS);
  const sessions = await open(SESSIONS);
  const bars = await open(DAILY_BARS);
  const splits = await open(SPLITS);
  const dividends = await open(DIVIDENDS);
  const listings = await open(LISTINGS);
  if (bars === undefined) {
    const head = asOfMs === undefined ? undefined : await lake.table(DAILY_BARS).head();
    throw head === undefined || asOfMs === undefined ? lakeEmpty() : await tooEarly(lake, asOfMs);
  }
  const until = publishedUntil(calendar, bars, Math.min(asOfMs ?? Number.POSITIVE_INFINITY, clock.nowMs()));
  if (!mayBePublished(bars, until)) throw lakeEmpty();
  const definitions = { splits: SPLITS, listings: LISTINGS };
  return { bars, until, splits, dividends, listings, sessions, restatements, silver, versions, definitions };
}

/**
 * An answer as of a later instant could still change, which is what asking for an instant rules out. The rest of today (UTC)
 * counts as now, so that today's date can be asked for.
 */
export function refuseFuture(asOfMs: InstantMs, nowMs: InstantMs): void {
  const endOfToday = (Math.floor(nowMs / MS_PER_DAY) + 1) * MS_PER_DAY;
  if (asOfMs < endOfToday) return;
  throw new UsageError({
    code: 'as-of-in-future',
    message: 'The lake cannot be read as of an instant in the future',
    found: instantText(asOfMs),
    allowed: `up to now, ${instantText(nowMs)}`,
  });
}

export async function tooEarly(lake: Lake, asOfMs: InstantMs): Promise<UsageError> {
  const first = await lake.table(DAILY_BARS).at({ version: 0 });
  return new UsageError({
    code: 'as-of-too-early',
    message: 'There were no daily bars at that instant',
    found: instantText(asOfMs),
    ...(first === undefined ? {} : { allowed: `${instantText(first.timestampMs)} or later` }),
  });
}

export function lakeEmpty(): CondvestError {
  return new CondvestError({
    code: 'lake-empty',
    kind: 'permanent',
    message: 'There are no daily bars yet',
    action: 'Import some (condvest import prices.parquet), or build a simulated market (condvest up)',
  });
}
