import { bodyLimit } from 'hono/body-limit';
import { matchedRoutes } from 'hono/route';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { Random } from '#ports/random.ts';
import { originOf } from '../origin.ts';
import { refusal } from '../refusal.ts';
import type { Caller, Scope, Serving, ServingApp, ServingContext } from '../serving.ts';
import { type AccessRecord, accessRecord } from './access-record.ts';
import { askerOf, type HostRules, type RequestSite } from './hosts.ts';
import type { KeyRing } from './key-ring.ts';
import type { ServerMetrics } from './metrics.ts';
import { bodyTooLarge, hostRefused, proxyUnexpected, scopeMissing, urlTooLong } from './refusals.ts';
import { API_HEADERS } from './security-headers.ts';

export interface GateOptions {
  /** Undefined on a loopback server: whoever reaches it is at this machine, and may do all. */
  readonly keys: KeyRing | undefined;
  readonly hosts: HostRules;
  /** Origins whose pages may use this server; `*` for all. */
  readonly cors: readonly string[];
  readonly metrics: ServerMetrics;
  readonly random: Random;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number;
  /** The address at the other end of the connection, from what the server hands on with a request. */
  readonly addressOf: (env: unknown) => string;
  /** Breaks the connection of a request, from what the server hands on with it. Undefined: there is none to break. */
  readonly breakOff: ((env: unknown) => void) | undefined;
  readonly onAccess: ((record: AccessRecord) => void) | undefined;
  readonly onBug: (error: unknown, requestId: string) => void;
}

const LOCAL: Caller = { name: 'local', scopes: ['read', 'admin'] };
const NOBODY: Caller = { name: '', scopes: [] };

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const EXPOSED = 'X-Request-ID, ETag, Retry-After, Content-Disposition';
const PREFLIGHT_SECONDS = '600';

/**
 * Stands before every route. In this order: an id; the length of address and body; the name that the server was asked
 * by; the page that asks; the key and its limits. What passes is counted, logged and given its headers on the way out.
 * Returns what a server calls for each request.
 */
export function addGate(app: ServingApp, serving: Serving, options: GateOptions): Fetch {
  const { metrics, monotonicMs, onAccess, onBug } = options;
  const nextId = requestIds(options.random);
  const limitBody = bodyLimit({
    maxSize: serving.limits.bodyBytes,
    onError: () => Promise.reject(bodyTooLarge(serving)),
  });
  app.use(async (c, next) => {
    const startMs = monotonicMs();
    metrics.begin();
    c.set('requestId', requestIdOf(c, serving, nextId));
    c.set('caller', NOBODY);
    const target = targetOf(c);
    c.set('route', target?.path);
    const recordOf = (end: Pick<AccessRecord, 'status' | 'ms' | 'code' | 'isBroken'>): AccessRecord =>
      accessRecord({
        requestId: c.get('requestId'),
        method: c.req.method,
        url: c.req.url,
        route: target?.path ?? UNKNOWN_ROUTE,
        caller: c.get('caller').name,
        address: addressOf(c, serving, options),
        userAgent: c.req.header('user-agent') ?? '',
        ...end,
      });
    c.set('onBroken', (cause) => {
      const isExpected = cause instanceof CondvestError && cause.kind !== 'corrupt';
      if (!isExpected) onBug(cause, c.get('requestId'));
      const code = cause instanceof CondvestError ? cause.code : 'internal';
      onAccess?.(recordOf({ status: c.res.status, ms: monotonicMs() - startMs, code, isBroken: true }));
      options.breakOff?.(c.env);
      return options.breakOff !== undefined;
    });
    let code: string | undefined;
    try {
      const answered = await admit(c, app, serving, options, target);
      if (answered !== undefined) c.res = answered;
      else if (READING.has(c.req.method)) await next();
      else await limitBody(c, next);
      if (c.error instanceof CondvestError) code = c.error.code;
    } catch (cause) {
      if (cause instanceof CondvestError) code = cause.code;
      c.res = refusal(c, cause, onBug);
      if (cause instanceof CondvestError) explain(c, cause);
    }
    dress(c);
    const { status } = c.res;
    const ms = monotonicMs() - startMs;
    const route = target?.path ?? UNKNOWN_ROUTE;
    const method = METHODS.has(c.req.method) ? c.req.method : 'OTHER';
    metrics.end({ route, method, status, ms });
    onAccess?.(recordOf({ status, ms, code }));
  });
  return (request, env) => app.fetch(request, env);
}

/** The function that a server calls for each request: the application behind its gate. */
export type Fetch = (request: Request, env: object) => Response | Promise<Response>;

