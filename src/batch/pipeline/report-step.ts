import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Runs } from '#ports/runs.ts';
import { conditionFacts } from './condition-facts.ts';
import { type ConditionFacts, type FailedStep, findConditions } from './conditions.ts';
import { type NotifyDeps, type NotifyReport, notify } from './notices.ts';
import type { FetchBarsStepReport, PipelineDeps, PipelinePlan } from './steps.ts';

/**
 * The last step of a run: turns its state and the facts in the lake into notices, and decides whether the run failed.
 */

/** State of a run as `daily.asl.json` builds it, limited to the parts that steps read. */
export interface PipelineState {
  readonly plan?: PipelinePlan;
  readonly interval?: number;
  readonly fetched?: readonly (Partial<FetchBarsStepReport> & { readonly failed?: CaughtError })[];
  readonly resampled?: readonly { readonly interval: number; readonly failed?: CaughtError }[];
  readonly planFailed?: CaughtError;
  readonly recorded?: unknown;
  readonly recordFailed?: CaughtError;
  readonly consolidated?: unknown;
  readonly consolidateFailed?: CaughtError;
  readonly verified?: unknown;
  readonly verifyFailed?: CaughtError;
}

/** Error caught by the definition, in the form of the States Language. */
interface CaughtError {
  readonly Error: string;
  readonly Cause: string;
}

export interface ReportDeps extends NotifyDeps {
  readonly pipeline: PipelineDeps;
  readonly runs: Runs;
}

export interface ReportStepReport {
  /** Failed steps and rejected sessions. The definition fails the run if there are any. */
  readonly failedSteps: number;
  readonly notified: NotifyReport;
}

/** Ended runs and resolved notices are deleted after 400 days, so that a season can be compared with the last. */
const HISTORY_MS = 400 * 86_400_000;

/**
 * Runs the step. `lastOverBound` lists the sessions that the last attempt of the fetch step rejected; it is needed if
 * that step failed, since its report is not in the state then.
 */
export async function reportStep(
  deps: ReportDeps,
  state: PipelineState,
  lastOverBound: FetchBarsStepReport['overBound'],
): Promise<ReportStepReport> {
  const { pipeline, notices, runs, clock } = deps;
  const { facts, failure } = await factsOrFailure(pipeline);
  const failed = [...failedSteps(state), ...failure];
  const overBound = (fetchedOf(state)?.overBound ?? lastOverBound).map(({ session, message }) => ({
    session: isoDate(session),
    message,
  }));
  const steps = reachedSteps(state);
  const notified = await notify(deps, (open) =>
    findConditions({ facts, failed, steps, overBound, open, nowMs: clock.nowMs() }),
  );
  const historyStartMs = clock.nowMs() - HISTORY_MS;
  await runs.deleteBefore(historyStartMs);
  await notices.deleteBefore(historyStartMs);
  return { failedSteps: failed.length + overBound.length, notified };
}

/** An unreadable lake counts as a failure of the run; conditions in the lake are not evaluated then. */
async function factsOrFailure(
  pipeline: PipelineDeps,
): Promise<{ readonly facts: ConditionFacts | undefined; readonly failure: readonly FailedStep[] }> {
  try {
    return { facts: await conditionFacts(pipeline), failure: [] };
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    return { facts: undefined, failure: [{ step: 'report', error: cause.code, cause: cause.message }] };
  }
}

function fetchedOf(state: PipelineState): FetchBarsStepReport | undefined {
  return state.fetched?.find((branch) => branch.step === 'FetchBars' && branch.failed === undefined) as
    | FetchBarsStepReport
    | undefined;
}

/** Returns the steps that the run reached before its report. Each leaves its result or its failure in the state. */
function reachedSteps(state: PipelineState): ReadonlySet<string> {
  const reached: [string, unknown][] = [
    ['plan', state.plan ?? state.planFailed],
    ['fetch bars', state.fetched],
    ['fetch reference', state.fetched],
    ['record', state.recorded ?? state.recordFailed],
    ['resample', state.resampled],
    ['consolidate', state.consolidated ?? state.consolidateFailed],
    ['verify', state.verified ?? state.verifyFailed],
  ];
  return new Set([...reached.flatMap(([step, outcome]) => (outcome === undefined ? [] : [step])), 'report']);
}

function failedSteps(state: PipelineState): FailedStep[] {
  const failed: [string, CaughtError | undefined][] = [
    ['plan', state.planFailed],
    ...(state.fetched ?? []).map((branch): [string, CaughtError | undefined] => [
      branch.step === 'FetchBars' ? 'fetch bars' : 'fetch reference',
      branch.failed,
    ]),
    ['record', state.recordFailed],
    ...(state.resampled ?? []).map(({ interval, failed: error }): [string, CaughtError | undefined] => [
      `resample ${interval}`,
      error,
    ]),
    ['consolidate', state.consolidateFailed],
    ['verify', state.verifyFailed],
  ];
  return failed.flatMap(([step, error]) =>
    error === undefined ? [] : [{ step, error: error.Error, cause: error.Cause }],
  );
}
