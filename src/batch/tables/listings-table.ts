import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SqlParameter } from '#lake/engine.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { LISTINGS } from '#lake/tables.ts';
import type { ListingRow } from '#market/listing-changes.ts';
import { Listings } from '#market/security.ts';

import { readOnce } from './read-once.ts';
import { allRowsSql } from './small-table.ts';

/** `bronze/listings`, as the program holds it. */

interface SqlListing {
  readonly security_id: string;
  readonly symbol: string;
  readonly first_session: IsoDate;
  readonly last_session: IsoDate | null;
  readonly name: string | null;
  readonly type: string | null;
  readonly exchange: string | null;
  readonly figi: string | null;
  readonly source: string | null;
  readonly seen_at: number;
}

/** All listings at a version of the table. */
export async function readListings(lake: Lake, base: Snapshot | undefined): Promise<readonly ListingRow[]> {
  return base === undefined ? [] : readVersion(lake, base);
}

const readVersion = readOnce(async (lake, base): Promise<readonly ListingRow[]> => {
  const rows = await lake.rows<SqlListing>(await allRowsSql(lake, LISTINGS, base));
  return rows.map((row) => ({
    securityId: row.security_id,
    symbol: row.symbol,
    firstSession: row.first_session,
    lastSession: row.last_session,
    name: row.name,
    type: row.type,
    exchange: row.exchange,
    figi: row.figi,
    source: row.source,
    seenAtMs: row.seen_at,
  }));
});

/** A row of the table, its values in the order of the columns. */
export function listingValues(row: ListingRow): readonly SqlParameter[] {
  return [
    row.securityId,
    row.symbol,
    row.firstSession,
    row.lastSession,
    row.name,
    row.type,
    row.exchange,
    row.figi,
    row.source,
    row.seenAtMs,
  ];
}

/** With two securities on one symbol, or two symbols on one security, nobody could say whose a row is. */
export function checkOverlaps(rows: readonly ListingRow[]): void {
  const overlaps = new Listings(rows).overlaps();
  const [overlap] = overlaps;
  if (overlap === undefined) return;
  const { first, second } = overlap;
  const more = overlaps.length > 1 ? `, and ${overlaps.length - 1} more` : '';
  throw new CondvestError({
    code: 'import-listings-overlap',
    kind: 'permanent',
    message:
      first.symbol === second.symbol
        ? 'Two listings claim one symbol on the same session, so nothing was imported'
        : `Security ${first.securityId} would have two symbols on the same session, so nothing was imported`,
    found: `${first.symbol} from ${first.firstSession} to ${first.lastSession ?? 'today'} and ${second.symbol} from ${second.firstSession}${more}`,
    allowed: 'at most one security of a symbol, and one symbol of a security, on any session',
    action: 'Give the earlier listing its last session',
  });
}
