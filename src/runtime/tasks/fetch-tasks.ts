import type { IsoDate } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { type FetchBarsReport, type FetchProgress, fetchBars } from '#batch/fetch/fetch-bars.ts';
import { type FetchReferenceReport, fetchReference } from '#batch/fetch/fetch-reference.ts';
import { readHorizon } from '#batch/fetch/horizon.ts';
import { type PlannedSession, planFetch } from '#batch/fetch/plan.ts';
import { findGaps } from '#batch/gaps.ts';
import { currentLedger } from '#batch/ledger/ledger.ts';
import { findQuality, type QualityRequest } from '#batch/quality.ts';
import { lakeStatus } from '#batch/status.ts';
import { currentListings } from '#batch/tables/listings-table.ts';
import type { GapsReport, LakeStatus, QualityReport } from '#lake/reports.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { refuseUnknown } from '#serving/read/symbol-lookup.ts';

import type { AppContext } from '../app.ts';
import { sourceName } from '../config/source-choice.ts';
import { fetchDeps } from '../runs/pipeline-deps.ts';

/** Use cases on a lake and its source. */

export interface FetchRequest {
  readonly from?: IsoDate | undefined;
  readonly to?: IsoDate | undefined;
  /** Only sessions whose correction window has ended. */
  readonly settleOnly?: boolean;
  /** Also sessions that have settled. */
  readonly again?: boolean;
  /** Also these sessions, regardless of the ledger. */
  readonly sessions?: readonly IsoDate[];
  readonly signal?: AbortSignal;
  /** Called before listings and events are fetched: a few dozen requests, which a small budget spreads over minutes. */
  readonly onReference?: (sessions: number) => void;
  readonly onProgress?: (progress: TimedProgress) => void;
}

export interface TimedProgress extends FetchProgress {
  /** Estimated time remaining, at the pace since the first session was requested. */
  readonly leftMs: number;
}

export interface FetchReport {
  readonly source: string;
  readonly planned: readonly PlannedSession[];
  readonly bars: FetchBarsReport;
  readonly reference: FetchReferenceReport | undefined;
  /** Why listings and events could not be fetched, although bars were. */
  readonly referenceError: CondvestError | undefined;
}

/**
 * Fetches the sessions of a range that the ledger lacks; listings and events first, since they explain counts and
 * jumps.
 */
export async function fetchTask(app: AppContext, request: FetchRequest): Promise<FetchReport> {
  const { lake, calendar, clock } = app;
  checkRange(app, request);
  const deps = fetchDeps(app, await app.source());
  const { source } = deps;
  const ledger = await currentLedger(lake);
  const nowMs = clock.nowMs();
  const horizon = await readHorizon(lake, source.name);
  const { from, to, settleOnly = false, again = false, signal } = request;
  const due = planFetch({ calendar, ledger, nowMs, from, to, horizon, settleOnly, again });
  const extra = (request.sessions ?? []).filter((session) => !due.some((one) => one.session === session));
  const planned = [...due, ...extra.map((session) => ({ session, reason: 'again' as const }))].sort((a, b) =>
    a.session < b.session ? -1 : 1,
  );
  const session = calendar.lastClosedSession(nowMs);
  const abort = signal === undefined ? {} : { signal };
  let reference: FetchReferenceReport | undefined;
  let referenceError: CondvestError | undefined;
  // For a range whose bars are complete, this still fetches the events since its first day.
  if (!settleOnly && source.hasReference && (planned.length > 0 || from !== undefined)) {
    request.onReference?.(planned.length);
    try {
      reference = await fetchReference(deps, {
        session,
        ...(from === undefined ? {} : { eventsFrom: from }),
        ...abort,
      });
    } catch (cause) {
      // A wrong API key or an abort stops everything; other failures leave the bars to fetch.
      const isOnlyThis = cause instanceof CondvestError && !(cause instanceof UsageError);
      if (signal?.aborted === true || !isOnlyThis) throw cause;
      referenceError = cause;
    }
  }
  const startedMs = clock.nowMs();
  const bars = await fetchBars(deps, {
    sessions: planned,
    ...abort,
    onProgress: (progress) => {
      const { done, total } = progress;
      request.onProgress?.({ ...progress, leftMs: ((clock.nowMs() - startedMs) / done) * (total - done) });
    },
  });
  return { source: source.name, planned, bars, reference, referenceError };
}

function checkRange(app: AppContext, { from, to }: FetchRequest): void {
  const { calendar, clock } = app;
  const lastClosed = calendar.lastClosedSession(clock.nowMs());
  if (from !== undefined && to !== undefined) checkDays(app, from, to);
  if (from !== undefined && from > lastClosed) {
    throw new UsageError({
      code: 'range-in-the-future',
      message: 'Only closed sessions can be fetched',
      found: `--from ${from}`,
      allowed: `a date up to ${lastClosed}, the last closed session`,
    });
  }
}

function checkDays({ calendar }: AppContext, from: IsoDate, to: IsoDate): void {
  if (from > to) {
    throw new UsageError({
      code: 'range-reversed',
      message: 'The range ends before it starts',
      found: `${from} to ${to}`,
      allowed: 'a first date that is not after the last one',
    });
  }
  if (calendar.range(from, to).length > 0) return;
  const isKnown = to >= calendar.firstSession && from <= calendar.lastSession;
  if (!isKnown) {
    throw new UsageError({
      code: 'range-beyond-calendar',
      message: 'These dates are outside the exchange calendar',
      found: from === to ? from : `${from} to ${to}`,
      allowed: `${calendar.firstSession} to ${calendar.lastSession}`,
    });
  }
  throw new UsageError({
    code: 'range-without-session',
    message: 'The range contains no session',
    found: from === to ? from : `${from} to ${to}`,
    allowed: 'a range with at least one session',
  });
}

export function statusTask(app: AppContext): Promise<LakeStatus> {
  return lakeStatus(app, { source: sourceName(app.config) });
}

export async function gapsTask(app: AppContext, symbol: string | undefined, limit: number): Promise<GapsReport> {
  const { lake } = app;
  const bars = await lake.table(DAILY_BARS).head();
  if (symbol !== undefined && bars !== undefined) {
    const listings = await currentListings(lake);
    if (listings.every((row) => row.symbol !== symbol)) await refuseUnknown(lake, bars, [symbol]);
  }
  return findGaps(app, { source: sourceName(app.config), symbol, limit });
}

export async function qualityTask(app: AppContext, request: QualityRequest): Promise<QualityReport> {
  const { from, to } = request;
  if (from !== undefined && to !== undefined) checkDays(app, from, to);
  return findQuality(app, request);
}

export type QualityTaskReport = QualityReport;
