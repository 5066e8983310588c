import { createHash } from 'node:crypto';
import type { IsoDate } from '#base/dates.ts';
import type { CacheKind } from '../read/versioned-cache.ts';
import { COMMIT_MS_MAX, type LakeView } from '../read/view.ts';
import { toJson } from './json.ts';
import { originOf } from './origin.ts';
import type { RequestHead } from './request-head.ts';
import { type Body, matches, matchesAny, sendBody, sendNow } from './sending.ts';
import type { Serving, ServingContext } from './serving.ts';
import { acceptedFormat, type Rendering, render, TABLE_CONTENT_TYPES } from './table-format.ts';

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
  /** The table that the body can be had as. */
  readonly rendering?: Rendering | undefined;
  /** The body as a JSON value. `requestId`: the same for the same answer, as the vendor's bodies carry one. */
  readonly make: (requestId: string) => Promise<unknown>;
}

/**
 * Answers pinned by `as_of` never change. Others are looked at again within a minute: a split changes settled history.
 */
const IMMUTABLE = 'max-age=31536000, immutable';
const REVALIDATED = 'max-age=0, s-maxage=30, must-revalidate';

/** Parts of the server that cache and send an answer. */
export type AnswerDeps = Pick<
  Serving,
  'cache' | 'calendar' | 'clock' | 'intervals' | 'isPublic' | 'publicUrl' | 'reads' | 'state' | 'trustProxy' | 'version'
>;

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
  serving: AnswerDeps,
  { view, uses, also = '', day }: Pick<AnswerRequest, 'view' | 'uses' | 'also' | 'day'>,
): Caching {
  const isPast = view.asOfMs !== undefined && view.asOfMs < serving.clock.nowMs() - COMMIT_MS_MAX;
  const version = `${view.tag(uses)} ${also}${day === undefined ? '' : ` ${day}`}`;
  const own = { headers: c.get('headers'), requestId: c.get('requestId') };
  const headers = headersOf(serving, own, isPast && also === '' ? IMMUTABLE : REVALIDATED);
  return { key: keyOf(c.req, serving), version, headers };
}

/** Headers that a response has because of its request: those of the gate, and its id. */
export interface OwnHeaders {
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly requestId: string;
}

function headersOf({ isPublic }: Pick<Serving, 'isPublic'>, { headers, requestId }: OwnHeaders, lifetime: string) {
  return {
    ...headers,
    'cache-control': `${isPublic ? 'public' : 'private'}, ${lifetime}`,
    vary: 'Accept, Accept-Encoding, Authorization, Origin',
    'x-request-id': requestId,
  };
}

function keyOf(request: RequestHead, serving: AnswerDeps): string {
  const format = acceptedFormat(request.header('accept'));
  return `${originOf(request, serving)}${addressOf(request.url)}${format === 'json' ? '' : ` ${format}`}`;
}

/**
 * Digests what a response follows from; what holds for as long as the server runs, too, as other servers may have other
 * rules.
 */
function digestOf(
  { version, calendar, intervals }: Pick<Serving, 'version' | 'calendar' | 'intervals'>,
  caching: Caching,
): string {
  const rules = `${version} ${calendar.hash} ${intervals}`;
  return createHash('sha256').update(`${rules} ${caching.key} ${caching.version}`).digest('hex').slice(0, 32);
}

export function etagOf(serving: AnswerDeps, caching: Caching): string {
  return `W/"${digestOf(serving, caching)}"`;
}

interface CachedBody extends Body {
  /** Pattern of the route that made it. */
  readonly route: string | undefined;
  readonly link: string | undefined;
}

const RESPONSES: CacheKind<CachedBody> = { name: 'responses', bytesOf: ({ bytes }) => bytes.byteLength };

/** Responds with what is made from the lake: cached, compressed, and revalidated by the versions it was made from. */
export async function answer(c: ServingContext, serving: AnswerDeps, request: AnswerRequest): Promise<Response> {
  const caching = cachingOf(c, serving, request);
  const { key, version, headers } = caching;
  c.set('isDressed', true);
  const known = c.req.header('if-none-match');
  // Reads nothing: the tag follows from the address and the versions.
  const etag = known === undefined ? undefined : etagOf(serving, caching);
  if (etag !== undefined && matches(known, etag)) return notModified({ ...headers, etag });
  const make = async (): Promise<CachedBody> => ({
    etag: etagOf(serving, caching),
    route: c.get('route'),
    ...(await render((await request.make(digestOf(serving, caching))) as never, request.rendering)),
  });
  // A response that depends on more than address, versions and day may change while the data does not.
  const isOfState = request.view.asOfMs === undefined && (request.also ?? '') === '';
  const state = isOfState ? c.get('state') : undefined;
  const caller = c.get('caller').name;
  const read = (signal: AbortSignal) => serving.reads.pass(make, { caller, signal });
  const body = await serving.cache.get(RESPONSES, key, read, version, state, () => c.req.raw.signal);
  if (matchesAny(known)) return notModified({ ...headers, etag: body.etag });
  return sendBody(c.req, serving.cache, { key, body, headers: { ...headers, ...linkOf(body) } });
}

function linkOf({ link }: CachedBody): Record<string, string> {
  return link === undefined ? {} : { link };
}

/** A response that the cache has in the present state of the data, before it is known who asks. */
export interface ReadyAnswer {
  /** Pattern of its route. */
  readonly route: string;
  /** Responds without waiting; undefined if that takes work. */
  send(own: OwnHeaders): Response | undefined;
}

/** Finds the response to a GET by its address alone: nothing is parsed, read or waited for. */
export function readyAnswer(request: RequestHead, serving: AnswerDeps): ReadyAnswer | undefined {
  const state = serving.state.known();
  if (state === undefined) return undefined;
  const key = keyOf(request, serving);
  const body = serving.cache.recall(RESPONSES, key, state);
  if (body?.route === undefined) return undefined;
  const { route, etag } = body;
  const send = (own: OwnHeaders): Response | undefined => {
    const headers = { ...headersOf(serving, own, REVALIDATED), ...linkOf(body) };
    const known = request.header('if-none-match');
    if (matches(known, etag) || matchesAny(known)) return notModified({ ...headers, etag });
    return sendNow(request, serving.cache, { key, body, headers });
  };
  return { route, send };
}

export function notModified(headers: Record<string, string>): Response {
  return new Response(null, { status: 304, headers });
}

/** A JSON answer that is made anew each time and never kept: what the clock or the operational store says. */
export function fresh(c: ServingContext, body: unknown, status: 200 | 201 | 202 = 200): Response {
  return unstored(c, toJson(body), { 'content-type': TABLE_CONTENT_TYPES.json }, status);
}

/** The same as JSON or as a table. */
export async function freshTable<Body>(c: ServingContext, body: Body, rendering: Rendering<Body>): Promise<Response> {
  const { bytes, contentType } = await render(body, rendering);
  return unstored(c, bytes, { 'content-type': contentType, vary: 'Accept' }, 200);
}

function unstored(
  c: ServingContext,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  status: 200 | 201 | 202,
): Response {
  c.set('isDressed', true);
  return new Response(body, {
    status,
    headers: {
      ...c.get('headers'),
      ...headers,
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
