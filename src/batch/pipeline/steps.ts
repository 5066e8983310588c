import { isoDate, parseIsoDate } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import { decide } from '#lake/input-checkpoint.ts';
import { silverBars } from '#lake/tables.ts';
import type { ListingsIndex } from '#ports/listings-index.ts';
import { consolidate } from '../consolidate.ts';
import { type FetchProgress, fetchBars, throwFailures } from '../fetch/fetch-bars.ts';
import { fetchReference } from '../fetch/fetch-reference.ts';
import type { FetchDeps, FetchedSession } from '../fetch/fetched-session.ts';
import { readHorizon } from '../fetch/horizon.ts';
import { type FetchReason, planFetch, RUN_SESSIONS_MAX } from '../fetch/plan.ts';
import { OVER_BOUND } from '../fetch/reply.ts';
import { completeLedger } from '../ledger/complete-ledger.ts';
import { currentLedger } from '../ledger/ledger.ts';
import { recountedSessions } from '../resample/changes.ts';
import { pinInputs } from '../resample/inputs.ts';
import { type ResampleDeps, resample } from '../resample/resample.ts';
import { deriveRestatements } from '../restatements/restatements.ts';
import { currentListings } from '../tables/listings-table.ts';
import { type VerifyDeps, verifyLake } from '../verify/verify.ts';

/**
 * The steps of the daily pipeline, as `daily.asl.json` calls them: each takes and gives JSON, can be run again with the
 * same input, and throws where it could not do its work.
 */

export interface PipelineDeps extends FetchDeps {
  /** Lengths of the stored N-session bars. */
  readonly intervals: readonly number[];
  readonly signal?: AbortSignal;
}

/** Input of a run. The same input again (resume) gives the same result. */
export interface PipelineInput {
  /** Only this session; all that are work to do unless given. */
  readonly session?: string;
}

export interface PipelinePlan {
  /** The newest session that the run speaks of. */
  readonly session: string;
  readonly sessions: readonly { readonly session: string; readonly reason: FetchReason }[];
  readonly toFetch: number;
  /** Sessions that are left for the next run, or for a backfill. */
  readonly left: number;
  readonly intervals: readonly number[];
  /** Whether derived tables are behind their inputs. */
  readonly toDerive: boolean;
  /**
   * The run before this one failed or died: every step is gone through again, so that what failed is seen to be over.
   */
  readonly again: boolean;
}

export async function planStep(deps: PipelineDeps, input: PipelineInput, again: boolean): Promise<PipelinePlan> {
  const { lake, calendar, clock, source, intervals } = deps;
  const nowMs = clock.nowMs();
  checkInput(deps, input);
  const ledger = await currentLedger(lake);
  const horizon = await readHorizon(lake, source.name);
  const only = input.session === undefined ? undefined : isoDate(input.session);
  const range = only === undefined ? {} : { from: only, to: only };
  const planned = planFetch({ calendar, ledger, nowMs, horizon, newOpinionsOnly: only === undefined, ...range });
  const chosen = planned.slice(-RUN_SESSIONS_MAX);
  return {
    session: only ?? calendar.lastClosedSession(nowMs),
    sessions: chosen,
    toFetch: chosen.length,
    left: planned.length - chosen.length,
    intervals,
    toDerive: await isBehind(deps),
    again,
  };
}

/**
 * Validates the input of a run before it begins.
 * @throws UsageError `pipeline-session` for a day that is no session, or that has not closed.
 */
export function checkInput({ calendar, clock }: Pick<PipelineDeps, 'calendar' | 'clock'>, input: PipelineInput): void {
  if (input.session === undefined) return;
  const lastClosed = calendar.lastClosedSession(clock.nowMs());
  const session = parseIsoDate(input.session);
  if (session !== undefined && session <= lastClosed && calendar.isSession(session)) return;
  throw new UsageError({
    code: 'pipeline-session',
    message: 'A run must be of a session that has closed',
    found: input.session,
    allowed: `a session from ${calendar.firstSession} to ${lastClosed}`,
  });
}

