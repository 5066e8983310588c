import { compare } from '#base/compare.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { ListingRow } from '#market/listing-changes.ts';
import { newSecurityId } from '#market/security.ts';
import { rankOf } from '#market/source-rank.ts';

/** Merges listings. Pure. */

/** A listing in a file. Without an id it gets a known or new one. */
export interface IncomingListing {
  readonly securityId: string | null;
  readonly symbol: string;
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate | null;
  readonly name: string | null;
  readonly type: string | null;
  readonly exchange: string | null;
  readonly figi: string | null;
}

export interface ListingsMerge {
  /** All rows of the merged table, by symbol and first session. */
  readonly rows: readonly ListingRow[];
  readonly inserted: number;
  readonly replaced: number;
  readonly unchanged: number;
  /** Stored rows of a source of higher rank, and the incoming rows that differ. */
  readonly conflicts: readonly { readonly stored: ListingRow; readonly incoming: IncomingListing }[];
}

export interface ListingsMergeOptions {
  readonly source: string;
  readonly seenAtMs: InstantMs;
  readonly ranks: readonly string[];
  readonly replace: boolean;
}

const DETAILS = ['lastSession', 'name', 'type', 'exchange', 'figi'] as const;

/**
 * Merges incoming listings into stored ones, by symbol and first session. A null never overwrites a value: vendors omit what
 * they do not know. The id of a security is permanent: a listing gets it when it first arrives, from the security with the
 * same FIGI if there is one.
 */
export function mergeListings(
  stored: readonly ListingRow[],
  incoming: readonly IncomingListing[],
  options: ListingsMergeOptions,
): ListingsMerge {
  const rows = new Map(stored.map((row) => [keyOf(row), row]));
  const ids = new Set(stored.map((row) => row.securityId));
  const idByFigi = new Map(stored.flatMap((row) => (row.figi === null ? [] : [[row.figi, row.securityId]])));
  const conflicts: { stored: ListingRow; incoming: IncomingListing }[] = [];
  let [inserted, replaced, unchanged] = [0, 0, 0];
  for (const listing of [...incoming].sort(byFirstSession)) {
    const before = rows.get(keyOf(listing));
    if (before === undefined) {
      const known = listing.figi === null ? undefined : idByFigi.get(listing.figi);
      const securityId =
        listing.securityId ?? known ?? newSecurityId(listing.symbol, listing.firstSession, (id) => ids.has(id));
      ids.add(securityId);
      if (listing.figi !== null) idByFigi.set(listing.figi, securityId);
      rows.set(keyOf(listing), { ...listing, securityId, source: options.source, seenAtMs: options.seenAtMs });
      inserted += 1;
      continue;
    }
    const mayReplace = options.replace || rankOf(options.source, options.ranks) >= rankOf(before.source, options.ranks);
    const after = merged(before, listing, mayReplace);
    const differs = DETAILS.some((field) => listing[field] !== null && listing[field] !== after[field]);
    if (differs) conflicts.push({ stored: before, incoming: listing });
    if (DETAILS.some((field) => after[field] !== before[field])) {
      rows.set(keyOf(listing), { ...after, source: options.source, seenAtMs: options.seenAtMs });
      replaced += 1;
    } else if (!differs) unchanged += 1;
  }
  const ascending = [...rows.values()].sort((a, b) => compare(a.symbol, b.symbol) || byFirstSession(a, b));
  return { rows: ascending, inserted, replaced, unchanged, conflicts };
}

/** A source of lower rank only fills in missing values. */
function merged(before: ListingRow, listing: IncomingListing, mayReplace: boolean): ListingRow {
  const [first, second] = mayReplace ? [listing, before] : [before, listing];
  return {
    ...before,
    lastSession: first.lastSession ?? second.lastSession,
    name: first.name ?? second.name,
    type: first.type ?? second.type,
    exchange: first.exchange ?? second.exchange,
    figi: first.figi ?? second.figi,
  };
}

function keyOf(row: { readonly symbol: string; readonly firstSession: IsoDate }): string {
  return `${row.symbol}\n${row.firstSession}`;
}

function byFirstSession(
  a: { readonly firstSession: IsoDate; readonly symbol: string },
  b: { readonly firstSession: IsoDate; readonly symbol: string },
): number {
  return compare(a.firstSession, b.firstSession) || compare(a.symbol, b.symbol);
}
