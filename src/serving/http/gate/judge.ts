import { UsageError } from '#base/errors.ts';
import { originOf } from '../origin.ts';
import type { RequestHead } from '../request-head.ts';
import type { Caller, Scope, Serving } from '../serving.ts';
import type { GateOptions } from './gate-options.ts';
import { askerOf, type RequestSite } from './hosts.ts';
import { bodyTooLarge, hostRefused, proxyUnexpected, urlTooLong } from './refusals.ts';
import { API_HEADERS } from './security-headers.ts';

/** The gate's judgment of a request by its head alone: all but the key. */

/** The caller on a loopback server without keys. */
export const LOCAL: Caller = { name: 'local', scopes: ['read', 'admin'] };

const EXPOSED = 'X-Request-ID, ETag, Link, Retry-After, Content-Disposition';
const LOGGED_MAX = 200;

/** Methods that change nothing. */
export const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface Judgment {
  readonly site: RequestSite;
  /** Of every response to this request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Throws if the request is too long, or came by a name that is not this server's. `needed`: the scope of its route. */
export function judge(request: RequestHead, serving: Serving, options: GateOptions, needed: Scope | 'none'): Judgment {
  const { limits } = serving;
  if (request.url.length > limits.urlBytes) throw urlTooLong(limits.urlBytes);
  if (Number(request.header('content-length') ?? 0) > limits.bodyBytes) throw bodyTooLarge(serving);
  const ownOrigin = checkHost(request, serving, options);
  const site = askerOf(
    {
      method: request.method,
      origin: request.header('origin'),
      ownOrigin,
      fetchSite: request.header('sec-fetch-site'),
      fetchMode: request.header('sec-fetch-mode'),
      isPage: needed === 'none',
    },
    options.cors,
  );
  return { site, headers: headersFor(request, site, options.cors) };
}

/** The name that it was asked by, as an origin. */
function checkHost(
  request: RequestHead,
  serving: Pick<Serving, 'publicUrl' | 'trustProxy'>,
  { hosts, keys }: GateOptions,
): string {
  const host = request.header('host') ?? new URL(request.url).host;
  if (!hosts.isOurs(host)) throw hostRefused(host);
  // A request line may name a host of its own (RFC 9112, 3.2.2), and links are made from that one.
  const { url } = request;
  const start = url.indexOf('//') + 2;
  const named = url.slice(start, url.indexOf('/', start));
  if (named !== host && !hosts.isOurs(named)) throw hostRefused(named);
  if (serving.trustProxy) {
    const forwarded = request.header('x-forwarded-host')?.split(',')[0]?.trim();
    if (forwarded !== undefined && forwarded !== '' && !hosts.isOurs(forwarded)) throw hostRefused(forwarded);
  } else if (keys === undefined && (request.header('x-forwarded-for') ?? request.header('forwarded')) !== undefined) {
    throw proxyUnexpected();
  }
  return originOf(request, serving);
}

function headersFor(
  request: RequestHead,
  site: RequestSite,
  cors: readonly string[],
): Readonly<Record<string, string>> {
  if (site !== 'listed' && site !== 'any') return API_HEADERS;
  return {
    ...API_HEADERS,
    'access-control-allow-origin': cors.includes('*') ? '*' : (request.header('origin') ?? ''),
    'access-control-expose-headers': EXPOSED,
    'cross-origin-resource-policy': 'cross-origin',
  };
}

/**
 * A page of somebody else gets nothing, also where it could not read the answer: it could still make this server work.
 */
export function checkSite(request: RequestHead, site: RequestSite, { cors, keys }: GateOptions): void {
  if (site === 'none' || site === 'same' || site === 'listed') return;
  // `*` lets all pages read. To change anything, a page without a key must be named.
  if (site === 'any' && (keys !== undefined || READING.has(request.method))) return;
  throw originRefused(request, cors);
}

export function originRefused(request: RequestHead, cors: readonly string[]): UsageError {
  return new UsageError({
    code: 'origin-refused',
    message: 'Requests from pages of this origin are not accepted',
    found: (request.header('origin') ?? request.header('sec-fetch-site') ?? '').slice(0, LOGGED_MAX),
    allowed: cors.length === 0 ? 'pages of this server' : `pages of this server, ${cors.join(', ')}`,
    action: 'If you trust its pages, add the origin to CONDVEST_SERVE_CORS',
  });
}

export function addressOf(
  request: RequestHead,
  env: unknown,
  { trustProxy }: Pick<Serving, 'trustProxy'>,
  options: GateOptions,
): string {
  const forwarded = trustProxy ? request.header('x-forwarded-for') : undefined;
  // The last one was added by our own proxy; those before it say what the caller likes.
  const last = forwarded?.split(',').at(-1)?.trim();
  return last === undefined || last === '' ? options.addressOf(env) : last.slice(0, LOGGED_MAX);
}
