import type { InstantMs, IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { SessionState } from '#market/ledger.ts';
import type { DailyRowRules } from '#market/quality.ts';
import type { DailySource } from '#ports/daily-source.ts';
import { copyScratchSql, readScratchSql } from '../import/quarantine.sql.ts';
import { quarantine } from '../import/quarantine.ts';
import { readLedger } from '../ledger.ts';
import { type PutRules, putBars } from '../put-bars.ts';
import { recordSessions } from '../record-sessions.ts';
import { readHorizon, recordHorizon } from './horizon.ts';
import { type JudgedReply, judgeReply } from './judge-reply.ts';
import type { FetchReason, PlannedSession } from './plan.ts';

export interface FetchDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly source: DailySource;
  readonly rules: PutRules & { readonly quarantineBound: number };
}

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

/** What came of one session. */
export interface FetchedSession {
  readonly session: IsoDate;
  readonly reason: FetchReason;
  readonly outcome: 'fetched' | 'empty' | 'not-yet' | 'beyond-plan' | 'failed';
  /** State in the ledger after; undefined while it is missing. */
  readonly state?: SessionState;
  readonly rows: number;
  readonly expected: number | null;
  readonly inserted: number;
  readonly replaced: number;
  readonly quarantined: number;
  /** Settled although it stayed short. */
  readonly settledShort: boolean;
  readonly detail?: string;
  readonly error?: CondvestError;
}

export interface FetchBarsReport {
  /** Ascending by session. */
  readonly sessions: readonly FetchedSession[];
  readonly inserted: number;
  readonly replaced: number;
  readonly quarantined: number;
  /** The plan's horizon was met for the first time, or has moved. */
  readonly horizonMoved: boolean;
  /** Newest version of the bars that was written. */
  readonly version: number | undefined;
}

/** Sessions put by one commit: bounds memory, and what a crash costs. */
const BATCH_SESSIONS_MAX = 16;
/** After this many sessions that failed one after the other the source is taken for down, and the rest is left for later. */
const FAILURES_MAX = 3;

/**
 * Fetches sessions and puts them into the lake: bars first, the ledger after them. What was fetched is kept even if others
 * fail; a run that dies is simply run again. Failures are in the report, session by session: see `throwFailures`.
 */
export async function fetchBars(deps: FetchDeps, request: FetchBarsRequest): Promise<FetchBarsReport> {
  const { source } = deps;
  const fetched: FetchedSession[] = [];
  let version: number | undefined;
  let failures = 0;
  let beyond: IsoDate | undefined;
  // The newest first: a person waits for yesterday, not for ten years ago, and the plan's horizon ends the walk.
  const waiting = [...request.sessions].sort((a, b) => (a.session < b.session ? 1 : -1));
  const explicit = new Set(request.sessions.map(({ session }) => session));
  while (waiting.length > 0 && failures < FAILURES_MAX) {
    request.signal?.throwIfAborted();
    const batch = waiting.splice(0, BATCH_SESSIONS_MAX);
    const replies = await fetchBatch(deps, batch, request.signal);
    const put = await commitBatch(deps, replies);
    version = put.version ?? version;
    for (const one of put.sessions) {
      fetched.push(one);
      failures = one.outcome === 'failed' ? failures + 1 : 0;
      if (one.outcome === 'beyond-plan' && (beyond === undefined || one.session > beyond)) beyond = one.session;
      request.onProgress?.({ done: fetched.length, total: explicit.size, session: one.session });
    }
    if (beyond !== undefined) break;
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

interface Reply {
  readonly planned: PlannedSession;
  readonly fetchedAtMs: InstantMs;
  readonly kind: 'bars' | 'not-yet' | 'beyond-plan' | 'failed';
  readonly judged?: JudgedReply;
  readonly digest?: string;
  readonly detail?: string;
  readonly error?: CondvestError;
}

async function fetchBatch(
  deps: FetchDeps,
  batch: readonly PlannedSession[],
  signal: AbortSignal | undefined,
): Promise<Reply[]> {
  const replies = new Array<Reply | undefined>(batch.length).fill(undefined);
  let next = 0;
  let failures = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < batch.length && failures < FAILURES_MAX; index = next++) {
      signal?.throwIfAborted();
      const planned = batch[index];
      if (planned === undefined) return;
      const reply = await fetchOne(deps, planned, signal);
      failures = reply.kind === 'failed' ? failures + 1 : 0;
      // A key that is wrong is wrong for every session.
      if (reply.error?.kind === 'permanent' && reply.error.code.endsWith('key-wrong')) failures = FAILURES_MAX;
      replies[index] = reply;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, deps.source.parallelMax) }, worker));
  return replies.filter((reply) => reply !== undefined);
}

