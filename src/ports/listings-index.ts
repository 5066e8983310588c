import type { InstantMs } from '#base/dates.ts';
import type { Listing, ListingDetails } from '#market/security.ts';

/**
 * Searchable copy of the listings, so that symbols can be found without the lake. Gives the guarantees of `Runs`, and:
 *
 * 1. **Replaced as a whole.** Readers see all the old listings or all the new ones, though a replacement takes several
 *    transactions.
 * 2. **Crash-safe.** An interrupted replacement leaves the old listings in place; a later one removes its leftovers.
 */
export interface ListingsIndex {
  /** Replaces all listings. */
  replace(rows: readonly ListedSecurity[], nowMs: InstantMs): Promise<void>;
  /**
   * Returns listings whose symbol starts with the text or whose name contains it (ignoring case); exact symbols first.
   */
  search(text: string, limit: number): Promise<ListedSecurity[]>;
}

export type ListedSecurity = Listing & Omit<ListingDetails, 'figi'>;
