import { CondvestError, errorText } from '#base/errors.ts';
import type { Run, RunStep, Runs } from '#ports/runs.ts';
import { StepError, StepRecorder } from './step-recorder.ts';
import { acquireWorkLease, type WorkLease, type WorkLeaseDeps } from './work-lease.ts';

/** Work under the work lease, recorded as a run: its start, its steps, its end. */

export interface RecordedRunDeps extends WorkLeaseDeps {
  readonly runs: Runs;
}

export interface RunRequest {
  /** Kind of work: `daily`, `build`, `vacuum`. */
  readonly kind: string;
  readonly input: unknown;
  /** Id of a run to resume, with its recorded input. */
  readonly resume?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: RunStep) => void) | undefined;
  readonly heartbeatMs?: number | undefined;
}

/** Context handed to the work of a run. */
export interface RunContext {
  readonly id: string;
  /** The recorded input; a resumed run gets its original one. */
  readonly input: unknown;
  readonly isResumed: boolean;
  readonly recorder: StepRecorder;
  /** Aborted when the work must stop at its next safe point. */
  readonly signal: AbortSignal;
}

/** Result of the work of a run. */
export interface WorkEnd {
  /** Why the run failed, or null. */
  readonly error: string | null;
  readonly output?: unknown;
}

export interface StartedRun {
  readonly id: string;
  /** Resolves when the run has ended. Rejects if it was stopped, or by a bug. */
  readonly ended: Promise<void>;
}

const PREVIOUS_RUNS_MAX = 50;

/**
 * Acquires the work lease (throws `pipeline-busy` while another process holds it), records the run, and starts the
 * work, which continues in the background. An error thrown by the work fails the run and rejects `ended`.
 */
export async function startRun(
  deps: RecordedRunDeps,
  request: RunRequest,
  work: (context: RunContext) => Promise<WorkEnd>,
): Promise<StartedRun> {
  const lease = await acquireWorkLease(deps, request);
  try {
    await closeCrashed(deps, request.resume);
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
  { runs, clock }: RecordedRunDeps,
  context: RunContext,
  lease: WorkLease,
  work: (context: RunContext) => Promise<WorkEnd>,
): Promise<void> {
  const finish = (end: WorkEnd): Promise<void> =>
    runs.finish(context.id, {
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
  return errorText(cause);
}

/** Ignores failures of the store, so that they do not hide the error being thrown. */
async function finishQuietly(finish: () => Promise<void>): Promise<void> {
  try {
    await finish();
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
  }
}

/** Fails runs that are still marked as running: since the lease was free, their process crashed. */
async function closeCrashed({ runs, clock }: RecordedRunDeps, resumed: string | undefined): Promise<void> {
  for (const run of await runs.latest(PREVIOUS_RUNS_MAX)) {
    if (run.state !== 'running' || run.id === resumed) continue;
    await runs.finish(run.id, { state: 'failed', endedMs: clock.nowMs(), output: null, error: CRASHED });
  }
}

/** Recorded error of a run whose process crashed. */
export const CRASHED = 'The process died before the run ended';

async function begin(
  { runs, clock, random }: RecordedRunDeps,
  { kind, input, resume }: RunRequest,
): Promise<{ readonly id: string; readonly input: unknown }> {
  const nowMs = clock.nowMs();
  if (resume !== undefined) {
    const run = await runs.find(resume);
    if (run === undefined) throw unknownRun(resume);
    if (run.kind !== kind) throw otherKind(run, kind);
    await runs.restart(run.id);
    return { id: run.id, input: JSON.parse(run.input) };
  }
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const id = `${stamp}-${random.uuid().slice(0, 4)}`;
  await runs.start({ id, kind, input: JSON.stringify(input), startedMs: nowMs });
  return { id, input };
}

export function unknownRun(id: string): CondvestError {
  return new CondvestError({
    code: 'pipeline-run-unknown',
    kind: 'permanent',
    message: 'No run has this id',
    found: id,
    action: 'List the runs with: condvest pipeline history',
  });
}

function otherKind(run: Run, kind: string): CondvestError {
  return new CondvestError({
    code: 'pipeline-run-kind',
    kind: 'permanent',
    message: 'Runs of this kind cannot be resumed by hand',
    found: `${run.id}, a run of kind ${run.kind}`,
    allowed: `a run of kind ${kind}`,
    action: run.kind === 'build' ? 'Continue it with: condvest up' : 'condvest up repeats it when it is due',
  });
}
