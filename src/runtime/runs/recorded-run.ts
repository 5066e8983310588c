import { CondvestError } from '#base/errors.ts';
import type { Run, RunStep } from '#ports/operations.ts';
import { StepError, StepRecorder } from './step-recorder.ts';
import { holdWork, type WorkLease, type WorkLeaseDeps } from './work-lease.ts';

/** Work under the lease that is written down as a run: its beginning, its steps, its end. */

export interface RunRequest {
  /** What runs: `daily`, `build`, `vacuum`. */
  readonly kind: string;
  readonly input: unknown;
  /** A run to go on with: the same input again. */
  readonly resume?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: RunStep) => void) | undefined;
  readonly heartbeatMs?: number | undefined;
}

/** What the work is given. */
export interface RunContext {
  readonly id: string;
  /** The input as it was recorded, also that of a resumed run. */
  readonly input: unknown;
  readonly isResumed: boolean;
  readonly recorder: StepRecorder;
  /** Aborted when the work must stop at its next sound point. */
  readonly signal: AbortSignal;
}

/** What came of the work: an error says why the run failed. */
export interface WorkEnd {
  readonly error: string | null;
  readonly output?: unknown;
}

export interface StartedRun {
  readonly id: string;
  /** Resolves when the run has ended, and rejects where it was stopped, or by a mistake of the program. */
  readonly ended: Promise<void>;
}

const RUNS_LOOKED_AT = 50;

/**
 * Takes the lease (`pipeline-busy` where somebody has it), records the run and begins the work, which goes on after this call.
 * What the work throws fails the run and rejects `ended`.
 */
export async function startRun(
  deps: WorkLeaseDeps,
  request: RunRequest,
  work: (context: RunContext) => Promise<WorkEnd>,
): Promise<StartedRun> {
  const lease = await holdWork(deps, request);
  try {
    await closeDead(deps, request.resume);
    const { id, input } = await begin(deps, request);
    const isResumed = request.resume !== undefined;
    const recorder = new StepRecorder(deps, id, request.onStep);
    await recorder.load();
    return { id, ended: carryOut(deps, { id, input, isResumed, recorder, signal: lease.signal }, lease, work) };
  } catch (cause) {
    await lease.release();
    throw cause;
  }
}

async function carryOut(
  deps: WorkLeaseDeps,
  context: RunContext,
  lease: WorkLease,
  work: (context: RunContext) => Promise<WorkEnd>,
): Promise<void> {
  const { operations, clock } = deps;
  const finish = (end: WorkEnd): Promise<void> =>
    operations.finishRun(context.id, {
      state: end.error === null ? 'succeeded' : 'failed',
      endedMs: clock.nowMs(),
      output: end.output === undefined ? null : JSON.stringify(end.output),
      error: end.error,
    });
  try {
    let end: WorkEnd;
    try {
      end = await work(context);
      await context.recorder.settled();
    } catch (thrown) {
      const cause = thrown instanceof StepError ? thrown.cause : thrown;
      await finishQuietly(() => finish({ error: whyStopped(cause, context.signal) }));
      throw cause;
    }
    const isStopped = context.signal.aborted && end.error !== null;
    await finish(isStopped ? { ...end, error: STOPPED } : end);
    if (isStopped) throw context.signal.reason;
  } finally {
    await lease.release();
  }
}

const STOPPED = 'Stopped before its end';

function whyStopped(cause: unknown, signal: AbortSignal): string {
  if (signal.aborted) return STOPPED;
  return cause instanceof Error ? cause.message : String(cause);
}

/** On the way out of a failure that must not be hidden by another. */
async function finishQuietly(finish: () => Promise<void>): Promise<void> {
  try {
    await finish();
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
  }
}

/** Runs that still count as running although nobody held the lease: their process died. */
async function closeDead({ operations, clock }: WorkLeaseDeps, resumed: string | undefined): Promise<void> {
  for (const run of await operations.runs(RUNS_LOOKED_AT)) {
    if (run.state !== 'running' || run.id === resumed) continue;
    await operations.finishRun(run.id, { state: 'failed', endedMs: clock.nowMs(), output: null, error: DIED });
  }
}

/** What is written of a run whose process died. */
export const DIED = 'The process died before the run ended';

async function begin(
  { operations, clock, random }: WorkLeaseDeps,
  { kind, input, resume }: RunRequest,
): Promise<{ readonly id: string; readonly input: unknown }> {
  const nowMs = clock.nowMs();
  if (resume !== undefined) {
    const run = await operations.run(resume);
    if (run === undefined) throw unknownRun(resume);
    if (run.kind !== kind) throw otherKind(run, kind);
    await operations.restartRun(run.id, nowMs);
    return { id: run.id, input: JSON.parse(run.input) };
  }
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const id = `${stamp}-${random.uuid().slice(0, 4)}`;
  await operations.startRun({ id, kind, input: JSON.stringify(input), startedMs: nowMs });
  return { id, input };
}

export function unknownRun(id: string): CondvestError {
  return new CondvestError({
    code: 'pipeline-run-unknown',
    kind: 'permanent',
    message: 'There is no run of this id',
    found: id,
    action: 'See all of them with: condvest pipeline history',
  });
}

function otherKind(run: Run, kind: string): CondvestError {
  return new CondvestError({
    code: 'pipeline-run-kind',
    kind: 'permanent',
    message: 'This run is of a kind that is not resumed by hand',
    found: `${run.id}, a run of kind ${run.kind}`,
    allowed: `a run of kind ${kind}`,
    action: run.kind === 'build' ? 'It goes on with: condvest up' : 'It is done again in its turn by: condvest up',
  });
}
