import type { IsoDate } from '#base/dates.ts';
import { DIVIDENDS, LISTINGS, RESTATEMENTS, SESSIONS, SPLITS } from '#lake/tables.ts';
import { type HeldEvent, resolveDividends, resolveSplits } from '#market/corporate-actions.ts';
import { Listings } from '#market/security.ts';

import { readHorizon } from '../fetch/horizon.ts';
import { readLedger } from '../ledger/ledger.ts';
import { restatedSince } from '../restatements/restatements.sql.ts';
import { readListings } from '../tables/listings-table.ts';
import { allRowsSql } from '../tables/small-table.ts';
import { type ConditionFacts, NEWS_MS } from './conditions.ts';
import { contradictoryDividends } from './held-dividends.sql.ts';
import type { PipelineDeps } from './steps.ts';

/** What the lake itself says about conditions that a person should know of. */
export async function conditionFacts(deps: PipelineDeps): Promise<ConditionFacts> {
  const { lake, calendar, source, rules } = deps;
  const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
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
  return lake.rows(restatedSince(await allRowsSql(lake, RESTATEMENTS, head), sinceMs));
}

async function heldSplits({ lake }: PipelineDeps): Promise<readonly HeldEvent[]> {
  const listings = new Listings(await readListings(lake, await lake.table(LISTINGS).head()));
  const rows = await lake.rows<{
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

/**
 * There are hundreds of thousands of dividends: only those are read that may contradict each other, within one
 * symbol or under two of one security.
 */
async function heldDividends({ lake }: PipelineDeps): Promise<readonly HeldEvent[]> {
  const rows = await readListings(lake, await lake.table(LISTINGS).head());
  const all = await allRowsSql(lake, DIVIDENDS, await lake.table(DIVIDENDS).head());
  const facts = await lake.rows<{
    symbol: string;
    ex_date: IsoDate;
    kind: string;
    cash_amount: number;
    source: string | null;
  }>(contradictoryDividends(all, symbolsOfMovers(rows)));
  const { held } = resolveDividends(
    new Listings(rows),
    facts.map((row) => ({
      symbol: row.symbol,
      exDate: row.ex_date,
      kind: row.kind,
      cashAmount: row.cash_amount,
      source: row.source,
    })),
  );
  return held;
}

/** Every symbol of securities that have had more than one. */
function symbolsOfMovers(rows: readonly { readonly securityId: string; readonly symbol: string }[]): string[] {
  const bySecurity = Map.groupBy(rows, ({ securityId }) => securityId);
  const symbols = [...bySecurity.values()].map((of) => new Set(of.map(({ symbol }) => symbol)));
  return symbols.filter(({ size }) => size > 1).flatMap((of) => [...of]);
}
