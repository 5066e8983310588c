import { append } from '#base/append.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { LISTINGS } from '#lake/tables.ts';
import type { MarketCaches } from './market-caches.ts';
import { listingsOfExchanges } from './session-rows.sql.ts';
import type { CacheKind } from './versioned-cache.ts';
import type { LakeView } from './view.ts';

/** The markets of OTC Markets Group and FINRA's OTC facility, by MIC. Source: ISO 10383, operating MICs OTCM and FINR. */
const OTC_EXCHANGES: ReadonlySet<string> = new Set([
  'OTCM',
  'OTCB',
  'OTCQ',
  'OTCI',
  'OTCN',
  'PINX',
  'PINC',
  'PINI',
  'PINL',
  'PSGM',
  'EXPM',
  'CAVE',
  'OOTC',
  'XOTC',
]);

/** Returns whether a market is one on which securities trade over the counter. `null`: it is not known. */
export function isOtcExchange(exchange: string | null): boolean {
  return exchange !== null && OTC_EXCHANGES.has(exchange);
}

const OTC_LISTINGS: CacheKind<OtcListings> = { name: 'otc_listings', bytesOf: ({ size }) => 256 * size };

/** Which symbols trade over the counter, and when, as far as listings say so. Immutable. */
export class OtcListings {
  /** Of the symbols that ever did: all listings, ascending by first session. */
  readonly #bySymbol = new Map<string, { readonly first: IsoDate; readonly isOtc: boolean }[]>();

  constructor(rows: readonly ListingRow[]) {
    for (const { symbol, first_session: first, is_otc: isOtc } of rows) {
      append(this.#bySymbol, symbol, { first, isOtc });
    }
  }

  get size(): number {
    return this.#bySymbol.size;
  }

  /** By the newest listing that had begun; before the first one, which begins when the symbol was first heard of, by that. */
  has(symbol: string, session: IsoDate): boolean {
    const all = this.#bySymbol.get(symbol);
    return (all?.findLast(({ first }) => first <= session) ?? all?.[0])?.isOtc === true;
  }
}

interface ListingRow {
  readonly symbol: string;
  readonly first_session: IsoDate;
  readonly is_otc: boolean;
}

export async function otcListings(
  { lake, caches }: { readonly lake: Lake; readonly caches: MarketCaches },
  view: LakeView,
): Promise<OtcListings> {
  const listings = view.snapshot(LISTINGS);
  if (listings === undefined) return new OtcListings([]);
  return caches.get(OTC_LISTINGS, view.tag([LISTINGS.name]), async () => {
    const scan = await lake.table(LISTINGS).scanSql(listings.files);
    return new OtcListings(await lake.rows<ListingRow>(listingsOfExchanges(scan, [...OTC_EXCHANGES])));
  });
}
