import { createHash } from 'node:crypto';
import type { IsoDate } from '#base/dates.ts';
import type { CacheKind } from '../read/versioned-cache.ts';
import { COMMIT_MS_MAX, type LakeView } from '../read/view.ts';
import { toJson } from './json.ts';
import { originOf } from './origin.ts';
import { type CachedBody, matches, matchesAny, sendBody } from './sending.ts';
import type { Serving, ServingContext } from './serving.ts';

/** Describes a response made from the lake: cached, compressed, and revalidated by the versions it was made from. */

export interface AnswerRequest {
  readonly view: LakeView;
  /** Names of the tables that the answer depends on. */
  readonly uses: readonly string[];
  /** Other dependencies besides the address: the day, the live bars. */
  readonly also?: string;
  /**
   * The day that it is asked on, where that says what a symbol means: on its first one it is another company's no more.
   */
  readonly day?: IsoDate | undefined;
  /** The body as a JSON value. `requestId`: the same for the same answer, as the vendor's bodies carry one. */
  readonly make: (requestId: string) => Promise<unknown>;
}

/**
 * Answers pinned by `as_of` never change. Others are looked at again within a minute: a split changes settled history.
 */
const IMMUTABLE = 'max-age=31536000, immutable';
const REVALIDATED = 'max-age=0, s-maxage=30, must-revalidate';

export interface Caching {
  /** The address. */
  readonly key: string;
  /** Everything else that the response depends on. */
  readonly version: string;
  readonly headers: Record<string, string>;
}

/** Identifies a response and says how it may be cached, before anything is read. */
export function cachingOf(
  c: ServingContext,
  serving: Serving,
  { view, uses, also = '', day }: Pick<AnswerRequest, 'view' | 'uses' | 'also' | 'day'>,
): Caching {
  const isPast = view.asOfMs !== undefined && view.asOfMs < serving.clock.nowMs() - COMMIT_MS_MAX;
  const headers = {
    ...c.get('headers'),
    'cache-control': `${serving.isPublic ? 'public' : 'private'}, ${isPast && also === '' ? IMMUTABLE : REVALIDATED}`,
    vary: 'Accept-Encoding, Authorization, Origin',
    'x-request-id': c.get('requestId'),
  };
  const version = `${view.tag(uses)} ${also}${day === undefined ? '' : ` ${day}`}`;
  return { key: `${originOf(c, serving)}${addressOf(c.req.url)}`, version, headers };
}

/**
 * Digests what a response follows from; what holds for as long as the server runs, too, as other servers may have other
 * rules.
 */
function digestOf({ version, calendar, intervals }: Serving, caching: Caching): string {
  const rules = `${version} ${calendar.hash} ${intervals}`;
  return createHash('sha256').update(`${rules} ${caching.key} ${caching.version}`).digest('hex').slice(0, 32);
}

export function etagOf(serving: Serving, caching: Caching): string {
  return `W/"${digestOf(serving, caching)}"`;
}

const RESPONSES: CacheKind<CachedBody> = { name: 'responses', bytesOf: ({ bytes }) => bytes.byteLength };

/** Responds with JSON made from the lake: cached, compressed, and revalidated by the versions it was made from. */
export async function answer(c: ServingContext, serving: Serving, request: AnswerRequest): Promise<Response> {
  const caching = cachingOf(c, serving, request);
  const { key, version, headers } = caching;
  c.set('isDressed', true);
  const known = c.req.header('if-none-match');
  // Without reading anything: the tag follows from address and versions.
  const etag = known === undefined ? undefined : etagOf(serving, caching);
  if (etag !== undefined && matches(known, etag)) return notModified({ ...headers, etag });
  const make = async (): Promise<CachedBody> => ({
    contentType: 'application/json; charset=utf-8',
    etag: etagOf(serving, caching),
    bytes: new TextEncoder().encode(toJson(await request.make(digestOf(serving, caching)))),
  });
  const body = await serving.cache.get(RESPONSES, key, () => serving.reads.pass(make), version);
  if (matchesAny(known)) return notModified({ ...headers, etag: body.etag });
  return sendBody(c, serving.cache, { key, body, headers });
}

export function notModified(headers: Record<string, string>): Response {
  return new Response(null, { status: 304, headers });
}

/** A JSON answer that is made anew each time and never kept: what the clock or the operational store says. */
export function fresh(c: ServingContext, body: unknown, status: 200 | 201 | 202 = 200): Response {
  c.set('isDressed', true);
  return new Response(toJson(body), {
    status,
    headers: {
      ...c.get('headers'),
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': c.get('requestId'),
    },
  });
}

/** Path and query without the key, which says who asks and not what. */
function addressOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const address = url.slice(start);
  if (!address.includes('apiKey=')) return address;
  return address.replaceAll(/([?&])apiKey=[^&]*(&|$)/g, (_, before: string, after: string) =>
    after === '' ? '' : before,
  );
}
