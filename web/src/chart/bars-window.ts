import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { type ApiError, isAbort } from '../api/client.ts';
import { type BarsQuery, fetchBars, fetchBarsAt } from '../api/fetchers.ts';
import { type Bar, type BarsResponse, firstSessionOf, lastSessionOf } from '../api/wire.ts';
import { plusDays } from '../format.ts';
import { asApiError, useDataVersion } from '../state/resource.ts';
import { type BarsPart, type DateSpan, everythingUpTo, partFor } from './ranges.ts';

/** The part of a symbol's bars that the page holds: what is in sight and its surroundings, extended while scrolling. */

export type SeriesQuery = Pick<BarsQuery, 'symbol' | 'interval' | 'adjust' | 'asOf' | 'at'>;

export interface BarsWindow {
  readonly query: SeriesQuery;
  /** The newest answer, with all bars held in place of its own. */
  readonly response: BarsResponse;
  /** Bars up to here; undefined for the newest ones. */
  readonly to: string | undefined;
  readonly hasOlder: boolean;
}

export interface BarsWindowRequest {
  readonly query: SeriesQuery;
  readonly span: DateSpan;
  /** Bars that indicators need before those in sight. */
  readonly warmUp: number;
  /** Last published session. */
  readonly last: string;
}

export interface BarsWindowState {
  readonly window: BarsWindow | undefined;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
  readonly retry: () => void;
  /** Loads what comes before or after the bars held, if there is any and nothing else is being loaded. */
  readonly extend: (side: 'older' | 'newer') => void;
  /** Loads everything before the bars held. */
  readonly loadFromStart: () => void;
}

interface LoadState {
  readonly window: BarsWindow | undefined;
  readonly version: number;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
}

/** Holds the bars of a chart. Bars of different versions of the lake are never joined: they are all loaded again. */
export function useBarsWindow(request: BarsWindowRequest | undefined): BarsWindowState {
  const state = useSignal<LoadState>({ window: undefined, version: -1, isLoading: true, error: undefined });
  const attempts = useSignal(0);
  const version = useDataVersion();
  const loading = useRef<AbortController | undefined>(undefined);
  const latest = useRef({ request, version });
  latest.current = { request, version };

  const run = useCallback(
    (load: (signal: AbortSignal) => Promise<BarsWindow>) => {
      loading.current?.abort();
      const abort = new AbortController();
      loading.current = abort;
      const { version: wanted } = latest.current;
      state.value = { ...state.peek(), isLoading: true, error: undefined };
      load(abort.signal).then(
        (window) => {
          if (!abort.signal.aborted) state.value = { window, version: wanted, isLoading: false, error: undefined };
        },
        (error: unknown) => {
          if (abort.signal.aborted || isAbort(error)) return;
          state.value = { ...state.peek(), isLoading: false, error: asApiError(error) };
        },
      );
    },
    [state],
  );

  const key = request === undefined ? '' : JSON.stringify([request.query, request.span, request.warmUp]);
  useEffect(() => {
    const { window, version: held } = state.peek();
    if (request === undefined) return;
    const isSame = window !== undefined && isSameSeries(window.query, request.query);
    if (isSame && held === version && state.peek().error === undefined && covers(window, request)) return;
    // New data of the lake: the same bars again. Another span or series: its own.
    const part = isSame && covers(window, request) ? partOf(window) : partFor(request.span, ...sizesOf(request));
    run((signal) => loadPart(request.query, part, signal));
  }, [key, version, attempts.value, request?.last]);
  useEffect(() => () => loading.current?.abort(), []);

  const extend = useCallback(
    (side: 'older' | 'newer') => {
      const { window, isLoading, error } = state.peek();
      const { request: wanted } = latest.current;
      if (window === undefined || wanted === undefined || isLoading || error !== undefined) return;
      if (!isSameSeries(window.query, wanted.query)) return;
      if (side === 'older' && window.hasOlder) run((signal) => withOlder(window, signal));
      if (side === 'newer' && window.to !== undefined) run((signal) => withNewer(window, wanted.last, signal));
    },
    [state, run],
  );
  const loadFromStart = useCallback(() => {
    const { window } = state.peek();
    const { request: wanted } = latest.current;
    if (window !== undefined && wanted !== undefined)
      run((signal) => loadPart(wanted.query, everythingUpTo(window.to), signal));
  }, [state, run]);
  const retry = useCallback(() => {
    attempts.value += 1;
  }, [attempts]);

  const { window, isLoading, error } = state.value;
  return { window, isLoading, error, retry, extend, loadFromStart };
}

