import { addressOf, getJson, postJson } from './client.ts';
import type {
  Adjust,
  BarsAnswer,
  EventsAnswer,
  GapsAnswer,
  MarketAnswer,
  Notice,
  QualityAnswer,
  Run,
  RunStep,
  SessionRow,
  Status,
  SymbolMatch,
  WatchlistAnswer,
} from './wire.ts';

/** Every call that the page makes, one function each. */

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

/** The address of bars, from the root of the server. */
export function barsAddress({ symbol, interval, adjust, asOf, from, to, limit, explain }: BarsQuery): string {
  const path = `${ROOT}/bars/${encodeURIComponent(symbol)}`;
  return addressOf(path, { interval, adjust, as_of: asOf, from, to, limit, explain });
}

export const fetchBars = (query: BarsQuery, signal: AbortSignal): Promise<BarsAnswer> =>
  getJson(barsAddress(query), {}, signal);

export const fetchEvents = (symbol: string, asOf: string | undefined, signal: AbortSignal): Promise<EventsAnswer> =>
  getJson(`${ROOT}/events/${encodeURIComponent(symbol)}`, { as_of: asOf }, signal);

export const fetchSymbols = (search: string, signal: AbortSignal): Promise<{ results: readonly SymbolMatch[] }> =>
  getJson(`${ROOT}/symbols`, { search, limit: 12 }, signal);

export const fetchMarket = (session: string | undefined, signal: AbortSignal): Promise<MarketAnswer> =>
  getJson(`${ROOT}/market`, { session }, signal);

export const fetchWatchlist = (symbols: readonly string[], signal: AbortSignal): Promise<WatchlistAnswer> =>
  getJson(`${ROOT}/watchlist`, { symbols: symbols.join(','), sessions: 60 }, signal);

interface Page<T> {
  readonly results: readonly T[];
  readonly next_url?: string | null;
}

const PAGES_MAX = 40;

/** All sessions of a range, newest or oldest first as the server gives them; at most forty pages. */
export async function fetchSessions(from: string, to: string, signal: AbortSignal): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  let page = await getJson<Page<SessionRow>>(`${ROOT}/sessions`, { from, to, limit: 1000 }, signal);
  for (let n = 1; ; n++) {
    rows.push(...page.results);
    if (page.next_url === undefined || page.next_url === null || n >= PAGES_MAX) return rows;
    // The address is the server's public one; the page asks where it came from.
    const { pathname, search } = new URL(page.next_url, location.href);
    page = await getJson<Page<SessionRow>>(`${pathname}${search}`, {}, signal);
  }
}

/** Holes of the lake; with a symbol, those of its own. */
export const fetchGaps = (symbol: string | undefined, signal: AbortSignal): Promise<GapsAnswer> =>
  getJson(`${ROOT}/gaps`, { symbol, limit: symbol === undefined ? 50 : 1000 }, signal);

export const fetchQuality = (
  from: string | undefined,
  to: string | undefined,
  signal: AbortSignal,
): Promise<QualityAnswer> => getJson(`${ROOT}/quality`, { from, to, limit: 50 }, signal);

export const fetchRuns = (signal: AbortSignal): Promise<{ results: readonly Run[] }> =>
  getJson(`${ROOT}/runs`, { limit: 20 }, signal);

export const fetchRun = (id: string, signal: AbortSignal): Promise<{ run: Run; steps: readonly RunStep[] }> =>
  getJson(`${ROOT}/runs/${encodeURIComponent(id)}`, {}, signal);

export const fetchNotices = (signal: AbortSignal): Promise<{ results: readonly Notice[] }> =>
  getJson(`${ROOT}/notices`, { open: true }, signal);

/** Rows of a route that lists them, as they are. */
export const fetchRows = (
  route: 'quarantine' | 'restatements',
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Page<Readonly<Record<string, unknown>>>> => getJson(`${ROOT}/${route}`, { ...query, limit: 100 }, signal);

export const startRun = (): Promise<{ id: string }> => postJson(`${ROOT}/runs`, {});