/** A derived table that does not stand at the newest version of its inputs: a run died before it got there. */
async function isBehind(deps: PipelineDeps): Promise<boolean> {
  const { lake, calendar, clock, intervals } = deps;
  const inputs = await pinInputs(lake, calendar, clock);
  if (inputs === undefined) return false;
  const { pinned } = inputs;
  for (const interval of intervals) {
    const head = await lake.table(silverBars(interval)).head();
    if (head === undefined && inputs.published.indexes.size === 0) continue;
    const decision = decide(head?.txns, pinned);
    if (decision.mode === 'ahead') continue;
    if (decision.mode !== 'incremental' || decision.calendarChanged) return true;
    if (decision.bars < pinned.bars.version) return true;
    if ((decision.splits ?? -1) < (pinned.splits?.version ?? -1)) return true;
    if ((decision.listings ?? -1) < (pinned.listings?.version ?? -1)) return true;
    if (recountedSessions(calendar, inputs, decision.published).size > 0) return true;
  }
  return false;
}

export interface FetchBarsStepReport {
  readonly step: 'FetchBars';
  readonly sessions: readonly {
    readonly session: string;
    readonly outcome: string;
    readonly state: string | null;
    readonly rows: number;
    readonly expected: number | null;
    readonly settledShort: boolean;
    readonly detail: string | null;
  }[];
  readonly rows: number;
  readonly inserted: number;
  readonly replaced: number;
  readonly quarantined: number;
  readonly horizonMoved: boolean;
  /** Sessions of which too many rows were refused to store any; the report fails the run for them, and names each. */
  readonly overBound: readonly { readonly session: string; readonly message: string }[];
}

export interface FetchBarsListeners {
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Given the report's `overBound` by every try, also by one that fails for other sessions. */
  readonly onOverBound?: (sessions: FetchBarsStepReport['overBound']) => void;
}

