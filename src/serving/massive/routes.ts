import type { MarketAnswerDeps } from '../http/market-answer.ts';
import type { ServingApp } from '../http/serving.ts';
import { addAggregates } from './aggregates.ts';
import { addGroupedDaily } from './grouped-daily.ts';
import { addIndicators } from './indicators.ts';
import { addNotEntitled } from './not-entitled.ts';
import { addOpenClose } from './open-close.ts';
import { addOutdated } from './outdated.ts';
import { addPreviousClose } from './previous-close.ts';
import { addReferenceRoutes } from './reference/routes.ts';
import { addSnapshots } from './snapshots.ts';
import { addSummaries } from './summaries.ts';
import { addUniversalSnapshot } from './universal-snapshot.ts';

/** The vendor's API (Massive, formerly Polygon.io), at the root of the host. */
export function addMassiveRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  addAggregates(app, serving);
  addPreviousClose(app, serving);
  addOpenClose(app, serving);
  addIndicators(app, serving);
  addGroupedDaily(app, serving);
  addSnapshots(app, serving);
  addUniversalSnapshot(app, serving);
  addSummaries(app, serving);
  addReferenceRoutes(app, serving);
  addOutdated(app);
  addNotEntitled(app);
}
