import { StateMachine } from 'aws-local-stepfunctions';
import { defined } from '#base/assert.ts';
import { deathNotice } from '#batch/pipeline/conditions.ts';
import { checkInput, type PipelineDeps, type PipelineInput } from '#batch/pipeline/steps.ts';
import { deliver, type TellReport } from '#batch/pipeline/tell.ts';
import type { Run, RunStep } from '#ports/operations.ts';
import { readDefinition } from './pipeline-definition.ts';
import type { PipelineRunDeps } from './pipeline-deps.ts';
import { type HandlerContext, pipelineHandlers } from './pipeline-handlers.ts';
import { DIED, type RunContext, startRun, type WorkEnd } from './recorded-run.ts';
import type { StepRecorder } from './step-recorder.ts';

/** Runs `daily.asl.json` in this process: the same definition that Step Functions runs. */

export interface PipelineRunOptions {
  readonly input: PipelineInput;
  /** A run to go on with: the same input again. */
  readonly resume?: string;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: RunStep) => void;
  /** In the place of the waits that the definition names before a step is tried again. */
  readonly retryDelayMs?: number;
  /** How often the lease is renewed. */
  readonly heartbeatMs?: number;
}

export interface PipelineRunReport {
  readonly run: Run;
  readonly steps: readonly RunStep[];
  /** Undefined where the run died before it could tell anything. */
  readonly told: TellReport | undefined;
  /** Sessions that this run left for the next one. */
  readonly left: number;
}

export interface StartedPipeline {
  readonly id: string;
  /** The run's end. A run that fails is no exception: its state says so. Rejects where it was stopped. */
  readonly report: Promise<PipelineRunReport>;
}

export const PIPELINE_KIND = 'daily';

/** Runs the pipeline once, to its end. */
export async function runPipeline(deps: PipelineRunDeps, options: PipelineRunOptions): Promise<PipelineRunReport> {
  return (await startPipeline(deps, options)).report;
}

/**
 * Starts a run, which goes on after this call. Two at once are kept apart by a lease (`pipeline-busy`), which is taken over when
 * its holder died. What it cannot be started with is refused before anything is written down (`pipeline-session`).
 */
export async function startPipeline(deps: PipelineRunDeps, options: PipelineRunOptions): Promise<StartedPipeline> {
  const { operations } = deps;
  const { input, resume, signal, onStep, heartbeatMs } = options;
  checkInput(deps.pipeline, input);
  let told: TellReport | undefined;
  let left = 0;
  const request = { kind: PIPELINE_KIND, input, resume, signal, onStep, heartbeatMs };
  const { id, ended } = await startRun(deps, request, async (context) => {
    const error = await execute(deps, context, options.retryDelayMs, {
      onPlanned: (plan) => {
        left = plan.left;
      },
      onTold: (report) => {
        told = report;
      },
    });
    return { error, output: told } satisfies WorkEnd;
  });
  const report = async (): Promise<PipelineRunReport> => {
    await ended;
    return {
      run: defined(await operations.run(id), 'a run that was started is known'),
      steps: await operations.steps(id),
      told,
      left,
    };
  };
  return { id, report: report() };
}

/** Resolves with why the run failed, or null. */
async function execute(
  deps: PipelineRunDeps,
  { id, input, isResumed, recorder, signal }: RunContext,
  retryDelayMs: number | undefined,
  listeners: Pick<HandlerContext, 'onPlanned' | 'onTold'>,
): Promise<string | null> {
  const pipeline: PipelineDeps = { ...deps.pipeline, signal };
  const before = (await deps.operations.runs(RUNS_LOOKED_AT)).filter(
    (run) => run.kind === PIPELINE_KIND && run.id !== id,
  );
  await tellOfDeaths(deps, before);
  const again = isResumed || (before[0] !== undefined && before[0].state !== 'succeeded');
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

/** One death is made good by the next run; several one after the other may go on for ever, and nobody would be told. */
async function tellOfDeaths(deps: PipelineRunDeps, before: readonly Run[]): Promise<void> {
  const alive = before.findIndex(({ error }) => error !== DIED);
  const deaths = alive === -1 ? before.length : alive;
  if (deaths < DEATHS_TOLD) return;
  if (await deps.operations.openNotice(deathNotice(deaths, deps.clock.nowMs()))) await deliver(deps);
}

const RUNS_LOOKED_AT = 20;
const DEATHS_TOLD = 2;

function whyFailed(cause: unknown, recorder: StepRecorder): string {
  if (recorder.bug !== undefined) return String(recorder.bug);
  return cause instanceof Error ? cause.message : String(cause);
}