async function fetchOne(deps: FetchDeps, planned: PlannedSession, signal: AbortSignal | undefined): Promise<Reply> {
  const { calendar, source, lake, rules } = deps;
  const { session } = planned;
  // The instant before the request: what the vendor changes while it answers is not known to be in the answer.
  const fetchedAtMs = lake.deps.clock.nowMs();
  try {
    const reply = await source.bars(session, signal);
    if (reply.kind !== 'bars') return { planned, fetchedAtMs, kind: reply.kind, detail: reply.reason };
    const quality: DailyRowRules = { calendar, lastSession: calendar.lastClosedSession(fetchedAtMs) };
    const judged = judgeReply(session, reply.rows, quality);
    checkBound(session, reply.rows.length, judged, rules.quarantineBound);
    return { planned, fetchedAtMs, kind: 'bars', judged, digest: reply.digest };
  } catch (cause) {
    if (signal?.aborted === true || !(cause instanceof CondvestError)) throw cause;
    return { planned, fetchedAtMs, kind: 'failed', error: cause };
  }
}

function checkBound(session: IsoDate, rows: number, judged: JudgedReply, bound: number): void {
  const { refused } = judged;
  if (refused.length <= bound * rows) return;
  const [first] = refused;
  throw new CondvestError({
    code: 'fetch-over-bound',
    kind: 'permanent',
    message: `${refused.length} of the ${rows} rows of session ${session} were refused, so none of them was stored`,
    found: first === undefined ? '' : `row ${first.rowNumber}, ${first.reason}: ${first.row}`,
    allowed: `${Number((bound * 100).toFixed(4))} % of the rows`,
    action:
      'Look at what the vendor sends; raise CONDVEST_QUARANTINE_BOUND to quarantine these rows and store the others',
  });
}

const STAGED_COLUMNS = [
  { name: 'symbol', type: 'string' },
  { name: 'session', type: 'date' },
  { name: 'open', type: 'double' },
  { name: 'high', type: 'double' },
  { name: 'low', type: 'double' },
  { name: 'close', type: 'double' },
  { name: 'volume', type: 'double' },
  { name: 'vwap', type: 'double' },
  { name: 'trades', type: 'long' },
] as const;

const REFUSED_COLUMNS = [
  { name: 'row_number', type: 'long' },
  { name: 'reason', type: 'string' },
  { name: 'row', type: 'string' },
] as const;

async function commitBatch(
  deps: FetchDeps,
  replies: readonly Reply[],
): Promise<{ sessions: FetchedSession[]; version: number | undefined }> {
  const { lake, source } = deps;
  const { store, engine } = lake.deps;
  const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
  const isShort = (reply: Reply): boolean => {
    const stored = ledger.get(reply.planned.session)?.rows ?? 0;
    const rows = reply.judged?.accepted.length ?? 0;
    return rows === 0 || rows < deps.rules.partialShare * stored;
  };
  const withBars = replies.filter((reply) => reply.kind === 'bars');
  const full = withBars.filter((reply) => !isShort(reply));
  const sessions = new Map<IsoDate, FetchedSession>();
  let version: number | undefined;
  for (const reply of withBars) await quarantineRows(deps, reply);

  // By the instant of the fetch: `fetched_at` and the ledger speak of it, and settling depends on it.
  for (const group of groupByInstant(full)) {
    const path = await store.scratchPath('.parquet');
    try {
      using session = await engine.session();
      const rows = group.flatMap(({ judged }) => judged?.accepted ?? []);
      await session.load(
        'fetched_rows',
        STAGED_COLUMNS,
        rows.map((row) =>
          STAGED_COLUMNS.map(({ name }) =>
            name === 'trades' && row.trades !== null ? Math.round(row.trades) : row[name],
          ),
        ),
      );
      await session.run(copyScratchSql('SELECT * FROM fetched_rows ORDER BY symbol, session', path));
      const put = await putBars(deps, {
        rows: readScratchSql([path]),
        ordered: true,
        source: source.name,
        fetchedAtMs: group[0]?.fetchedAtMs ?? 0,
        countEveryLook: true,
      });
      version = put.version ?? version;
      for (const { planned, judged } of group) {
        const outcome = put.outcomes.get(planned.session);
        const row = put.sessions.get(planned.session);
        sessions.set(planned.session, {
          session: planned.session,
          reason: planned.reason,
          outcome: 'fetched',
          ...(row === undefined ? {} : { state: row.row.state }),
          rows: judged?.accepted.length ?? 0,
          expected: row?.row.expected ?? null,
          inserted: outcome?.inserted ?? 0,
          replaced: outcome?.replaced ?? 0,
          quarantined: judged?.refused.length ?? 0,
          settledShort: row?.settledShort ?? false,
        });
      }
    } finally {
      await store.discardScratch(path);
    }
  }
  for (const reply of withBars.filter(isShort))
    sessions.set(reply.planned.session, await recordShort(deps, reply, ledger));
  for (const reply of replies) {
    if (reply.kind === 'bars') continue;
    sessions.set(reply.planned.session, {
      session: reply.planned.session,
      reason: reply.planned.reason,
      outcome: reply.kind,
      rows: 0,
      expected: null,
      inserted: 0,
      replaced: 0,
      quarantined: 0,
      settledShort: false,
      ...(ledger.get(reply.planned.session) === undefined
        ? {}
        : { state: ledger.get(reply.planned.session)?.state ?? 'partial' }),
      ...(reply.detail === undefined ? {} : { detail: reply.detail }),
      ...(reply.error === undefined ? {} : { error: reply.error, detail: reply.error.message }),
    });
  }
  return { sessions: [...sessions.values()], version };
}

