import type { Serving, ServingApp } from '../http/serving.ts';
import { addGroupedDaily } from './grouped-daily.ts';
import { addReferenceRoutes } from './reference/routes.ts';
import { addSnapshots } from './snapshots.ts';
import { addSummaries } from './summaries.ts';
import { addUniversalSnapshot } from './universal-snapshot.ts';

/** The vendor's API (Massive, formerly Polygon.io), at the root of the host. */
export function addVendorRoutes(app: ServingApp, serving: Serving): void {
  addGroupedDaily(app, serving);
  addReferenceRoutes(app, serving);
  addSnapshots(app, serving);
  addSummaries(app, serving);
  addUniversalSnapshot(app, serving);
}
