import type { Serving, ServingApp } from '../http/serving.ts';
import { addBarsRoutes } from './bars-routes.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { addRunsRoutes } from './runs-routes.ts';
import { addStatusRoutes } from './status-routes.ts';

/** Our own API, under `/condvest/v1`. */
export function addCondvestRoutes(app: ServingApp, serving: Serving): void {
  addStatusRoutes(app, serving);
  addBarsRoutes(app, serving);
  addLedgerRoutes(app, serving);
  addRunsRoutes(app, serving);
}