const UNKNOWN_ROUTE = 'none';
const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']);
const LOGGED_MAX = 200;

/** Lets a request in, or answers it, or throws why not. */
async function admit(
  c: ServingContext,
  app: ServingApp,
  serving: Serving,
  options: GateOptions,
  target: Target | undefined,
): Promise<Response | undefined> {
  const { limits } = serving;
  if (c.req.url.length > limits.urlBytes) throw urlTooLong(limits.urlBytes);
  if (Number(c.req.header('content-length') ?? 0) > limits.bodyBytes) throw bodyTooLarge(serving);
  const origin = checkHost(c, serving, options);
  const needed = target === undefined ? 'read' : app.scopeOf(target.method, target.path);
  const asker = askerOf(
    {
      method: c.req.method,
      origin: c.req.header('origin'),
      ownOrigin: origin,
      fetchSite: c.req.header('sec-fetch-site'),
      fetchMode: c.req.header('sec-fetch-mode'),
      isPage: needed === 'none',
    },
    options.cors,
  );
  const headers = headersFor(c, asker, options.cors);
  c.set('headers', headers);
  if (c.req.method === 'OPTIONS') return preflight(c, app, asker, headers);
  checkAsker(c, asker, options);
  if (target === undefined) refuseMethod(c, app);
  if (!READING.has(c.req.method)) checkJson(c);
  await identify(c, serving, options, needed);
  return undefined;
}

/** The name that it was asked by, as an origin. */
function checkHost(c: ServingContext, serving: Serving, { hosts, keys }: GateOptions): string {
  const host = c.req.header('host') ?? new URL(c.req.url).host;
  if (!hosts.isOurs(host)) throw hostRefused(host);
  // A request line may name a host of its own (RFC 9112, 3.2.2), and links are made from that one.
  const { url } = c.req;
  const start = url.indexOf('//') + 2;
  const named = url.slice(start, url.indexOf('/', start));
  if (named !== host && !hosts.isOurs(named)) throw hostRefused(named);
  if (serving.trustProxy) {
    const forwarded = c.req.header('x-forwarded-host')?.split(',')[0]?.trim();
    if (forwarded !== undefined && forwarded !== '' && !hosts.isOurs(forwarded)) throw hostRefused(forwarded);
  } else if (keys === undefined && (c.req.header('x-forwarded-for') ?? c.req.header('forwarded')) !== undefined) {
    throw proxyUnexpected();
  }
  return originOf(c, serving);
}

function headersFor(c: ServingContext, asker: RequestSite, cors: readonly string[]): Readonly<Record<string, string>> {
  if (asker !== 'listed' && asker !== 'any') return API_HEADERS;
  return {
    ...API_HEADERS,
    'access-control-allow-origin': cors.includes('*') ? '*' : (c.req.header('origin') ?? ''),
    'access-control-expose-headers': EXPOSED,
    'cross-origin-resource-policy': 'cross-origin',
  };
}

/**
 * A page of somebody else gets nothing, also where it could not read the answer: it could still make this server work.
 */
function checkAsker(c: ServingContext, asker: RequestSite, { cors, keys }: GateOptions): void {
  if (asker === 'none' || asker === 'same' || asker === 'listed') return;
  // `*` lets all pages read. To change anything, a page without a key must be named.
  if (asker === 'any' && (keys !== undefined || READING.has(c.req.method))) return;
  throw new UsageError({
    code: 'origin-refused',
    message: 'A page of another origin may not use this server',
    found: (c.req.header('origin') ?? c.req.header('sec-fetch-site') ?? '').slice(0, LOGGED_MAX),
    allowed: cors.length === 0 ? 'pages of this server' : `pages of this server, ${cors.join(', ')}`,
    action: 'Add the origin to CONDVEST_SERVE_CORS if its pages are to be trusted',
  });
}

function preflight(
  c: ServingContext,
  app: ServingApp,
  asker: RequestSite,
  headers: Readonly<Record<string, string>>,
): Response {
  const allow = [...new Set([...methodsAt(app, c.req.path), 'OPTIONS'])].join(', ');
  if (c.req.header('access-control-request-method') === undefined || asker === 'none' || asker === 'same')
    return new Response(null, { status: 204, headers: { allow } });
  if (asker === 'foreign') return new Response(null, { status: 403 });
  const isLocalAsked = c.req.header('access-control-request-private-network') === 'true';
  return new Response(null, {
    status: 204,
    headers: {
      ...headers,
      'access-control-allow-methods': allow,
      'access-control-allow-headers': 'Authorization, Content-Type, If-None-Match, X-Request-ID',
      'access-control-max-age': PREFLIGHT_SECONDS,
      vary: 'Origin',
      ...(isLocalAsked ? { 'access-control-allow-private-network': 'true' } : {}),
    },
  });
}

