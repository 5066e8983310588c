import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';

/** The last year of every dataset. */
const LAST_YEAR = 2024;
const YEARS = 9;

/** Returns one request of a kind, for a random symbol and a random part of ten years. */
type Query = (symbol: string, from: string, session: IsoDate) => string;

/**
 * Typical requests of notebooks, charts and screeners, weighted by repetition: mostly bars of one symbol, also values
 * derived from them, and sometimes a whole session.
 */
const QUERIES: readonly Query[] = [
  (symbol, from) => `/v2/aggs/ticker/${symbol}/range/1/day/${from}/${LAST_YEAR}-12-31?limit=50000`,
  (symbol, from) =>
    `/v2/aggs/ticker/${symbol}/range/1/day/${from}/${LAST_YEAR}-12-31?limit=50000&adjusted=false&sort=desc`,
  (symbol, from) => `/v2/aggs/ticker/${symbol}/range/2/week/${from}/${LAST_YEAR}-12-31?limit=50000`,
  (symbol, from) => `/v2/aggs/ticker/${symbol}/range/1/month/${from}/${LAST_YEAR}-12-31?limit=50000`,
  (symbol, from) => `/v2/aggs/ticker/${symbol}/range/21/session/${from}/${LAST_YEAR}-12-31?limit=50000`,
  (symbol, from) => `/v2/aggs/ticker/${symbol}/range/1/day/${from}/${LAST_YEAR}-12-31?limit=120`,
  (symbol, from) => `/condvest/v1/bars/${symbol}?interval=5d&adjust=total&explain=true&from=${from}`,
  (symbol, from) => `/condvest/v1/bars/${symbol}?adjust=raw&from=${from}`,
  (symbol, from) => `/v1/indicators/rsi/${symbol}?timespan=day&window=14&limit=500&timestamp.gte=${from}`,
  (symbol) => `/v1/indicators/macd/${symbol}?timespan=week&limit=200`,
  (symbol) => `/v2/aggs/ticker/${symbol}/prev`,
  (symbol, _from, session) => `/v1/open-close/${symbol}/${session}`,
  (_symbol, _from, session) => `/v2/aggs/grouped/locale/us/market/stocks/${session}`,
];

export interface RandomQueries {
  readonly symbolAt: (index: number) => string;
  readonly symbols: number;
  readonly sessions: readonly IsoDate[];
}

export function randomQuery({ symbolAt, symbols, sessions }: RandomQueries): string {
  const from = `${LAST_YEAR - Math.ceil(Math.random() * YEARS)}-${Math.random() < 0.5 ? '01' : '07'}-02`;
  return pick(QUERIES)(symbolAt(Math.floor(Math.random() * symbols)), from, pick(sessions));
}

function pick<T>(all: readonly T[]): T {
  return defined(all[Math.floor(Math.random() * all.length)], 'one of them');
}