/** The request for the bars held, as anybody can send it. */
export function partOf({ response, to }: BarsWindow): BarsPart {
  return { to, limit: Math.max(1, response.bars.length) };
}

export function isSameSeries(a: SeriesQuery, b: SeriesQuery): boolean {
  return (
    a.symbol === b.symbol && a.interval === b.interval && a.adjust === b.adjust && a.asOf === b.asOf && a.at === b.at
  );
}

function sizesOf({ query, warmUp, last }: BarsWindowRequest) {
  return [query.interval, warmUp, last] as const;
}

function covers({ response, to, hasOlder }: BarsWindow, { span }: BarsWindowRequest): boolean {
  const bars: readonly Bar[] = response.bars;
  const [first] = bars;
  if (first === undefined) return !hasOlder && (to === undefined || (span.to !== undefined && span.to <= to));
  const reachesBack = !hasOlder || (span.from === undefined ? to === undefined : firstSessionOf(first) <= span.from);
  return reachesBack && (to === undefined || (span.to !== undefined && span.to <= to));
}

async function loadPart(query: SeriesQuery, part: BarsPart, signal: AbortSignal): Promise<BarsWindow> {
  const response = await fetchBars({ ...query, ...part }, signal);
  return { query, response, to: part.to, hasOlder: response.previous_url !== undefined };
}

async function withOlder(window: BarsWindow, signal: AbortSignal): Promise<BarsWindow> {
  const { response, query } = window;
  if (response.previous_url === undefined) return window;
  try {
    const older = await fetchBarsAt(response.previous_url, signal);
    return { ...window, response: joined(older, response), hasOlder: older.previous_url !== undefined };
  } catch (error) {
    if (asApiError(error).code !== 'cursor-expired') throw error;
    const { to, limit } = partOf(window);
    return loadPart(query, { to, limit: 2 * limit }, signal);
  }
}

/** Bars of each step forward. */
const STEP_BARS = 300;

async function withNewer(window: BarsWindow, last: string, signal: AbortSignal): Promise<BarsWindow> {
  const { response, query, to = last } = window;
  const bars: readonly Bar[] = response.bars;
  const newest = bars.at(-1);
  const end = plusDays(to, Math.ceil((STEP_BARS * query.interval * 7) / 5));
  const next = end >= last ? undefined : end;
  const from = newest === undefined ? plusDays(to, 1) : plusDays(lastSessionOf(newest), 1);
  if (from > last) return { ...window, to: undefined };
  const newer = await fetchBars({ ...query, from, to: next }, signal);
  const isSameLake = JSON.stringify(newer.versions) === JSON.stringify(response.versions);
  if (!isSameLake) return loadPart(query, { to: next, limit: bars.length + STEP_BARS }, signal);
  return { ...window, to: next, response: { ...joined(response, newer), previous_url: response.previous_url } };
}

/** The later answer, with the earlier one's bars before its own. */
function joined(earlier: BarsResponse, later: BarsResponse): BarsResponse {
  const seen = new Set((earlier.bars as readonly Bar[]).map(firstSessionOf));
  const bars = [...earlier.bars, ...(later.bars as readonly Bar[]).filter((bar) => !seen.has(firstSessionOf(bar)))];
  return { ...later, bars, previous_url: earlier.previous_url } as BarsResponse;
}
