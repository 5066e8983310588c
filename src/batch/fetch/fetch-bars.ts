import type { IsoDate } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { DailyRowRules } from '#market/quality.ts';
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
  /** The newest session that the source does not cover, where one was met: no older one was asked for. */
  readonly horizon: IsoDate | undefined;
  /** The plan's horizon was met for the first time, or has moved. */
  readonly horizonMoved: boolean;
  /** Newest version of the bars that was written. */
  readonly version: number | undefined;
}

/** Sessions put by one commit: bounds memory, and what a crash costs. */
const BATCH_SESSIONS_MAX = 16;
/** A source that gives a few requests a minute fills no batch for minutes; what has come by then is put. */
const BATCH_MS_MAX = 60_000;

/**
 * Fetches sessions and puts them into the lake: bars first, the ledger after them. What was fetched is kept even if others
 * fail; a run that dies is simply run again. Failures are in the report, session by session: see `throwFailures`.
 */
export async function fetchBars(deps: FetchDeps, request: FetchBarsRequest): Promise<FetchBarsReport> {
  const { source } = deps;
  const fetched: FetchedSession[] = [];
  const health = new SourceHealth();
  let version: number | undefined;
  let beyond: IsoDate | undefined;
  // The newest first: a person waits for yesterday, not for ten years ago, and the plan's horizon ends the walk.
  const waiting = [...request.sessions].sort((a, b) => (a.session < b.session ? 1 : -1));
  const total = waiting.length;
  while (waiting.length > 0 && health.mayAsk()) {
    request.signal?.throwIfAborted();
    const replies = await refuseLapsed(deps, await fetchBatch(deps, waiting, health, request.signal));
    const put = await putReplies(deps, replies);
    version = put.version ?? version;
    for (const one of put.sessions) {
      fetched.push(one);
      if (one.outcome === 'beyond-plan' && (beyond === undefined || one.session > beyond)) beyond = one.session;
      request.onProgress?.({ done: fetched.length, total, session: one.session });
    }
  }
  const horizonMoved = await moveHorizon(deps, source.name, fetched, beyond);
  fetched.sort((a, b) => (a.session < b.session ? -1 : 1));
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

/** A step that could not do its work must fail, or nobody would retry it: throws the first failure of a report. */
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

/** Takes sessions from the front of `waiting` and fetches them, the newest first, as many at once as the source allows. */
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

/** No plan has less history than this. */
const HISTORY_MS_MIN = 30 * 86_400_000;

/**
 * A plan that has lapsed refuses what is new like what is old. Where a young session is refused for its age and nothing newer was
 * ever given, it is no horizon: that would quietly end the lake's growth, with no hole to be seen.
 */
async function refuseLapsed(deps: FetchDeps, replies: readonly Reply[]): Promise<Reply[]> {
  const refused = replies.filter(({ kind }) => kind === 'beyond-plan').map(({ planned }) => planned.session);
  const beyond = refused.sort().at(-1);
  const nowMs = deps.clock.nowMs();
  if (beyond === undefined || nowMs - Date.parse(beyond) > HISTORY_MS_MIN) return [...replies];
  const ledger = await currentLedger(deps.lake);
  const isGiven = (session: IsoDate): boolean => session > beyond;
  if ([...ledger.values()].some((row) => row.rows > 0 && isGiven(row.session))) return [...replies];
  if (replies.some(({ kind, planned }) => kind === 'bars' && isGiven(planned.session))) return [...replies];
  return replies.map((reply) => {
    if (reply.kind !== 'beyond-plan') return reply;
    const error = new CondvestError({
      code: 'source-not-entitled',
      kind: 'permanent',
      message: `The source refuses session ${reply.planned.session}, and has given none that is newer`,
      found: reply.detail,
      action: 'See whether your plan has lapsed',
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
    // What the user has to put right, such as a wrong key, is no failure of one session.
    if (signal?.aborted === true || !(cause instanceof CondvestError) || cause instanceof UsageError) throw cause;
    return { planned, fetchedAtMs, kind: 'failed', error: cause };
  }
}

function checkBound(session: IsoDate, rows: number, validated: ValidatedReply, bound: number): void {
  const { refused } = validated;
  if (refused.length <= bound * rows) return;
  const [first] = refused;
  throw new CondvestError({
    code: OVER_BOUND,
    kind: 'permanent',
    message: `${refused.length} of the ${rows} rows of session ${session} were refused, so none of them was stored`,
    found: first === undefined ? '' : `row ${first.rowNumber}, ${first.reason}: ${first.row}`,
    allowed: `${Number((bound * 100).toFixed(4))} % of the rows`,
    action:
      'Look at what the vendor sends; raise CONDVEST_QUARANTINE_BOUND to quarantine these rows and store the others',
  });
}

/** A session older than the horizon that was fetched after all moves the horizon back, or away. */
async function moveHorizon(
  deps: FetchDeps,
  source: string,
  fetched: readonly FetchedSession[],
  beyond: IsoDate | undefined,
): Promise<boolean> {
  const known = await readHorizon(deps.lake, source);
  const oldest = fetched
    .filter(({ outcome }) => outcome === 'fetched')
    .reduce<IsoDate | undefined>((min, one) => (min === undefined || one.session < min ? one.session : min), undefined);
  let horizon = known;
  if (horizon !== undefined && oldest !== undefined && oldest <= horizon) horizon = undefined;
  if (beyond !== undefined && (horizon === undefined || beyond > horizon)) horizon = beyond;
  return recordHorizon(deps.lake, source, horizon, deps.clock.nowMs());
}
