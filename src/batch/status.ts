import type { Lake } from '#lake/lake.ts';
import type { LakeStatus } from '#lake/reports.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { LedgerRow } from '#market/ledger.ts';
import type { Clock } from '#ports/clock.ts';

import { readHorizon } from './fetch/horizon.ts';
import { completeThrough, planFetch } from './fetch/plan.ts';
import { closedLedger } from './ledger/ledger.ts';
import { currentListings } from './tables/listings-table.ts';

const WORK_LISTED_MAX = 20;

export async function lakeStatus(
  deps: { readonly lake: Lake; readonly calendar: Calendar; readonly clock: Clock },
  request: { readonly source: string },
): Promise<LakeStatus> {
  const { lake, calendar, clock } = deps;
  const nowMs = clock.nowMs();
  const lastClosed = calendar.lastClosedSession(nowMs);
  const ledger = await closedLedger(lake, lastClosed);
  const horizon = await readHorizon(lake, request.source);
  const work = ledger.size === 0 ? [] : planFetch({ calendar, ledger, nowMs, horizon });
  const counts = {
    settled: 0,
    provisional: 0,
    partial: 0,
    missing: work.filter(({ reason }) => reason === 'missing').length,
  };
  for (const row of ledger.values()) {
    if (row.rows > 0) counts[row.state] += 1;
    // Looked for, and nothing came: there is no bar of it, nor will there be one where the exchange turned out to be
    // closed.
    else if (calendar.isSession(row.session)) counts.missing += 1;
  }
  const listings = await currentListings(lake);
  const published = [...ledger.values()].filter((row) => row.rows > 0);
  return {
    nowMs,
    lastClosed,
    first: published[0]?.session,
    last: published.at(-1)?.session,
    watermark: completeThrough(calendar, ledger, horizon),
    sessions: counts,
    work: work
      .slice(-WORK_LISTED_MAX)
      .reverse()
      .map(({ session, reason }) => ({ session, reason, ...countsOf(ledger.get(session)) })),
    workCount: work.length,
    horizon,
    lastFetchMs: published.reduce<number | undefined>((max, row) => Math.max(max ?? 0, row.lastFetchMs), undefined),
    symbolsListed: listings.filter((row) => row.lastSession === null).length,
  };
}

function countsOf(row: LedgerRow | undefined): { rows: number; counted: number; expected: number | null } {
  return { rows: row?.rows ?? 0, counted: row?.counted ?? 0, expected: row?.expected ?? null };
}
