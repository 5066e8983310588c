import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { SPLITS } from '#lake/tables.ts';
import { type AppliedSplit, type Resolved, resolveSplits, type SplitFact } from '#market/corporate-actions.ts';
import { type QualityWarning, warningsOf } from '#market/quality.ts';
import { Listings } from '#market/security.ts';
import { currentListings } from '../tables/listings-table.ts';

import type { WarningExample } from './report.ts';
import { barsAroundSql, jumpsOverYearsSql, jumpsSql, sinceSql, withoutVolumeSql } from './survey.sql.ts';

export interface Warnings {
  readonly counts: Readonly<Record<string, number>>;
  readonly examples: readonly WarningExample[];
}

export interface BarWarningsDeps {
  readonly lake: Lake;
}

/** Jumps looked at; data with more is another kind of data. */
export const JUMPS_MAX = 10_000;
/** Examples of each kind in a report. */
const DEFAULT_EXAMPLES_MAX = 10;

/** Accepted rows, each key once, and what was learned of them in passing. */
export interface ValidatedRows {
  /** SQL of the rows. */
  readonly rows: string;
  /** Row order: by symbol and session, by these within each year, or arbitrary. */
  readonly order: 'by-symbol' | 'by-year' | 'none';
  /** JSON of the jumps between rows that follow each other; null for none. */
  readonly jumps: string | null;
  readonly sessions: readonly IsoDate[];
  readonly withoutVolume: number;
  /**
   * SQL of the rows that those without volume are among, where others are only there to step from; all unless given.
   */
  readonly own?: string;
  /** Steps that end before this session are only there to step from; all are judged unless given. */
  readonly from?: IsoDate;
  readonly examplesMax?: number;
}

/**
 * Rows that are kept although something about them is odd, by the rules of `#market/quality.ts`. SQL finds the few rows
 * worth a look, the rules judge them.
 */
export async function barWarnings(deps: BarWarningsDeps, bars: ValidatedRows): Promise<Warnings> {
  const { lake } = deps;
  const examplesMax = bars.examplesMax ?? DEFAULT_EXAMPLES_MAX;
  const { listings, splits } = await readEvents(lake);
  const steps = [...(await jumps(deps, bars)), ...(await stepsOfSplits(deps, bars, splits))];
  const warnings = new Map<string, QualityWarning>();
  for (const step of steps) {
    if (bars.from !== undefined && step.session < bars.from) continue;
    const securityId = listings.resolve(step.symbol, step.session);
    for (const warning of warningsOfStep(step, splits.get(securityId) ?? [])) {
      warnings.set([warning.kind, warning.symbol, warning.session].join('\n'), warning);
    }
  }
  const counts: Record<string, number> = {};
  if (bars.withoutVolume > 0) counts['no-volume'] = bars.withoutVolume;
  const examples: WarningExample[] = [];
  if (bars.withoutVolume > 0) {
    const rows = await lake.rows<{ symbol: string; session: IsoDate }>(
      withoutVolumeSql(sinceSql(bars.own ?? bars.rows, bars.from), examplesMax),
    );
    examples.push(
      ...rows.map(({ symbol, session: date }) => ({ kind: 'no-volume', symbol, date, detail: 'no shares traded' })),
    );
  }
  for (const [, { kind, symbol, session: date, detail }] of [...warnings].sort(([a], [b]) => (a < b ? -1 : 1))) {
    counts[kind] = (counts[kind] ?? 0) + 1;
    if ((counts[kind] ?? 0) <= examplesMax) examples.push({ kind, symbol, date, detail });
  }
  return { counts, examples };
}

async function jumps(deps: BarWarningsDeps, bars: ValidatedRows): Promise<Step[]> {
  const { lake } = deps;
  if (bars.order === 'none') return lake.rows<Step>(jumpsSql(bars.rows, JUMPS_MAX));
  const met = JSON.parse(bars.jumps ?? '[]') as Step[];
  if (bars.order === 'by-symbol') return met;
  return [...met, ...(await lake.rows<Step>(jumpsOverYearsSql(bars.rows, JUMPS_MAX)))];
}

/** A close, and the close before it. */
interface Step {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly close: number;
  readonly session_before: IsoDate;
  readonly close_before: number;
}

function warningsOfStep(step: Step, splits: readonly AppliedSplit[]): QualityWarning[] {
  const bar = (session: IsoDate, close: number) => ({
    symbol: step.symbol,
    session,
    open: close,
    high: close,
    low: close,
    close,
    // Rows without volume are counted elsewhere, all of them.
    volume: 1,
    vwap: null,
    trades: null,
  });
  const between = splits.filter(({ exDate }) => step.session_before < exDate && exDate <= step.session);
  return warningsOf([bar(step.session_before, step.close_before), bar(step.session, step.close)], between);
}

async function stepsOfSplits(
  deps: BarWarningsDeps,
  bars: ValidatedRows,
  splits: ReadonlyMap<string, readonly AppliedSplit[]>,
): Promise<Step[]> {
  if (splits.size === 0) return [];
  const [first, last] = bars.sessions.reduce<[IsoDate | undefined, IsoDate | undefined]>(
    ([min, max], session) => [
      min === undefined || session < min ? session : min,
      max === undefined || session > max ? session : max,
    ],
    [undefined, undefined],
  );
  if (first === undefined || last === undefined) return [];
  const wanted = [...splits.values()].flat().filter(({ exDate }) => first < exDate && exDate <= last);
  if (wanted.length === 0) return [];
  using session = await deps.lake.session();
  await session.load(
    'known_splits',
    KNOWN_SPLITS,
    wanted.map(({ symbol, exDate }) => [symbol, exDate]),
  );
  return await session.rows<Step>(barsAroundSql(bars.rows, 'known_splits'));
}

const KNOWN_SPLITS = [
  { name: 'symbol', type: 'string' },
  { name: 'ex_date', type: 'date' },
] as const;

async function readEvents(lake: Lake): Promise<{ listings: Listings; splits: Resolved<AppliedSplit>['applied'] }> {
  const listings = new Listings(await currentListings(lake));
  const facts = await lake.table(SPLITS).records<SplitFact>(await lake.table(SPLITS).head());
  return { listings, splits: resolveSplits(listings, facts).applied };
}
