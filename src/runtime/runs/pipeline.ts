import { StateMachine } from 'aws-local-stepfunctions';
import { defined } from '#base/assert.ts';
import { errorText } from '#base/errors.ts';
import { deathNotice } from '#batch/pipeline/conditions.ts';
import { deliver, type NotifyReport } from '#batch/pipeline/notices.ts';
import { checkInput, type PipelineDeps, type PipelineInput } from '#batch/pipeline/steps.ts';
import type { Run, RunStep } from '#ports/runs.ts';
import { readDefinition } from './pipeline-definition.ts';
import type { PipelineRunDeps } from './pipeline-deps.ts';
import { type HandlerContext, pipelineHandlers } from './pipeline-handlers.ts';
import { CRASHED, type RunContext, startRun, type WorkEnd } from './recorded-run.ts';
import type { StepRecorder } from './step-recorder.ts';

/** Runs `daily.asl.json` in this process. Step Functions runs the same definition. */

export interface PipelineRunOptions {
  readonly input: PipelineInput;
  /** Id of a run to resume, with its recorded input. */
  readonly resume?: string;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: RunStep) => void;
  /** Replaces the retry delays of the definition. */
  readonly retryDelayMs?: number;
  /** Interval at which the lease is renewed. */
  readonly heartbeatMs?: number;
}

export interface PipelineRunReport {
  readonly run: Run;
  readonly steps: readonly RunStep[];
  /** Undefined if the run failed before its report step. */
  readonly notified: NotifyReport | undefined;
  /** Sessions that this run left for the next one. */
  readonly left: number;
}

export interface StartedPipeline {
  readonly id: string;
  /** Resolves when the run has ended, also if it failed (see its state). Rejects if it was stopped. */
  readonly report: Promise<PipelineRunReport>;
}

export const PIPELINE_KIND = 'daily';

/** Runs the pipeline once, to its end. */
export async function runPipeline(deps: PipelineRunDeps, options: PipelineRunOptions): Promise<PipelineRunReport> {
  return (await startPipeline(deps, options)).report;
}

/**
 * Starts a run and returns while it continues in the background. Throws `pipeline-busy` while another process holds the
 * lease; an expired lease is taken over. Throws `pipeline-session` for invalid input, before anything is recorded.
 */
export async function startPipeline(deps: PipelineRunDeps, options: PipelineRunOptions): Promise<StartedPipeline> {
  const { runs } = deps;
  const { input, resume, signal, onStep, heartbeatMs } = options;
  checkInput(deps.pipeline, input);
  let notified: NotifyReport | undefined;
  let left = 0;
  const request = { kind: PIPELINE_KIND, input, resume, signal, onStep, heartbeatMs };
  const { id, ended } = await startRun(deps, request, async (context) => {
    const error = await execute(deps, context, options.retryDelayMs, {
      onPlanned: (plan) => {
        left = plan.left;
      },
      onNotified: (report) => {
        notified = report;
      },
    });
    return { error, output: notified } satisfies WorkEnd;
  });
  const report = async (): Promise<PipelineRunReport> => {
    await ended;
    return {
      run: defined(await runs.find(id), 'a started run is recorded'),
      steps: await runs.steps(id),
      notified,
      left,
    };
  };
  return { id, report: report() };
}

/** Resolves with the error that failed the run, or null. */
async function execute(
  deps: PipelineRunDeps,
  { id, input, isResumed, recorder, signal }: RunContext,
  retryDelayMs: number | undefined,
  listeners: Pick<HandlerContext, 'onPlanned' | 'onNotified'>,
): Promise<string | null> {
  const pipeline: PipelineDeps = { ...deps.pipeline, signal };
  const previous = (await deps.runs.latest(PREVIOUS_RUNS_MAX)).filter(
    (run) => run.kind === PIPELINE_KIND && run.id !== id,
  );
  await notifyOfCrashes(deps, previous);
  const again = isResumed || (previous[0] !== undefined && previous[0].state !== 'succeeded');
  const context = { pipeline, input: input as PipelineInput, recorder, again, ...listeners };
  const handlers = pipelineHandlers(deps, context);
  // Validation compiles a JSON schema, most of what a short run takes; a test validates the definition.
  const machine = new StateMachine(await readDefinition(), { validationOptions: { noValidate: true } });
  const execution = machine.run(input as never, {
    overrides: {
      taskResourceLocalHandlers: handlers as never,
      ...(retryDelayMs === undefined
        ? {}
        : { retryIntervalOverrides: Object.fromEntries(Object.keys(handlers).map((name) => [name, retryDelayMs])) }),
    },
  });
  const abandon = (): void => execution.abort();
  if (signal.aborted) abandon();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await execution.result;
    return null;
  } catch (cause) {
    return whyFailed(cause, recorder);
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

/** One crashed run is recovered by the next. Repeated crashes may never recover, so they raise a notice. */
async function notifyOfCrashes(deps: PipelineRunDeps, previous: readonly Run[]): Promise<void> {
  const survivor = previous.findIndex(({ error }) => error !== CRASHED);
  const crashes = survivor === -1 ? previous.length : survivor;
  if (crashes < CRASHES_MIN) return;
  if (await deps.notices.open(deathNotice(crashes, deps.clock.nowMs()))) await deliver(deps);
}

const PREVIOUS_RUNS_MAX = 20;
/** Consecutive crashes that raise a notice. */
const CRASHES_MIN = 2;

function whyFailed(cause: unknown, recorder: StepRecorder): string {
  if (recorder.bug !== undefined) return errorText(recorder.bug);
  return errorText(cause);
}
