import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { InstantMs } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { LiveBars } from '#ports/live-bars.ts';
import type { LocalFiles } from '#ports/local-files.ts';
import type { PageFiles } from '#ports/page-files.ts';
import type { Random } from '#ports/random.ts';
import type { Timers } from '#ports/timers.ts';
import { DataState } from '../read/data-state.ts';
import { MarketCaches } from '../read/market-caches.ts';
import { ReadGate, type Requester } from '../read/read-gate.ts';
import { VersionedCache } from '../read/versioned-cache.ts';
import { type LakeView, Views } from '../read/view.ts';
import type { Operations } from './operations.ts';
import type { SqlRunner } from './sql-runner.ts';

/** Default resource limits of the server. Each one bounds what callers can request. */
export const DEFAULT_LIMITS = {
  /** Bytes of cached responses and readings. */
  cacheBytes: 128 * 2 ** 20,
  /** Reads of the lake at once, and how many more may wait. */
  readsRunning: 4,
  readsWaiting: 512,
  /** Longest wait of one of them. */
  readsWaitMs: 30_000,
  urlBytes: 8192,
  bodyBytes: 64 * 1024,
  /** Exports and SQL: rows of one answer, and how long it may take. */
  exportRows: 50_000_000,
  exportMs: 15 * 60_000,
  /** Exports and SQL at once, and how many of them one caller may have. */
  streams: 32,
  streamsEach: 8,
  /** Event streams at once, and of one caller: those cost little, and an open page has one. */
  eventStreams: 256,
  eventStreamsEach: 64,
  /** Statements of SQL at once, how long one may take, and what it may hold in memory. */
  sqlRunning: 2,
  sqlMs: 60_000,
  sqlBytes: 512 * 2 ** 20,
};

export type ServingLimits = Readonly<typeof DEFAULT_LIMITS>;

/** Everything that the routes need, handed in by the composition root. */
export interface ServingDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly live: LiveBars;
  /** Reads finished scratch files: a Parquet export ends with its index, so it is written before it is sent. */
  readonly files: LocalFiles;
  readonly page: PageFiles;
  /** The work of other layers: the pipeline, gaps, quality. */
  readonly operations: Operations;
  /** Stored lengths of N-session bars. */
  readonly intervals: readonly number[];
  readonly limits: ServingLimits;
  /** Where an operator lets callers with an admin key run SQL: what runs it, read-only, sandboxed, bounded. */
  readonly sql: SqlRunner | undefined;
  /** Aborted when the server shuts down: streams without an end of their own end then. */
  readonly stopping: AbortSignal;
  /** The address that clients use, where it is not the one of the request: `https://data.example.com`. */
  readonly publicUrl: string | undefined;
  /** `X-Forwarded-*` of a proxy in front counts. */
  readonly trustProxy: boolean;
  /** Answers may lie in shared caches: false where callers need keys. */
  readonly isPublic: boolean;
  readonly version: string;
}

/** One server: what it was given, and what it keeps between requests. */
export interface Serving extends ServingDeps {
  readonly views: Views;
  readonly state: DataState;
  /** The one cache of the server: responses, charts, and the readings of `caches`. */
  readonly cache: VersionedCache;
  readonly caches: MarketCaches;
  readonly reads: ReadGate;
  /** Exports and SQL: none of them waits, the one too many is refused. */
  readonly streams: ReadGate;
  /** Event streams, likewise. */
  readonly eventStreams: ReadGate;
}

export function createServing(deps: ServingDeps): Serving {
  const { lake, calendar, clock, intervals, limits, timers } = deps;
  const cache = new VersionedCache(limits.cacheBytes);
  const wait = { ms: limits.readsWaitMs, timers };
  const views = new Views({ lake, calendar, clock, intervals, cache, wait });
  return {
    ...deps,
    views,
    state: new DataState({ ...deps, views }),
    cache,
    caches: new MarketCaches(lake, cache),
    reads: new ReadGate({
      noun: 'reads',
      running: limits.readsRunning,
      waiting: limits.readsWaiting,
      wait,
    }),
    streams: new ReadGate({ noun: 'exports', running: limits.streams, waiting: 0, each: limits.streamsEach }),
    eventStreams: new ReadGate({
      noun: 'event streams',
      running: limits.eventStreams,
      waiting: 0,
      each: limits.eventStreamsEach,
    }),
  };
}

/** The caller of a request. */
export interface Caller {
  /** The key's name; `local` on a loopback server without keys. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export type Scope = 'read' | 'admin';

export interface ServingEnv {
  Variables: {
    /** Of this request alone: in the log, in `X-Request-ID`, and in the bodies of errors. */
    requestId: string;
    caller: Caller;
    /** Headers of every answer: an answer that is made with them says so, and is not touched again. */
    headers: Readonly<Record<string, string>> | undefined;
    isDressed: boolean | undefined;
    /** Told why an answer stops in the middle; true where it has broken the connection. Undefined: nobody listens. */
    onBroken: ((cause: unknown) => boolean) | undefined;
    /** For answers that go on for long: whether the key still lets in. Undefined: no key is needed. */
    isStillIn: (() => Promise<boolean>) | undefined;
    /** The pattern of the route that the request is for. */
    route: string | undefined;
    /** State of the data when the request came, before anything was read for it. */
    state: string | undefined;
  };
}

/** Returns the caller of a request, who asks for work as long as the connection lasts. */
export function requesterOf(c: ServingContext): Requester {
  return { caller: c.get('caller').name, signal: c.req.raw.signal };
}

/** Opens the state of the lake at an instant, or the newest one; the caller who leaves waits for it no more. */
export function viewAt(
  c: ServingContext,
  { views }: Pick<Serving, 'views'>,
  asOfMs: InstantMs | undefined,
): Promise<LakeView> {
  return asOfMs === undefined ? views.current() : views.asOf(asOfMs, requesterOf(c));
}

/** The HTTP application, with the scopes that its routes need beyond `read`, by method and path. */
export class ServingApp extends OpenAPIHono<ServingEnv> {
  readonly scopes = new Map<string, Scope | 'none'>();

  /** `path`: as Hono writes it, `/runs/:id`. */
  scopeOf(method: string, path: string): Scope | 'none' {
    return this.scopes.get(`${method} ${path}`) ?? 'read';
  }
}

export type ServingContext = Context<ServingEnv>;
