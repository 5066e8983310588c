import { addCondvestRoutes } from './condvest/routes.ts';
import { notFound } from './http/http-errors.ts';
import { type OnBug, refusal } from './http/refusal.ts';
import { type Serving, ServingApp, type ServingContext } from './http/serving.ts';
import { addMassiveRoutes } from './massive/routes.ts';
import { addOpenbbRoutes } from './openbb/routes.ts';
import { addUdfRoutes } from './udf/routes.ts';

export interface AppOptions {
  /** Middleware before every route: access, limits, logs. Runs first. */
  readonly before: (app: ServingApp) => void;
  /** Routes after all others: the page and its files. */
  readonly after: (app: ServingApp) => void;
  readonly onBug: OnBug;
}

/** The HTTP application: the same on a laptop's server and behind a gateway, from Web Request to Web Response. */
export function createApp(serving: Serving, options: AppOptions): ServingApp {
  const app = new ServingApp();
  app.onError((error, c) => refusal(c, error, options.onBug));
  app.notFound((c) => refusal(c, notFound('There is nothing at this address', pathOf(c)), options.onBug));
  options.before(app);
  addMassiveRoutes(app, serving);
  addCondvestRoutes(app, serving);
  addUdfRoutes(app, serving);
  addOpenbbRoutes(app, serving);
  options.after(app);
  return app;
}

const SHOWN_MAX = 200;

function pathOf(c: ServingContext): string {
  return c.req.path.slice(0, SHOWN_MAX);
}
