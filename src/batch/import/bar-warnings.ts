import { compare } from '#base/compare.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { SPLITS } from '#lake/tables.ts';
import { type AppliedSplit, type Resolved, resolveSplits, type SplitFact } from '#market/corporate-actions.ts';
import { type PriceStep, type QualityWarning, warningOfStep } from '#market/quality.ts';
import { Listings } from '#market/security.ts';
import { currentListings } from '../tables/listings-table.ts';
import { barsAroundSql, jumpsOverYearsSql, jumpsSql, sinceSql, withoutVolumeSql } from './survey.sql.ts';
import { WarningTally } from './warning-tally.ts';

/** Jumps examined; data with more of them is not daily bars. */
export const JUMPS_MAX = 10_000;

/** Accepted rows, each key once, and the findings of the queries that validated them. */
export interface ValidatedRows {
  /** SQL of the rows. */
  readonly rows: string;
  /** Order of the rows: by symbol and session, by both within each year, or none. */
  readonly order: 'by-symbol' | 'by-year' | 'none';
  /** JSON of the jumps between consecutive rows; null for none. */
  readonly jumps: string | null;
  readonly sessions: readonly IsoDate[];
  readonly withoutVolume: number;
  /** SQL of the rows that `withoutVolume` counts, if the others are only there as starting points of steps. */
  readonly own?: string;
  /** Steps that end before this session are ignored: their rows are only starting points. */
  readonly from?: IsoDate;
  readonly examplesMax?: number;
}

/**
 * Finds warnings about bars, imported or stored, by the rules of `#market/quality.ts`. SQL selects the few steps that
 * may raise a warning, and the rules decide.
 */
export async function barWarnings(lake: Lake, bars: ValidatedRows): Promise<WarningTally> {
  const tally = new WarningTally(bars.examplesMax);
  if (bars.withoutVolume > 0) {
    const sql = withoutVolumeSql(sinceSql(bars.own ?? bars.rows, bars.from), tally.examplesMax);
    for (const { symbol, session } of await lake.rows<{ symbol: string; session: IsoDate }>(sql))
      tally.add('no-volume', symbol, session, 'no shares traded');
    tally.counts['no-volume'] = bars.withoutVolume;
  }
  const listings = new Listings(await currentListings(lake));
  const facts = await lake.table(SPLITS).records<SplitFact>(await lake.table(SPLITS).head());
  const splits = resolveSplits(listings, facts).applied;
  const warnings = new Map<string, QualityWarning>();
  for (const step of [...(await jumps(lake, bars)), ...(await stepsOfSplits(lake, bars, splits))]) {
    if (bars.from !== undefined && step.session < bars.from) continue;
    const security = listings.resolve(step.symbol, step.session);
    // A symbol that went to another company starts anew: its prices have nothing to do with the earlier ones.
    if (security !== listings.resolve(step.symbol, step.sessionBefore)) continue;
    const warning = warningOfStep(step, splits.get(security) ?? []);
    if (warning !== undefined) warnings.set([warning.kind, warning.symbol, warning.session].join('\n'), warning);
  }
  for (const [, { kind, symbol, session, detail }] of [...warnings].sort(([a], [b]) => compare(a, b)))
    tally.add(kind, symbol, session, detail);
  return tally;
}

async function jumps(lake: Lake, bars: ValidatedRows): Promise<PriceStep[]> {
  if (bars.order === 'none') return lake.records<PriceStep>(jumpsSql(bars.rows, JUMPS_MAX));
  const met = JSON.parse(bars.jumps ?? '[]') as PriceStep[];
  if (bars.order === 'by-symbol') return met;
  return [...met, ...(await lake.records<PriceStep>(jumpsOverYearsSql(bars.rows, JUMPS_MAX)))];
}

async function stepsOfSplits(
  lake: Lake,
  bars: ValidatedRows,
  splits: Resolved<AppliedSplit>['applied'],
): Promise<PriceStep[]> {
  const ascending = bars.sessions.toSorted(compare);
  const [first, last] = [ascending[0], ascending.at(-1)];
  if (first === undefined || last === undefined) return [];
  const wanted = [...splits.values()].flat().filter(({ exDate }) => first < exDate && exDate <= last);
  if (wanted.length === 0) return [];
  using session = await lake.session();
  const columns = SPLITS.columns.filter(({ name }) => name === 'symbol' || name === 'ex_date');
  await session.load(
    'known_splits',
    columns,
    wanted.map(({ symbol, exDate }) => [symbol, exDate]),
  );
  return await session.records<PriceStep>(barsAroundSql(bars.rows, 'known_splits'));
}
