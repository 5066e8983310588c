import type { IsoDate } from '#base/dates.ts';
import { LISTINGS, RESTATEMENTS, SESSIONS, SPLITS } from '#lake/tables.ts';
import { type HeldEvent, resolveSplits } from '#market/corporate-actions.ts';
import { Listings } from '#market/security.ts';

import { readHorizon } from '../fetch/horizon.ts';
import { readLedger } from '../ledger.ts';
import { readListings } from '../listings-table.ts';
import { restatedSince } from '../restatements.sql.ts';
import { allRowsSql } from '../small-table.ts';
import { type ConditionFacts, NEWS_MS } from './conditions.ts';
import type { PipelineDeps } from './steps.ts';

/** What the lake itself says about conditions that a person should know of. */
export async function conditionFacts(deps: PipelineDeps): Promise<ConditionFacts> {
  const { lake, calendar, source, rules } = deps;
  const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
  return {
    calendar,
    ledger,
    horizon: await readHorizon(lake, source.name),
    held: await heldSplits(deps),
    restated: await restatedLately(deps),
    partialShare: rules.partialShare,
  };
}

async function restatedLately({ lake }: PipelineDeps): Promise<ConditionFacts['restated']> {
  const head = await lake.table(RESTATEMENTS).head();
  if (head === undefined) return [];
  const sinceMs = lake.deps.clock.nowMs() - NEWS_MS;
  return lake.deps.engine.rows(restatedSince(await allRowsSql(lake, RESTATEMENTS, head), sinceMs));
}

async function heldSplits({ lake }: PipelineDeps): Promise<readonly HeldEvent[]> {
  const listings = new Listings(await readListings(lake, await lake.table(LISTINGS).head()));
  const rows = await lake.deps.engine.rows<{
    symbol: string;
    ex_date: IsoDate;
    split_from: number;
    split_to: number;
    source: string | null;
  }>(await allRowsSql(lake, SPLITS, await lake.table(SPLITS).head()));
  const facts = rows.map((row) => ({
    symbol: row.symbol,
    exDate: row.ex_date,
    splitFrom: row.split_from,
    splitTo: row.split_to,
    source: row.source,
  }));
  return resolveSplits(listings, facts).held;
}
