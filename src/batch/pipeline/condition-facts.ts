import { DIVIDENDS, RESTATEMENTS, SPLITS } from '#lake/tables.ts';
import {
  type DividendFact,
  type HeldEvent,
  resolveDividends,
  resolveSplits,
  type SplitFact,
} from '#market/corporate-actions.ts';
import { Listings } from '#market/security.ts';

import { readHorizon } from '../fetch/horizon.ts';
import { currentLedger } from '../ledger/ledger.ts';
import { restatedSince } from '../restatements/restatements.sql.ts';
import { currentListings } from '../tables/listings-table.ts';
import { type ConditionFacts, NEWS_MS } from './conditions.ts';
import { contradictoryDividends } from './held-dividends.sql.ts';
import type { PipelineDeps } from './steps.ts';

/** Returns the facts in the lake behind conditions that a person should know about. */
export async function conditionFacts(deps: PipelineDeps): Promise<ConditionFacts> {
  const { lake, calendar, source, rules } = deps;
  const ledger = await currentLedger(lake);
  return {
    calendar,
    ledger,
    horizon: await readHorizon(lake, source.name),
    held: [...(await heldSplits(deps)), ...(await heldDividends(deps))],
    restated: await restatedLately(deps),
    partialShare: rules.partialShare,
  };
}

async function restatedLately({ lake, clock }: PipelineDeps): Promise<ConditionFacts['restated']> {
  const head = await lake.table(RESTATEMENTS).head();
  if (head === undefined) return [];
  const sinceMs = clock.nowMs() - NEWS_MS;
  return lake.rows(restatedSince(await lake.table(RESTATEMENTS).rowsSql(head), sinceMs));
}

async function heldSplits({ lake }: PipelineDeps): Promise<readonly HeldEvent[]> {
  const listings = new Listings(await currentListings(lake));
  const facts = await lake.table(SPLITS).records<SplitFact>(await lake.table(SPLITS).head());
  return resolveSplits(listings, facts).held;
}

/**
 * There are hundreds of thousands of dividends: only those are read that may contradict each other, within one symbol
 * or under two of one security.
 */
async function heldDividends({ lake }: PipelineDeps): Promise<readonly HeldEvent[]> {
  const rows = await currentListings(lake);
  const all = await lake.table(DIVIDENDS).rowsSql(await lake.table(DIVIDENDS).head());
  const facts = await lake.records<DividendFact>(contradictoryDividends(all, symbolsOfMovers(rows)));
  return resolveDividends(new Listings(rows), facts).held;
}

/** Every symbol of securities that have had more than one. */
function symbolsOfMovers(rows: readonly { readonly securityId: string; readonly symbol: string }[]): string[] {
  const bySecurity = Map.groupBy(rows, ({ securityId }) => securityId);
  const symbols = [...bySecurity.values()].map((of) => new Set(of.map(({ symbol }) => symbol)));
  return symbols.filter(({ size }) => size > 1).flatMap((of) => [...of]);
}
