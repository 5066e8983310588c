import { endOfDay, newYorkDate } from '../format.ts';
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
  /** The day on which the security had the symbol; default: today, also for a range of the past. */
  readonly at?: string | undefined;
  readonly history?: boolean | undefined;
}

/** URL of a bars request, relative to the server's root. */
export function barsUrl({ symbol, asOf, to, at, ...query }: BarsQuery): string {
  const path = `${ROOT}/bars/${encodeURIComponent(symbol)}`;
  // The server would look the symbol up on the last day of the range.
  const day = at ?? (to === undefined ? undefined : (asOf ?? newYorkDate()));
  return urlFor(path, { ...query, as_of: endOfDay(asOf), to, at: day });
}

export const fetchBars = (query: BarsQuery, signal: AbortSignal): Promise<BarsResponse> =>
  getJson(barsUrl(query), {}, signal);

/** Bars at a URL of the server's, such as those before an answer. The page stays on the origin it was loaded from. */
export function fetchBarsAt(url: string, signal: AbortSignal): Promise<BarsResponse> {
  const { pathname, search } = new URL(url, location.href);
  return getJson(`${pathname}${search}`, {}, signal);
}

export const fetchEvents = (
  { symbol, asOf, at }: Pick<BarsQuery, 'symbol' | 'asOf' | 'at'>,
  signal: AbortSignal,
): Promise<EventsResponse> =>
  getJson(`${ROOT}/events/${encodeURIComponent(symbol)}`, { as_of: endOfDay(asOf), at }, signal);

export const fetchSymbols = (search: string, signal: AbortSignal): Promise<{ results: readonly SymbolMatch[] }> =>
  getJson(`${ROOT}/symbols`, { search, limit: 12 }, signal);

export const fetchMarket = (session: string | undefined, signal: AbortSignal): Promise<MarketResponse> =>
  getJson(`${ROOT}/market`, { session }, signal);

export const fetchWatchlist = (
  symbols: readonly string[],
  session: string | undefined,
  signal: AbortSignal,
): Promise<WatchlistResponse> =>
  getJson(`${ROOT}/watchlist`, { symbols: symbols.join(','), sessions: 60, session }, signal);

interface Page<T> {
  readonly results: readonly T[];
  readonly next_url?: string | null;
}

/** More than there are sessions from 1962 on. */
const SESSIONS_MAX = 20_000;

/** All sessions in a range, newest first. */
export async function fetchSessions(from: string, to: string, signal: AbortSignal): Promise<readonly SessionRow[]> {
  const query = { from, to, limit: SESSIONS_MAX };
  return (await getJson<Page<SessionRow>>(`${ROOT}/sessions`, query, signal)).results;
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

export const startRun = (session?: string): Promise<{ id: string }> =>
  postJson(`${ROOT}/runs`, session === undefined ? {} : { session });
