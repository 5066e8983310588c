import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, RESTATEMENTS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';

/** One version of each table: what one answer is made from. A table that did not exist is undefined. */
export interface Pinned {
  readonly bars: Snapshot;
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

/**
 * The newest versions, or those of an instant. Derived tables are pinned before what they are derived from, so that a stored
 * bar is never newer than the rows it is compared with. Throws `lake-empty` where there are no daily bars.
 */
export async function pin(lake: Lake, interval: number, asOfMs: InstantMs | undefined): Promise<Pinned> {
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
  if (bars === undefined) throw lakeEmpty(asOfMs);
  const definitions = { splits: SPLITS, listings: LISTINGS };
  return { bars, splits, dividends, listings, sessions, restatements, silver, versions, definitions };
}

function lakeEmpty(asOfMs: InstantMs | undefined): CondvestError {
  return new CondvestError({
    code: 'lake-empty',
    kind: 'permanent',
    message: asOfMs === undefined ? 'There are no daily bars yet' : 'There were no daily bars at that instant',
    ...(asOfMs === undefined ? {} : { found: new Date(asOfMs).toISOString() }),
    action: 'Import some (condvest import prices.parquet), or build a simulated market (condvest up)',
  });
}
