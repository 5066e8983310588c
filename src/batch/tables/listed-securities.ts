import type { Lake } from '#lake/lake.ts';
import type { ListedSecurity } from '#ports/listings-index.ts';

import { currentListings } from './listings-table.ts';

/** The listings as the searchable projection of the operational store holds them. */
export async function listedSecurities(lake: Lake): Promise<ListedSecurity[]> {
  const rows = await currentListings(lake);
  return rows.map(({ securityId, symbol, firstSession, lastSession, name, type, exchange }) => ({
    securityId,
    symbol,
    firstSession,
    lastSession,
    name,
    type,
    exchange,
  }));
}
