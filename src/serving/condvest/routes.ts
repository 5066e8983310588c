import type { Serving, ServingApp } from '../http/serving.ts';
import { addBarsRoutes } from './bars-routes.ts';
import { addExportRoutes } from './export-routes.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { addMarketRoutes } from './market-routes.ts';
import { addReferenceRoutes } from './reference-routes.ts';
import { addRunsRoutes } from './runs-routes.ts';
import { addSqlRoutes } from './sql-routes.ts';
import { addStatusRoutes } from './status-routes.ts';

/** Our own API, under `/condvest/v1`. */
export function addCondvestRoutes(app: ServingApp, serving: Serving): void {
  addStatusRoutes(app, serving);
  addBarsRoutes(app, serving);
  addLedgerRoutes(app, serving);
  addMarketRoutes(app, serving);
  addRunsRoutes(app, serving);
  addExportRoutes(app, serving);
  addSqlRoutes(app, serving);
  addReferenceRoutes(app, serving);
}
