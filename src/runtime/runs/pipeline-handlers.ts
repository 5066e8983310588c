import { defined } from '#base/assert.ts';
import { plural } from '#base/plural.ts';
import type { NotifyReport } from '#batch/pipeline/notices.ts';
import { type PipelineState, reportStep } from '#batch/pipeline/report-step.ts';
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
import type { PipelineRunDeps } from './pipeline-deps.ts';
import { describeFetched, describeReference } from './step-details.ts';
import type { StepRecorder } from './step-recorder.ts';

/** The tasks of `daily.asl.json` in this process: each records an attempt and calls its step. */

export interface HandlerContext {
  /** Dependencies of the steps, with the signal that stops the run. */
  readonly pipeline: PipelineDeps;
  readonly input: PipelineInput;
  readonly recorder: StepRecorder;
  /** Whether the previous run did not succeed. */
  readonly again: boolean;
  readonly onPlanned: (plan: PipelinePlan) => void;
  readonly onNotified: (report: NotifyReport) => void;
}

export type Handlers = Readonly<Record<string, (state: PipelineState) => Promise<unknown>>>;

export function pipelineHandlers(deps: PipelineRunDeps, context: HandlerContext): Handlers {
  const { pipeline, input, recorder, onPlanned, onNotified } = context;
  const inTurn = serial();
  let overBound: FetchBarsStepReport['overBound'] = [];
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
          fetchBarsStep(pipeline, defined(state.plan, 'the plan step comes first'), {
            onProgress: ({ done, total, session }) => progress(`${done} of ${plural(total, 'session')}: ${session}`),
            onOverBound: (sessions) => {
              overBound = sessions;
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
        () => recordStep(pipeline, deps.listings),
        ({ rows }) => ({ rows, detail: plural(rows, 'restated value') }),
      ),
    // One interval at a time: in parallel they would only compete for the engine's memory.
    Resample: ({ interval = 0 }) =>
      inTurn(() =>
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
          const { failedSteps, notified } = await reportStep({ ...deps, pipeline }, state, overBound);
          onNotified(notified);
          return { failedSteps, opened: notified.opened.length, resolved: notified.resolved.length };
        },
        ({ opened, resolved }) => ({ detail: `${plural(opened, 'notice')} opened, ${resolved} resolved` }),
      ),
  };
}

/** Returns a function that runs tasks one at a time, in the order they come. */
function serial(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task, task);
    last = next.catch(() => undefined);
    return next;
  };
}
