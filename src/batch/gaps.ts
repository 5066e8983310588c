import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { GapsReport, SymbolGap } from '#lake/reports.ts';
import { DAILY_BARS, LISTINGS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';

import { readHorizon } from './fetch/horizon.ts';
import { type PlannedSession, planFetch, RUN_SESSIONS_MAX } from './fetch/plan.ts';
import { gapsOfSymbolSql, symbolGapsSql } from './gaps.sql.ts';
import { closedLedger } from './ledger/ledger.ts';
import { untilSession } from './tables/until-session.sql.ts';

const PUBLISHED = [{ name: 'session', type: 'date' }] as const;

/** Holes: sessions that the market lacks, and symbols that sessions lack although they were listed. */
export async function findGaps(
  deps: { readonly lake: Lake; readonly calendar: Calendar; readonly clock: Clock },
  request: { readonly source: string; readonly symbol?: string | undefined; readonly limit: number },
): Promise<GapsReport> {
  const { lake, calendar, clock } = deps;
  const nowMs = clock.nowMs();
  const lastClosed = calendar.lastClosedSession(nowMs);
  const ledger = await closedLedger(lake, lastClosed);
  const horizon = await readHorizon(lake, request.source);
  const inputs = { calendar, ledger, nowMs, horizon };
  const sessions = ledger.size === 0 ? [] : planFetch(inputs).filter(isGap);
  const run = ledger.size === 0 ? [] : planFetch({ ...inputs, newOpinionsOnly: true }).slice(-RUN_SESSIONS_MAX);
  const ofMarket = { sessions, dueCount: run.filter(isGap).length, horizon };
  const head = await lake.table(DAILY_BARS).head();
  if (head === undefined) return { ...ofMarket, isEmpty: ledger.size === 0, symbols: [], ofSymbol: undefined };
  const bars = untilSession(await lake.table(DAILY_BARS).scanSql(head.files), lastClosed);
  const listings = await lake.table(LISTINGS).rowsSql(await lake.table(LISTINGS).head());
  using session = await lake.session();
  const published = [...ledger.values()].filter((row) => row.rows > 0).map((row) => [row.session]);
  await session.load('published', PUBLISHED, published);
  if (request.symbol !== undefined) {
    const rows = await session.rows<{ session: IsoDate }>(
      gapsOfSymbolSql(bars, listings, request.symbol, request.limit),
    );
    return { ...ofMarket, isEmpty: false, symbols: [], ofSymbol: rows.map((row) => row.session) };
  }
  const symbols = await session.records<SymbolGap>(symbolGapsSql(bars, listings, request.limit));
  return { ...ofMarket, isEmpty: false, symbols, ofSymbol: undefined };
}

function isGap({ reason }: PlannedSession): boolean {
  return reason === 'missing' || reason === 'partial';
}