export async function fetchBarsStep(
  deps: PipelineDeps,
  plan: PipelinePlan,
  { onProgress, onOverBound }: FetchBarsListeners = {},
): Promise<FetchBarsStepReport> {
  const { lake, calendar, clock, signal } = deps;
  const ledger = await currentLedger(lake);
  // A retry does only what is left: the ledger knows what an earlier try has done.
  const wanted = new Set(plan.sessions.map(({ session }) => isoDate(session)));
  const [from, to] = [plan.sessions[0]?.session, plan.sessions.at(-1)?.session];
  const planned =
    from === undefined || to === undefined
      ? []
      : planFetch({ calendar, ledger, nowMs: clock.nowMs(), from: isoDate(from), to: isoDate(to) });
  const sessions = planned.filter(({ session }) => wanted.has(session));
  const report = await fetchBars(deps, {
    sessions,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const isOverBound = ({ error }: FetchedSession): boolean => error?.code === OVER_BOUND;
  const overBound = report.sessions
    .filter(isOverBound)
    .map(({ session, error }) => ({ session, message: error?.message ?? '' }));
  onOverBound?.(overBound);
  throwFailures({ ...report, sessions: report.sessions.filter((one) => !isOverBound(one)) });
  return {
    step: 'FetchBars',
    sessions: report.sessions.map((one) => ({
      session: one.session,
      outcome: one.outcome,
      state: one.state ?? null,
      rows: one.rows,
      expected: one.expected,
      settledShort: one.settledShort,
      detail: one.detail ?? null,
    })),
    rows: report.inserted + report.replaced,
    inserted: report.inserted,
    replaced: report.replaced,
    quarantined: report.quarantined,
    horizonMoved: report.horizonMoved,
    overBound,
  };
}

export interface FetchReferenceStepReport {
  readonly step: 'FetchReference';
  readonly rows: number;
  readonly listed: number;
  readonly delisted: number;
  readonly renamed: readonly string[];
  readonly reused: readonly string[];
  readonly splits: number;
  readonly dividends: number;
  /** Events for which the source gives two values. */
  readonly held: number;
  /** Events that cannot be right, or that are in another currency. */
  readonly refused: number;
  /** Events that were announced, and that the source has no more: `S1 2024-02-20`. */
  readonly withdrawn: readonly string[];
  readonly withdrawnCount: number;
  /** Symbols that neither trade nor are known to have ceased to. */
  readonly unconfirmed: readonly string[];
  readonly unconfirmedCount: number;
}

/** Names listed in a report; all are counted. */
const NAMES_MAX = 20;

/** Lists speak of today, whatever session the run is of: they are taken for the last one closed. */
export async function fetchReferenceStep(deps: PipelineDeps): Promise<FetchReferenceStepReport> {
  const { signal, calendar, clock } = deps;
  const session = calendar.lastClosedSession(clock.nowMs());
  const report = await fetchReference(deps, { session, ...(signal === undefined ? {} : { signal }) });
  const { listings, splits, dividends } = report;
  const changed = listings.listed.length + listings.delisted.length + listings.detailed;
  const withdrawn = [...splits.withdrawn, ...dividends.withdrawn];
  const events = splits.added + splits.replaced + dividends.added + dividends.replaced;
  return {
    step: 'FetchReference',
    rows: changed + events + withdrawn.length,
    listed: listings.listed.length,
    delisted: listings.delisted.length,
    renamed: listings.renamed.slice(0, NAMES_MAX),
    reused: listings.reused.slice(0, NAMES_MAX),
    splits: splits.added + splits.replaced,
    dividends: dividends.added + dividends.replaced,
    held: splits.held + dividends.held,
    refused: splits.refused + dividends.refused,
    withdrawn: withdrawn.slice(0, NAMES_MAX),
    withdrawnCount: withdrawn.length,
    unconfirmed: listings.unconfirmed.slice(0, NAMES_MAX),
    unconfirmedCount: listings.unconfirmed.length,
  };
}

export interface RecordStepReport {
  readonly rows: number;
  readonly settlements: number;
  readonly restatements: number;
}

/**
/**
 * Completes the ledger after a killed process, derives value changes since the last run from their versions (before
 * anything merges their files), and refreshes the listings index.
 */
export async function recordStep(deps: PipelineDeps, listings: ListingsIndex): Promise<RecordStepReport> {
  await completeLedger(deps, deps.clock.nowMs() - VERIFIED_BACK_MS);
  const { added, settlements, restatements } = await deriveRestatements(deps);
  await listings.replace(await currentListings(deps.lake), deps.clock.nowMs());
  return { rows: added, settlements, restatements };
}

export interface ResampleStepReport {
  readonly step: 'Resample';
  readonly interval: number;
  readonly mode: string;
  readonly windows: number;
  readonly rows: number;
}

export async function resampleStep(
  deps: PipelineDeps,
  interval: number,
  onProgress?: ResampleDeps['onProgress'],
): Promise<ResampleStepReport> {
  const { intervals } = await resample(onProgress === undefined ? deps : { ...deps, onProgress }, {
    intervals: [interval],
  });
  const [report] = intervals;
  if (report?.error !== undefined) throw report.error;
  return {
    step: 'Resample',
    interval,
    mode: report?.mode ?? 'unchanged',
    windows: report?.windows ?? 0,
    rows: report?.rows ?? 0,
  };
}

export async function consolidateStep(deps: PipelineDeps): Promise<{ readonly rows: number; readonly files: number }> {
  const verifiedBeforeMs = deps.clock.nowMs() - VERIFIED_BACK_MS;
  const { intervals } = deps;
  const report = await consolidate(deps, { mode: 'incremental', intervals, maxWorkers: 1, verifiedBeforeMs });
  return { rows: report.rows, files: report.filesBefore - report.filesAfter };
}

/** A run verifies files written within this time: it spans any weekend, and a run that died. */
const VERIFIED_BACK_MS = 4 * 24 * 60 * 60 * 1000;

export async function verifyStep(
  deps: PipelineDeps,
  onProgress?: VerifyDeps['onProgress'],
): Promise<{ readonly rows: number; readonly tables: number }> {
  // Older files were verified when they were young; they are looked at again by a person's `condvest verify`.
  const report = await verifyLake(onProgress === undefined ? deps : { ...deps, onProgress }, {
    sinceMs: deps.clock.nowMs() - VERIFIED_BACK_MS,
  });
  const [finding] = report.findings;
  if (finding !== undefined) {
    throw new CondvestError({
      code: 'verify-findings',
      kind: 'corrupt',
      message: `Verification found ${plural(report.findingCount, 'problem')}`,
      found: JSON.stringify(finding),
      action: 'List all of them with: condvest verify',
    });
  }
  return { rows: report.tables.reduce((sum, table) => sum + table.rows, 0), tables: report.tables.length };
}
