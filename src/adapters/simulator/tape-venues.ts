import type { Tape } from '#market/trade.ts';
import type { RandomSource } from './random-source.ts';
import type { PrintRole } from './tape-prints.ts';

/** Where trades take place, by the vendor's numbers, and the conditions that they carry. */

interface Listing {
  readonly tape: Tape;
  /** The vendor's number of the listing exchange. */
  readonly exchange: number;
  readonly prints: Readonly<Record<PrintRole, readonly number[]>>;
}

const REGULAR: readonly number[] = [];
const OFFICIAL_OPEN: readonly number[] = [16];
const OFFICIAL_CLOSE: readonly number[] = [15];

/** Opening, closing and reopening prints: by the tape's code on the tapes 1 and 2, by the market center on tape 3. */
const CTA_PRINTS: Readonly<Record<PrintRole, readonly number[]>> = {
  open: [25],
  high: REGULAR,
  low: [14, 41],
  close: [8],
  reopen: [28],
  'official-open': OFFICIAL_OPEN,
  'official-close': OFFICIAL_CLOSE,
};
const UTP_PRINTS = { ...CTA_PRINTS, open: [17, 41], close: [19, 41], reopen: [18, 41] };

const LISTINGS: Readonly<Record<string, Listing>> = {
  XNYS: { tape: 1, exchange: 10, prints: CTA_PRINTS },
  ARCX: { tape: 2, exchange: 11, prints: CTA_PRINTS },
  XNAS: { tape: 3, exchange: 12, prints: UTP_PRINTS },
};
const NYSE: Listing = { tape: 1, exchange: 10, prints: CTA_PRINTS };

export function listingOf(exchange: string): Listing {
  return LISTINGS[exchange] ?? NYSE;
}

/** Trade reporting facilities share this exchange (FINRA). */
export const TRF_EXCHANGE = 4;
const FACILITIES = [201, 202, 202, 202, 203] as const;
const EXCHANGES = [19, 8, 11, 12, 15, 20, 21, 7, 18, 10] as const;
/** Share of the trades outside auctions that its listing exchange has. */
const LISTING_SHARE = 0.3;

export function drawExchange(random: RandomSource, listing: Listing): number {
  const luck = random.uniform();
  if (luck < LISTING_SHARE) return listing.exchange;
  return EXCHANGES[Math.floor(((luck - LISTING_SHARE) / (1 - LISTING_SHARE)) * EXCHANGES.length)] ?? listing.exchange;
}

export function drawFacility(random: RandomSource): number {
  return random.pick(FACILITIES);
}

/** `average`: the average price of several trades, agreed on before. `midpoint`: between bid and ask, off the exchanges. */
export type TradeStyle = 'regular' | 'sweep' | 'exempt' | 'odd-lot' | 'average' | 'midpoint';

const CONDITIONS: Readonly<Record<TradeStyle, readonly number[]>> = {
  regular: REGULAR,
  sweep: [14, 41],
  exempt: [41],
  'odd-lot': [37],
  average: [2],
  midpoint: [41],
};
/** Outside of regular trading hours, every trade is reported as Form T. */
const EXTENDED_CONDITIONS: Readonly<Record<TradeStyle, readonly number[]>> = {
  regular: [12],
  sweep: [12, 14, 41],
  exempt: [12, 41],
  'odd-lot': [12, 37],
  average: [12, 2],
  midpoint: [12, 41],
};

export function conditionsOf(style: TradeStyle, isExtended: boolean): readonly number[] {
  return (isExtended ? EXTENDED_CONDITIONS : CONDITIONS)[style];
}
