import { OpenAPIHono } from '@hono/zod-openapi';
import { CondvestError } from '#base/errors.ts';
import { addCondvestRoutes } from './condvest/routes.ts';
import { errorBody, notFound, retryAfterSeconds, statusOf } from './http/http-errors.ts';
import type { Serving, ServingApp, ServingContext, ServingEnv } from './http/serving.ts';
import { addVendorRoutes } from './massive/routes.ts';
import { addOpenbbRoutes } from './openbb/routes.ts';
import { addUdfRoutes } from './udf/routes.ts';

export interface AppOptions {
  /** What stands before every route: who gets in, limits, logs. Runs first. */
  readonly before: (app: ServingApp) => void;
  /** What comes after: the page and its files. */
  readonly after: (app: ServingApp) => void;
  /** Errors that are bugs: told to whoever runs the server, never to the caller. */
  readonly onBug: (error: unknown, requestId: string) => void;
}

/** The HTTP application: the same on a laptop's server and behind a gateway, from Web Request to Web Response. */
export function createApp(serving: Serving, options: AppOptions): ServingApp {
  const app = new OpenAPIHono<ServingEnv>();
  app.onError((error, c) => refusal(c, error, options.onBug));
  app.notFound((c) => refusal(c, notFound('There is nothing at this address', pathOf(c)), options.onBug));
  options.before(app);
  addVendorRoutes(app, serving);
  addCondvestRoutes(app, serving);
  addUdfRoutes(app, serving);
  addOpenbbRoutes(app, serving);
  options.after(app);
  return app;
}

/** The answer to a request that failed. A bug is told without its words, which may speak of the inside. */
export function refusal(c: ServingContext, error: unknown, onBug: AppOptions['onBug']): Response {
  const id = c.get('requestId') ?? '';
  c.set('isDressed', false);
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-request-id': id,
  };
  if (!(error instanceof CondvestError)) {
    onBug(error, id);
    const bug = { code: 'internal', message: `The server has failed on this request; its log knows it as ${id}` };
    return new Response(JSON.stringify(errorBody(bug, 500, id)), { status: 500, headers });
  }
  const status = statusOf(error);
  if (status >= 500 && error.kind !== 'transient' && error.code !== 'lake-empty') onBug(error, id);
  const seconds = retryAfterSeconds(error);
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  return new Response(JSON.stringify(errorBody(error, status, id)), { status, headers });
}

const SHOWN_MAX = 200;

function pathOf(c: ServingContext): string {
  return c.req.path.slice(0, SHOWN_MAX);
}