/** A form or an image of another page can send simple requests. JSON it cannot send without asking first. */
function checkJson(c: ServingContext): void {
  const type = c.req.header('content-type') ?? '';
  if (/^application\/json\b/i.test(type)) return;
  throw new UsageError({
    code: 'body-not-json',
    message: 'A request that changes something must be JSON',
    found: type === '' ? 'no Content-Type' : type.slice(0, LOGGED_MAX),
    allowed: 'Content-Type: application/json',
  });
}

async function identify(
  c: ServingContext,
  serving: Serving,
  options: GateOptions,
  needed: Scope | 'none',
): Promise<void> {
  const { keys } = options;
  if (keys === undefined) {
    c.set('caller', LOCAL);
    return;
  }
  if (needed === 'none') return;
  const [key, address] = [keyOf(c), addressOf(c, serving, options)];
  const caller = await keys.admit(key, address, true);
  c.set('caller', caller);
  c.set('isStillIn', () =>
    keys.admit(key, address, false).then(
      () => true,
      // A store that is away revokes nothing.
      (cause) => !(cause instanceof CondvestError && cause.code === 'key-unknown'),
    ),
  );
  if (!caller.scopes.includes(needed) && !caller.scopes.includes('admin')) throw scopeMissing(caller, needed);
}

/** The vendor's two ways; where both are there, the header counts, which lands in no log of a proxy. */
function keyOf(c: ServingContext): string | undefined {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(c.req.header('authorization') ?? '')?.[1];
  return bearer ?? c.req.query('apiKey');
}

function addressOf(c: ServingContext, { trustProxy }: Serving, options: GateOptions): string {
  const forwarded = trustProxy ? c.req.header('x-forwarded-for') : undefined;
  // The last one was added by our own proxy; those before it say what the caller likes.
  const last = forwarded?.split(',').at(-1)?.trim();
  return last === undefined || last === '' ? options.addressOf(c.env) : last.slice(0, LOGGED_MAX);
}

/** Ids that no other process gives: some random digits of this one, and a count. */
function requestIds(random: Random): () => string {
  const prefix = random.uuid().replaceAll('-', '').slice(0, 20);
  let count = 0;
  return () => {
    count += 1;
    return prefix + count.toString(16).padStart(12, '0');
  };
}

function requestIdOf(c: ServingContext, { trustProxy }: Serving, nextId: () => string): string {
  const given = trustProxy ? c.req.header('x-request-id') : undefined;
  return given !== undefined && /^[\w-]{8,64}$/.test(given) ? given : nextId();
}

interface Target {
  readonly method: string;
  readonly path: string;
}

/** The route that a request is for: not what stands before all routes. */
function targetOf(c: ServingContext): Target | undefined {
  for (const route of matchedRoutes(c)) if (route.method !== 'ALL') return route;
  return undefined;
}

function methodsAt(app: ServingApp, path: string): string[] {
  const found = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method !== 'ALL'),
  );
  return found.includes('GET') ? ['GET', 'HEAD', ...found.slice(1)] : found;
}

/** There may be something at this address for another method. */
function refuseMethod(c: ServingContext, app: ServingApp): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return;
  const allowed = methodsAt(app, c.req.path);
  throw new UsageError({
    code: 'method-not-allowed',
    message: 'There is nothing here for this method',
    found: `${c.req.method.slice(0, 16)} ${c.req.path.slice(0, LOGGED_MAX)}`,
    allowed: allowed.length === 0 ? 'GET, HEAD, OPTIONS' : allowed.join(', '),
  });
}

/** Headers that belong to a refusal. */
function explain(c: ServingContext, error: CondvestError): void {
  if (error.code === 'method-not-allowed') c.res.headers.set('allow', error.allowed ?? '');
  if (error.code === 'key-missing' || error.code === 'key-unknown') c.res.headers.set('www-authenticate', 'Bearer');
  // Close the connection: unread body bytes would be parsed as the next request.
  if (error.code === 'body-too-large') c.res.headers.set('connection', 'close');
}

/** Answers that were not made with the headers of `c` get them here; `answer` and `fresh` make theirs with them. */
function dress(c: ServingContext): void {
  if (c.get('isDressed') === true) return;
  const { headers } = c.res;
  if (!headers.has('x-request-id')) headers.set('x-request-id', c.get('requestId'));
  for (const [name, value] of Object.entries(c.get('headers') ?? API_HEADERS))
    if (!headers.has(name)) headers.set(name, value);
}
