import { defined } from '#base/assert.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import { conditionFacts } from '#batch/pipeline/condition-facts.ts';
import { type ConditionFacts, type FailedStep, findConditions } from '#batch/pipeline/conditions.ts';
import {
  consolidateStep,
  type FetchBarsStepReport,
  fetchBarsStep,
  fetchReferenceStep,
  type PipelineDeps,
  type PipelineInput,
  type PipelinePlan,
  planStep,
  recordStep,
  resampleStep,
  verifyStep,
} from '#batch/pipeline/steps.ts';
import { type TellReport, tell } from '#batch/pipeline/tell.ts';
import { listedSecurities } from '#batch/tables/listed-securities.ts';
import type { PipelineRunDeps } from './pipeline-deps.ts';
import { describeFetched, describeReference } from './step-details.ts';
import type { StepRecorder } from './step-recorder.ts';

/** What each task of `daily.asl.json` does in this process. */

export interface HandlerContext {
  /** With the signal that stops the run. */
  readonly pipeline: PipelineDeps;
  readonly input: PipelineInput;
  readonly recorder: StepRecorder;
  /** The run before this one did not end well. */
  readonly again: boolean;
  readonly onPlanned: (plan: PipelinePlan) => void;
  readonly onTold: (told: TellReport) => void;
}

export type Handlers = Readonly<Record<string, (state: PipelineState) => Promise<unknown>>>;

/** The state of a run as the definition builds it up, as far as it is read here. */
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

interface CaughtError {
  readonly Error: string;
  readonly Cause: string;
}

/** How long ended runs and resolved notices are kept: a year and a month, so that a season can be compared with the last. */
const HISTORY_MS = 400 * 86_400_000;

export function pipelineHandlers(deps: PipelineRunDeps, context: HandlerContext): Handlers {
  const { pipeline, input, recorder, onPlanned, onTold } = context;
  const one = serial();
  // By the last try of the step: where it failed, its report is not in the state.
  let refused: FetchBarsStepReport['overBound'] = [];
  return {
    Plan: () =>
      recorder.step(
        'plan',
        async () => {
          const plan = await planStep(pipeline, input, context.again);
          onPlanned(plan);
          return plan;
        },
        ({ toFetch, left }) => ({
          detail:
            toFetch === 0
              ? 'nothing to fetch'
              : `${plural(toFetch, 'session')}${left > 0 ? `, ${left} more left` : ''}`,
        }),
      ),
    FetchBars: (state) =>
      recorder.step(
        'fetch bars',
        (progress) =>
          fetchBarsStep(pipeline, planOf(state), {
            onProgress: ({ done, total, session }) => progress(`${done} of ${plural(total, 'session')}: ${session}`),
            onOverBound: (sessions) => {
              refused = sessions;
            },
          }),
        (report) => ({ rows: report.rows, detail: describeFetched(report) }),
      ),
    FetchReference: () =>
      recorder.step(
        'fetch reference',
        () => fetchReferenceStep(pipeline),
        (report) => ({ rows: report.rows, detail: describeReference(report) }),
      ),
    Record: () =>
      recorder.step(
        'record',
        async () => {
          const restatements = await recordStep(pipeline);
          // A copy of the listings that can be searched without the lake.
          await deps.operations.replaceListings(await listedSecurities(pipeline.lake), deps.clock.nowMs());
          return restatements;
        },
        ({ rows }) => ({ rows, detail: plural(rows, 'restated value') }),
      ),
    // The engine works one interval at a time: side by side they would only share its memory.
    Resample: ({ interval = 0 }) =>
      one(() =>
        recorder.step(
          `resample ${interval}`,
          (progress) =>
            resampleStep(pipeline, interval, ({ year, done, total }) => progress(`${year}, ${done} of ${total}`)),
          ({ rows, windows, mode }) => ({
            rows,
            detail: mode === 'unchanged' ? 'up to date' : plural(windows, 'window'),
          }),
        ),
      ),
    Consolidate: () =>
      recorder.step(
        'consolidate',
        () => consolidateStep(pipeline),
        ({ rows, files }) => ({ rows, detail: rows === 0 ? 'nothing due' : `${plural(files, 'file')} fewer` }),
      ),
    Verify: () =>
      recorder.step(
        'verify',
        (progress) => verifyStep(pipeline, ({ table }) => progress(table)),
        ({ rows }) => ({ detail: `${plural(rows, 'row')} checked` }),
      ),
    Report: (state) =>
      recorder.step(
        'report',
        async () => {
          const { facts, failure } = await factsOrFailure(pipeline);
          const failed = [...failedSteps(state), ...failure];
          const overBound = (fetchedOf(state)?.overBound ?? refused).map(({ session, message }) => ({
            session: isoDate(session),
            message,
          }));
          const told = await tell(deps, (open) =>
            findConditions({ facts, failed, steps: stepsOf(state), overBound, open, nowMs: deps.clock.nowMs() }),
          );
          onTold(told);
          await deps.operations.forgetBefore(deps.clock.nowMs() - HISTORY_MS);
          return {
            failedSteps: failed.length + overBound.length,
            opened: told.opened.length,
            resolved: told.resolved.length,
          };
        },
        ({ opened, resolved }) => ({ detail: `${plural(opened, 'notice')} opened, ${resolved} resolved` }),
      ),
  };
}

/** A lake that cannot be read is told as a failure of the run; nothing else can be judged then. */
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

function planOf(state: PipelineState): PipelinePlan {
  return defined(state.plan, 'the plan comes before the steps');
}

function fetchedOf(state: PipelineState): FetchBarsStepReport | undefined {
  return state.fetched?.find((branch) => branch.step === 'FetchBars' && branch.failed === undefined) as
    | FetchBarsStepReport
    | undefined;
}

/** The steps that a run got to before its report: each leaves its result or its failure. */
function stepsOf(state: PipelineState): ReadonlySet<string> {
  const reached: [string, unknown][] = [
    ['plan', state.plan ?? state.planFailed],
    ['fetch bars', state.fetched],
    ['fetch reference', state.fetched],
    ['record', state.recorded ?? state.recordFailed],
    ['resample', state.resampled],
    ['consolidate', state.consolidated ?? state.consolidateFailed],
    ['verify', state.verified ?? state.verifyFailed],
  ];
  return new Set([...reached.flatMap(([step, left]) => (left === undefined ? [] : [step])), 'report']);
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

function serial(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
