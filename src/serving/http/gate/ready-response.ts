import { CondvestError } from '#base/errors.ts';
import { readyAnswer } from '../answer.ts';
import { headOf, type RequestHead } from '../request-head.ts';
import type { Scope, Serving, ServingApp } from '../serving.ts';
import { accessRecord } from './access-record.ts';
import type { GateOptions } from './gate-options.ts';
import { addressOf, checkSite, judge, LOCAL } from './judge.ts';
import { requestIdOf } from './request-ids.ts';

export interface GateParts {
  readonly app: ServingApp;
  readonly serving: Serving;
  readonly options: GateOptions;
  readonly nextId: () => string;
}

/**
 * Responds to a GET without a key with what the cache has ready, and without a promise: waiting for one costs as much as all the
 * rest. The request is judged, counted and logged as any other. Undefined if nothing is ready, or if the request is
 * refused, which the gate then does.
 */
export function respondNow(request: Request, env: object, parts: GateParts): Response | undefined {
  const { app, serving, options, nextId } = parts;
  if (request.method !== 'GET') return undefined;
  const startMs = options.monotonicMs();
  const head = headOf(request);
  const ready = readyAnswer(head, serving);
  if (ready === undefined) return undefined;
  const { route } = ready;
  const headers = headersIfAllowed(head, parts, app.scopeOf('GET', route));
  if (headers === undefined) return undefined;
  const requestId = requestIdOf(head, serving, nextId);
  const response = ready.send({ headers, requestId });
  if (response === undefined) return undefined;
  const { status } = response;
  const ms = options.monotonicMs() - startMs;
  options.metrics.begin();
  options.metrics.end({ route, method: 'GET', status, ms });
  options.onAccess?.(
    accessRecord({
      requestId,
      method: 'GET',
      url: head.url,
      route,
      status,
      ms,
      caller: LOCAL.name,
      address: addressOf(head, env, serving, options),
      userAgent: head.header('user-agent') ?? '',
      code: undefined,
    }),
  );
  return response;
}

function headersIfAllowed(
  head: RequestHead,
  { serving, options }: GateParts,
  needed: Scope | 'none',
): Readonly<Record<string, string>> | undefined {
  try {
    const { site, headers } = judge(head, serving, options, needed);
    checkSite(head, site, options);
    return headers;
  } catch (cause) {
    if (cause instanceof CondvestError) return undefined;
    throw cause;
  }
}
