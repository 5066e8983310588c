import { type IsoDate, isoDate } from '#base/dates.ts';
import { replaceAll, stageRows } from '#batch/tables/small-table.ts';
import type { Lake } from '#lake/lake.ts';
import { DIVIDENDS } from '#lake/tables.ts';
import { planAdjustment } from '#market/adjust.ts';
import { type DailyBar, scaled } from '#market/bar.ts';
import { type DividendFact, resolveDividends, resolveSplits } from '#market/corporate-actions.ts';
import { Listings } from '#market/security.ts';
import { WindowFolder } from '#market/window.ts';
import type { BarsRequest, BarsResult } from '#serving/read/served-bars.ts';
import type { MarketModel } from '../resample/market-model.ts';

export async function putDividends(lake: Lake, dividends: readonly DividendFact[]): Promise<void> {
  const unknown = [null, null, null, null];
  const rows = dividends.map((row) => [row.symbol, row.exDate, row.kind, row.cashAmount, ...unknown, row.source, 0]);
  await lake
    .table(DIVIDENDS)
    .write(async (base) => replaceAll(base, await stageRows(lake, DIVIDENDS, rows), { rows: rows.length }));
}

/** A bar of an answer, as far as values go; `at` is the session, or the window's first one. */
export interface ExpectedBar {
  readonly symbol: string;
  readonly at: IsoDate;
  readonly values: readonly (number | null)[];
  readonly sessions: number;
  readonly complete: boolean | null;
}

/**
 * Returns the expected result of `readBars`, from the rows in memory and the pure functions of the domain, applied in
 * the simplest way: all rows, then a filter. Involves no code that reads the lake.
 */
export function expectedBars(
  model: MarketModel,
  dividends: readonly DividendFact[],
  request: BarsRequest,
  today: IsoDate,
): ExpectedBar[] | 'unknown' {
  const { calendar } = model;
  const { symbol, interval = 1, adjust = 'split' } = request;
  const listings = new Listings(model.listings);
  const sessions = [...model.bars.keys()].sort();
  const lastPublished = sessions.at(-1) ?? calendar.firstSession;
  const to = request.to === undefined || request.to > lastPublished ? lastPublished : request.to;
  const from = request.from ?? isoDate('0001-01-01');

  const traded = sessions.filter((session) => session <= to && model.bars.get(session)?.has(symbol)).at(-1);
  const isListed = listings.listed(symbol, to) !== undefined || !listings.has(symbol);
  // Listed by the day asked for, but only after the last session that there is: it has no bars yet, and is nobody else.
  const begun = listings.listed(symbol, request.to ?? today);
  const isNew = begun !== undefined && begun.firstSession > to;
  const securityId = isNew ? begun.securityId : listings.resolve(symbol, isListed ? to : (traded ?? to));

  const rows: DailyBar[] = [];
  for (const session of sessions) {
    for (const row of model.bars.get(session)?.values() ?? []) {
      if (listings.resolve(row.symbol, session) === securityId) rows.push(row);
    }
  }
  if (rows.length === 0 && ![...model.bars.values()].some((day) => day.has(symbol))) return 'unknown';
  const splits = resolveSplits(listings, model.splits).applied.get(securityId) ?? [];
  const plan = planAdjustment({
    adjustment: adjust,
    splits,
    dividends: resolveDividends(listings, dividends).applied.get(securityId) ?? [],
    closes: rows,
    lastPublished,
  });
  const adjusted = rows.map((row) => {
    const { price, volume } = plan.factorsOf(row.session);
    return scaled(row, price, volume);
  });
  if (interval === 1) {
    return adjusted
      .filter((row) => row.session >= from && row.session <= to)
      .map((row) => ({ symbol: row.symbol, at: row.session, values: valuesOf(row), sessions: 1, complete: null }));
  }
  const folder = new WindowFolder({ calendar, interval, isPublished: (session) => model.bars.has(session) });
  const isSession = (row: DailyBar): boolean => calendar.isSession(row.session);
  const folded =
    adjust === 'total'
      ? folder.fold(securityId, adjusted.filter(isSession), [])
      : folder.fold(securityId, rows.filter(isSession), splits);
  return folded
    .filter((bar) => bar.lastSession >= from && bar.firstSession <= to)
    .map((bar) => {
      const at = folder.windowOf(bar.firstSession).lastPublished ?? bar.lastSession;
      const { price, volume } = adjust === 'total' ? { price: 1, volume: 1 } : plan.factorsOf(at);
      return {
        symbol: bar.symbol,
        at: bar.firstSession,
        values: valuesOf(scaled(bar, price, volume)),
        sessions: bar.sessions,
        complete: bar.complete,
      };
    });
}

export function barsOf(result: BarsResult): ExpectedBar[] {
  if (result.grain === 'session') {
    return result.bars.map((bar) => ({
      symbol: bar.symbol,
      at: bar.session,
      values: valuesOf(bar),
      sessions: 1,
      complete: null,
    }));
  }
  return result.bars.map((bar) => ({
    symbol: bar.symbol,
    at: bar.firstSession,
    values: valuesOf(bar),
    sessions: bar.sessions,
    complete: bar.complete,
  }));
}

interface Values {
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: number | null;
  readonly vwap: number | null;
  readonly trades: number | null;
}

function valuesOf(bar: Values): (number | null)[] {
  return [bar.open, bar.high, bar.low, bar.close, bar.trades, bar.volume, bar.vwap];
}

/** The sums among the values, which may have been added up in another order: volume and vwap. */
const SUMS_FROM = 5;
const SUM_TOLERANCE = 1e-12;

/** The first difference, or undefined. */
export function firstDifference(found: readonly ExpectedBar[], expected: readonly ExpectedBar[]): string | undefined {
  for (const [index, want] of expected.entries()) {
    const have = found[index];
    const isEqual =
      have !== undefined &&
      have.symbol === want.symbol &&
      have.at === want.at &&
      have.sessions === want.sessions &&
      have.complete === want.complete &&
      want.values.every((value, i) => equal(value, have.values[i], i >= SUMS_FROM));
    if (!isEqual) return `${JSON.stringify(have)}, not ${JSON.stringify(want)}`;
  }
  const extra = found[expected.length];
  return extra === undefined ? undefined : `too many: ${JSON.stringify(extra)}`;
}

function equal(a: number | null, b: number | null | undefined, isSum: boolean): boolean {
  if (a === b) return true;
  if (!isSum || a === null || b === null || b === undefined) return false;
  return Math.abs(a - b) <= SUM_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}
