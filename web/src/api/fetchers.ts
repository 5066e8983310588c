import { getJson, postJson, urlFor } from './client.ts';
import type {
  Adjust,
  BarsResponse,
  EventsResponse,
  GapsResponse,
  MarketResponse,
  Notice,
  QualityResponse,
  Run,
  RunStep,
  SessionRow,
  Status,
  SymbolMatch,
  WatchlistResponse,
} from './wire.ts';

/** Every API request of the page, one function each. */

const ROOT = '/condvest/v1';

export const fetchStatus = (signal: AbortSignal): Promise<Status> => getJson(`${ROOT}/status`, {}, signal);

export interface BarsQuery {
  readonly symbol: string;
  readonly interval: number;
  readonly adjust: Adjust;
  readonly asOf?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit?: number | undefined;
  readonly explain?: boolean | undefined;
}

/** URL of a bars request, relative to the server's root. */
export function barsUrl({ symbol, interval, adjust, asOf, from, to, limit, explain }: BarsQuery): string {
  const path = `${ROOT}/bars/${encodeURIComponent(symbol)}`;
  return urlFor(path, { interval, adjust, as_of: asOf, from, to, limit, explain });
}

export const fetchBars = (query: BarsQuery, signal: AbortSignal): Promise<BarsResponse> =>
  getJson(barsUrl(query), {}, signal);

export const fetchEvents = (symbol: string, asOf: string | undefined, signal: AbortSignal): Promise<EventsResponse> =>
  getJson(`${ROOT}/events/${encodeURIComponent(symbol)}`, { as_of: asOf }, signal);

export const fetchSymbols = (search: string, signal: AbortSignal): Promise<{ results: readonly SymbolMatch[] }> =>
  getJson(`${ROOT}/symbols`, { search, limit: 12 }, signal);

export const fetchMarket = (session: string | undefined, signal: AbortSignal): Promise<MarketResponse> =>
  getJson(`${ROOT}/market`, { session }, signal);

export const fetchWatchlist = (symbols: readonly string[], signal: AbortSignal): Promise<WatchlistResponse> =>
  getJson(`${ROOT}/watchlist`, { symbols: symbols.join(','), sessions: 60 }, signal);

interface Page<T> {
  readonly results: readonly T[];
  readonly next_url?: string | null;
}

const PAGES_MAX = 40;

/** All sessions in a range, in the server's order; at most `PAGES_MAX` pages. */
export async function fetchSessions(from: string, to: string, signal: AbortSignal): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  let page = await getJson<Page<SessionRow>>(`${ROOT}/sessions`, { from, to, limit: 1000 }, signal);
  for (let n = 1; ; n++) {
    rows.push(...page.results);
    if (page.next_url === undefined || page.next_url === null || n >= PAGES_MAX) return rows;
    // `next_url` has the server's public origin; the page stays on the origin it was loaded from.
    const { pathname, search } = new URL(page.next_url, location.href);
    page = await getJson<Page<SessionRow>>(`${pathname}${search}`, {}, signal);
  }
}

/** Gaps of the lake, or of one symbol. */
export const fetchGaps = (symbol: string | undefined, signal: AbortSignal): Promise<GapsResponse> =>
  getJson(`${ROOT}/gaps`, { symbol, limit: symbol === undefined ? 50 : 1000 }, signal);

export const fetchQuality = (
  from: string | undefined,
  to: string | undefined,
  signal: AbortSignal,
): Promise<QualityResponse> => getJson(`${ROOT}/quality`, { from, to, limit: 50 }, signal);

export const fetchRuns = (signal: AbortSignal): Promise<{ results: readonly Run[] }> =>
  getJson(`${ROOT}/runs`, { limit: 20 }, signal);

export const fetchRun = (id: string, signal: AbortSignal): Promise<{ run: Run; steps: readonly RunStep[] }> =>
  getJson(`${ROOT}/runs/${encodeURIComponent(id)}`, {}, signal);

export const fetchNotices = (signal: AbortSignal): Promise<{ results: readonly Notice[] }> =>
  getJson(`${ROOT}/notices`, { open: true }, signal);

/** Rows of a listing route, unchanged. */
export const fetchRows = (
  route: 'quarantine' | 'restatements',
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Page<Readonly<Record<string, unknown>>>> => getJson(`${ROOT}/${route}`, { ...query, limit: 100 }, signal);

export const startRun = (): Promise<{ id: string }> => postJson(`${ROOT}/runs`, {});
