import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import { LISTINGS } from '#lake/tables.ts';
import type { ListingRow } from '#market/listing-changes.ts';
import { Listings } from '#market/security.ts';

/** `bronze/listings`, as the program holds it. */

/** Returns all listings as they are now. */
export async function currentListings(lake: Lake): Promise<readonly ListingRow[]> {
  const table = lake.table(LISTINGS);
  return table.records<ListingRow>(await table.head());
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