/** A reply that is short of what is stored replaces nothing; that it was looked for is recorded. */
async function recordShort(
  deps: FetchDeps,
  reply: Reply,
  ledger: ReadonlyMap<IsoDate, { readonly rows: number }>,
): Promise<FetchedSession> {
  const { session, reason } = reply.planned;
  const rows = reply.judged?.accepted.length ?? 0;
  const stored = ledger.get(session)?.rows ?? 0;
  const { sessions } = await recordSessions(deps, {
    rowsAfter: new Map([[session, stored]]),
    fetched: new Map([[session, rows]]),
    changed: new Set(),
    fetchedAtMs: reply.fetchedAtMs,
    countEveryLook: true,
  });
  const judged = sessions.get(session);
  return {
    session,
    reason,
    outcome: rows === 0 ? 'empty' : 'fetched',
    ...(judged === undefined ? {} : { state: judged.row.state }),
    rows,
    expected: judged?.row.expected ?? null,
    inserted: 0,
    replaced: 0,
    quarantined: reply.judged?.refused.length ?? 0,
    settledShort: judged?.settledShort ?? false,
    ...(stored > 0 ? { detail: `${rows} rows came, ${stored} are stored: nothing was replaced` } : {}),
  };
}

async function quarantineRows(deps: FetchDeps, { judged, digest = '', fetchedAtMs }: Reply): Promise<void> {
  const { lake, source } = deps;
  if (judged === undefined || judged.refused.length === 0) return;
  const path = await lake.deps.store.scratchPath('.parquet');
  try {
    using session = await lake.deps.engine.session();
    await session.load(
      'refused_rows',
      REFUSED_COLUMNS,
      judged.refused.map(({ rowNumber, reason, row }) => [rowNumber, reason, row]),
    );
    await session.run(copyScratchSql('SELECT * FROM refused_rows', path));
    const refused = [{ select: readScratchSql([path]), dataset: 'daily_bars', digest, source: source.name }];
    await quarantine(lake, refused, fetchedAtMs);
  } finally {
    await lake.deps.store.discardScratch(path);
  }
}

/**
 * Replies whose sessions settle alike can share a commit: those of sessions long past at the earliest of their instants, and
 * each young one on its own.
 */
function groupByInstant(replies: readonly Reply[]): Reply[][] {
  const groups = new Map<string, Reply[]>();
  for (const reply of replies) {
    const isOld = reply.fetchedAtMs - Date.parse(reply.planned.session) > YOUNG_MS;
    const key = isOld ? 'old' : reply.planned.session;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [reply]);
    else group.push(reply);
  }
  return [...groups.values()].map((group) => group.sort((a, b) => a.fetchedAtMs - b.fetchedAtMs));
}

/** Longer than any session takes to settle: a long weekend and a closing. */
const YOUNG_MS = 14 * 86_400_000;

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
  return recordHorizon(deps.lake, source, horizon, deps.lake.deps.clock.nowMs());
}
