import { compare } from '#base/compare.ts';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { DailyRowRules } from '#market/quality.ts';
import { percent, rejectedMax } from '../import/bound.ts';
import { currentLedger } from '../ledger/ledger.ts';
import type { FetchDeps, FetchedSession } from './fetched-session.ts';
import { readHorizon, recordHorizon } from './horizon.ts';
import type { PlannedSession } from './plan.ts';
import { putReplies } from './put-replies.ts';
import { OVER_BOUND, type Reply } from './reply.ts';
import { SourceHealth } from './source-health.ts';
import { type ValidatedReply, validateReply } from './validate-reply.ts';

export interface FetchBarsRequest {
  readonly sessions: readonly PlannedSession[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
}

export interface FetchProgress {
  readonly done: number;
  readonly total: number;
  readonly session: IsoDate;
}

export interface FetchBarsReport {
  /** Ascending by session. */
  readonly sessions: readonly FetchedSession[];
  readonly inserted: number;
  readonly replaced: number;
  readonly quarantined: number;
  /** The newest session outside the vendor plan, if one was requested: no older one was. */
  readonly horizon: IsoDate | undefined;
  /** The plan's horizon was found for the first time, or has moved. */
  readonly horizonMoved: boolean;
  /** The newest version of the bars that was written. */
  readonly version: number | undefined;
}

/** Sessions put by one commit: bounds memory, and the work lost in a crash. */
const BATCH_SESSIONS_MAX = 16;
/** With a few requests a minute a batch takes minutes to fill: replies that arrived by then are put. */
const BATCH_MS_MAX = 60_000;

/**
 * Fetches sessions and puts them into the lake, bars before the ledger. Fetched sessions stay stored if others fail, and a run
 * that crashes is simply run again. The report lists failures by session: see `throwFailures`.
 */
export async function fetchBars(deps: FetchDeps, request: FetchBarsRequest): Promise<FetchBarsReport> {
  const { source } = deps;
  const fetched: FetchedSession[] = [];
  const health = new SourceHealth();
  let version: number | undefined;
  // Newest first: people wait for yesterday, not for ten years ago, and the plan's horizon ends the fetch.
  const waiting = request.sessions.toSorted((a, b) => compare(b.session, a.session));
  const total = waiting.length;
  while (waiting.length > 0 && health.mayAsk()) {
    request.signal?.throwIfAborted();
    const replies = await failLapsed(deps, await fetchBatch(deps, waiting, health, request.signal));
    const put = await putReplies(deps, replies);
    version = put.version ?? version;
    for (const one of put.sessions) {
      fetched.push(one);
      request.onProgress?.({ done: fetched.length, total, session: one.session });
    }
  }
  fetched.sort((a, b) => compare(a.session, b.session));
  const beyond = fetched.findLast(({ outcome }) => outcome === 'beyond-plan')?.session;
  const horizonMoved = await moveHorizon(deps, source.name, fetched, beyond);
  const sum = (key: 'inserted' | 'replaced' | 'quarantined'): number =>
    fetched.reduce((total, one) => total + one[key], 0);
  return {
    sessions: fetched,
    inserted: sum('inserted'),
    replaced: sum('replaced'),
    quarantined: sum('quarantined'),
    horizon: beyond,
    horizonMoved,
    version,
  };
}

/** Throws the first failure of a report, so that the step fails and is retried. */
export function throwFailures(report: FetchBarsReport): void {
  const failed = report.sessions.filter(({ error }) => error !== undefined);
  const [first] = failed;
  if (first?.error === undefined) return;
  if (failed.length === 1) throw first.error;
  throw new CondvestError({
    code: first.error.code,
    kind: first.error.kind,
    message: `${failed.length} sessions could not be fetched, the first of them ${first.session}: ${first.error.message}`,
    cause: first.error,
  });
}

/** Takes sessions off the front of `waiting` and fetches them, as many at once as the source allows. */
async function fetchBatch(
  deps: FetchDeps,
  waiting: PlannedSession[],
  health: SourceHealth,
  signal: AbortSignal | undefined,
): Promise<Reply[]> {
  const { clock } = deps;
  const replies: Reply[] = [];
  const startMs = clock.nowMs();
  let taken = 0;
  const mayTake = (): boolean =>
    taken < BATCH_SESSIONS_MAX && health.mayAsk() && (taken === 0 || clock.nowMs() - startMs < BATCH_MS_MAX);
  const worker = async (): Promise<void> => {
    while (mayTake()) {
      signal?.throwIfAborted();
      const planned = waiting.shift();
      if (planned === undefined) return;
      taken += 1;
      const reply = await fetchOne(deps, planned, signal);
      health.take(reply);
      replies.push(reply);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, deps.source.parallelMax) }, worker));
  return replies;
}

