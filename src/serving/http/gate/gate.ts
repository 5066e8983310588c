import type { Next } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { matchedRoutes } from 'hono/route';
import { CondvestError, UsageError } from '#base/errors.ts';
import { readyAnswer } from '../answer.ts';
import { refusal } from '../refusal.ts';
import type { Caller, Scope, Serving, ServingApp, ServingContext } from '../serving.ts';
import { type AccessRecord, accessRecord } from './access-record.ts';
import type { GateOptions } from './gate-options.ts';
import { addressOf, checkSite, type Judgment, judge, LOCAL, originRefused, READING } from './judge.ts';
import { respondNow } from './ready-response.ts';
import { bodyTooLarge, scopeMissing } from './refusals.ts';
import { requestIdOf, requestIds } from './request-ids.ts';
import { API_HEADERS } from './security-headers.ts';

const NOBODY: Caller = { name: '', scopes: [] };

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
    c.set('requestId', requestIdOf(c.req, serving, nextId));
    c.set('caller', NOBODY);
    c.set('state', serving.state.known());
    const target = targetOf(c);
    c.set('route', target?.path);
    const recordOf = (end: Pick<AccessRecord, 'status' | 'ms' | 'code' | 'isBroken'>): AccessRecord =>
      accessRecord({
        requestId: c.get('requestId'),
        method: c.req.method,
        url: c.req.url,
        route: target?.path ?? UNKNOWN_ROUTE,
        caller: c.get('caller').name,
        address: addressOf(c.req, c.env, serving, options),
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
      else if (READING.has(c.req.method)) await read(c, serving, next);
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
  // To judge a key may take a look at the store, so there nothing is ready before the route.
  if (options.keys !== undefined) return (request, env) => app.fetch(request, env);
  return (request, env) => respondNow(request, env, { app, serving, options, nextId }) ?? app.fetch(request, env);
}

/** The function that a server calls for each request: the application behind its gate. */
export type Fetch = (request: Request, env: object) => Response | Promise<Response>;

/** Responds to a GET or HEAD that was let in: with what the cache has ready, else by its route. */
async function read(c: ServingContext, serving: Serving, next: Next): Promise<void> {
  const own = { headers: c.get('headers'), requestId: c.get('requestId') };
  const response = readyAnswer(c.req, serving)?.send(own);
  if (response === undefined) return next();
  c.set('isDressed', true);
  c.res = response;
}

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
  const needed = target === undefined ? 'read' : app.scopeOf(target.method, target.path);
  const { site, headers } = judge(c.req, serving, options, needed);
  c.set('headers', headers);
  if (c.req.method === 'OPTIONS') return preflight(c, app, { site, headers }, options);
  checkSite(c.req, site, options);
  if (target === undefined) refuseMethod(c, app);
  if (!READING.has(c.req.method)) checkJson(c);
  await identify(c, serving, options, needed);
  return undefined;
}

function preflight(c: ServingContext, app: ServingApp, { site, headers }: Judgment, { cors }: GateOptions): Response {
  const allow = [...new Set([...methodsAt(app, c.req.path), 'OPTIONS'])].join(', ');
  if (c.req.header('access-control-request-method') === undefined || site === 'none' || site === 'same')
    return new Response(null, { status: 204, headers: { allow } });
  if (site === 'foreign') throw originRefused(c.req, cors);
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
  const [key, address] = [keyOf(c), addressOf(c.req, c.env, serving, options)];
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