/** Every vendor plan has at least this much history. */
const HISTORY_MS_MIN = 30 * 86_400_000;

/**
 * Turns replies of a lapsed plan into failures. Such a plan denies new sessions like old ones. If a young session is outside
 * the plan and no newer one was ever delivered, it is not a horizon: that would silently stop the lake from growing.
 */
async function failLapsed(deps: FetchDeps, replies: readonly Reply[]): Promise<Reply[]> {
  const denied = replies.filter(({ kind }) => kind === 'beyond-plan').map(({ planned }) => planned.session);
  const beyond = denied.sort().at(-1);
  const nowMs = deps.clock.nowMs();
  if (beyond === undefined || nowMs - Date.parse(beyond) > HISTORY_MS_MIN) return [...replies];
  const ledger = await currentLedger(deps.lake);
  if ([...ledger.values()].some((row) => row.rows > 0 && row.session > beyond)) return [...replies];
  if (replies.some(({ kind, planned }) => kind === 'bars' && planned.session > beyond)) return [...replies];
  return replies.map((reply) => {
    if (reply.kind !== 'beyond-plan') return reply;
    const error = new CondvestError({
      code: 'source-not-entitled',
      kind: 'permanent',
      message: `The source denies access to session ${reply.planned.session} and has delivered no newer one`,
      found: reply.detail,
      action: 'Check whether your vendor plan has lapsed',
    });
    return { planned: reply.planned, fetchedAtMs: reply.fetchedAtMs, kind: 'failed', error };
  });
}

async function fetchOne(deps: FetchDeps, planned: PlannedSession, signal: AbortSignal | undefined): Promise<Reply> {
  const { calendar, clock, source, rules } = deps;
  const { session } = planned;
  const fetchedAtMs = clock.nowMs();
  try {
    const reply = await source.bars(session, signal);
    if (reply.kind !== 'bars') return { planned, fetchedAtMs, kind: reply.kind, detail: reply.reason };
    const quality: DailyRowRules = { calendar, lastSession: calendar.lastClosedSession(fetchedAtMs) };
    const validated = validateReply(session, reply.rows, quality);
    checkBound(session, reply.rows.length, validated, rules.quarantineBound);
    return { planned, fetchedAtMs, kind: 'bars', validated };
  } catch (cause) {
    // Errors that the user must fix, such as a wrong key, concern more than one session.
    if (signal?.aborted === true || !(cause instanceof CondvestError) || cause instanceof UsageError) throw cause;
    return { planned, fetchedAtMs, kind: 'failed', error: cause };
  }
}

function checkBound(session: IsoDate, rows: number, validated: ValidatedReply, bound: number): void {
  const { rejected } = validated;
  if (rejected.length <= rejectedMax(rows, bound)) return;
  const [first] = rejected;
  throw new CondvestError({
    code: OVER_BOUND,
    kind: 'permanent',
    message: `${rejected.length} of ${rows} rows of session ${session} were rejected, so none was stored`,
    found: first === undefined ? '' : `row ${first.rowNumber}, ${first.reason}: ${first.row}`,
    allowed: `${percent(bound)} of the rows${bound === 0 ? '' : ', or one row'}`,
    action: 'Check the vendor data, or raise CONDVEST_QUARANTINE_BOUND to quarantine these rows and store the others',
  });
}

/** Moves the horizon to the newest denied session, and removes it once a session at or before it is fetched. */
async function moveHorizon(
  deps: FetchDeps,
  source: string,
  fetched: readonly FetchedSession[],
  beyond: IsoDate | undefined,
): Promise<boolean> {
  let horizon = await readHorizon(deps.lake, source);
  const oldest = fetched.find(({ outcome }) => outcome === 'fetched')?.session;
  if (horizon !== undefined && oldest !== undefined && oldest <= horizon) horizon = undefined;
  if (beyond !== undefined && (horizon === undefined || beyond > horizon)) horizon = beyond;
  return recordHorizon(deps.lake, source, horizon, deps.clock.nowMs());
}
