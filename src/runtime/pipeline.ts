import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { defined } from '#base/assert.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError, type ErrorKind } from '#base/errors.ts';
import { conditionFacts } from '#batch/pipeline/condition-facts.ts';
import { type FailedStep, findConditions } from '#batch/pipeline/conditions.ts';
import {
  consolidateStep,
  type FetchBarsStepReport,
  fetchBarsStep,
  fetchReferenceStep,
  type PipelineDeps,
  type PipelineInput,
  type PipelinePlan,
  planStep,
  type RecordStepReport,
  recordStep,
  resampleStep,
  verifyStep,
} from '#batch/pipeline/steps.ts';
import { type TellReport, tell } from '#batch/pipeline/tell.ts';
import type { Clock } from '#ports/clock.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Operations, Run, RunStep } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';

/** Runs `daily.asl.json` in this process: the same definition that Step Functions runs. */

export interface PipelineRunDeps {
  readonly pipeline: PipelineDeps;
  readonly operations: Operations;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly random: Random;
}

export interface PipelineRunOptions {
  readonly input: PipelineInput;
  /** A run to go on with: the same input again. */
  readonly resume?: string;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: RunStep) => void;
  /** In the place of the waits that the definition names before a step is tried again. */
  readonly retryDelayMs?: number;
}

export interface PipelineRunReport {
  readonly run: Run;
  readonly steps: readonly RunStep[];
  /** Undefined where the run died before it could tell anything. */
  readonly told: TellReport | undefined;
}

export const PIPELINE_KIND = 'daily';
const LEASE = 'pipeline:daily';
/** A run that died is taken over after this time. */
const LEASE_TTL_MS = 120_000;
const HEARTBEAT_MS = 20_000;
/** How long ended runs and resolved notices are kept: a year and a month, so that a season can be compared with the last. */
const HISTORY_MS = 400 * 86_400_000;
const RUNS_LOOKED_AT = 20;

/**
 * Runs the pipeline once. Two at once are kept apart by a lease (`pipeline-busy`), which is taken over when its holder died.
 * A run that fails is no exception: its state says so.
 */
export async function runPipeline(deps: PipelineRunDeps, options: PipelineRunOptions): Promise<PipelineRunReport> {
  const { operations, clock, random } = deps;
  const holder = `${hostname()}:${process.pid}:${random.uuid().slice(0, 8)}`;
  const lease = { name: LEASE, holder, ttlMs: LEASE_TTL_MS };
  const outcome = await operations.acquireLease({ ...lease, nowMs: clock.nowMs() });
  if (!outcome.taken) throw busy(outcome.holder, outcome.expiresMs);
  const abort = new AbortController();
  const stop = (): void => abort.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', stop, { once: true });
  const heartbeat = setInterval(() => {
    operations.renewLease({ ...lease, nowMs: clock.nowMs() }).then(
      (isOurs) => {
        if (!isOurs) abort.abort(lost());
      },
      // A store that cannot be reached for a moment does not end the run: the lease has some heartbeats left.
      () => undefined,
    );
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    await closeDead(operations, clock, options.resume);
    return await execute(deps, options, abort);
  } finally {
    clearInterval(heartbeat);
    options.signal?.removeEventListener('abort', stop);
    await operations.releaseLease(LEASE, holder);
  }
}

/** Runs that still count as running although nobody holds the lease: their process died. */
async function closeDead(operations: Operations, clock: Clock, resumed: string | undefined): Promise<void> {
  for (const run of await operations.runs(RUNS_LOOKED_AT)) {
    if (run.kind !== PIPELINE_KIND || run.state !== 'running' || run.id === resumed) continue;
    await operations.finishRun(run.id, {
      state: 'failed',
      endedMs: clock.nowMs(),
      output: null,
      error: 'The process died before the run ended',
    });
  }
}

async function execute(
  deps: PipelineRunDeps,
  options: PipelineRunOptions,
  abort: AbortController,
): Promise<PipelineRunReport> {
  const { operations, clock } = deps;
  const { id, input } = await begin(deps, options);
  const pipeline: PipelineDeps = { ...deps.pipeline, signal: abort.signal };
  const recorder = new StepRecorder(deps, id, options.onStep);
  await recorder.load();
  let told: TellReport | undefined;
  let restatements: RecordStepReport | undefined;
  const one = serial();
  const handlers: Record<string, (state: State) => Promise<unknown>> = {
    Plan: () =>
      recorder.step(
        'plan',
        () => planStep(pipeline, input),
        ({ toFetch, left }) => ({
          detail: toFetch === 0 ? 'nothing to fetch' : `${toFetch} sessions${left > 0 ? `, ${left} more left` : ''}`,
        }),
      ),
    FetchBars: (state) =>
      recorder.step(
        'fetch bars',
        () => fetchBarsStep(pipeline, planOf(state)),
        (report) => ({
          rows: report.rows,
          detail: describeFetched(report),
        }),
      ),
    FetchReference: (state) =>
      recorder.step(
        'fetch reference',
        () => fetchReferenceStep(pipeline, planOf(state)),
        (report) => ({
          rows: report.rows,
          detail: `${report.listed} listed, ${report.delisted} delisted, ${report.splits} splits, ${report.dividends} dividends`,
        }),
      ),
    Record: () =>
      recorder.step(
        'record',
        async () => {
          restatements = await recordStep(pipeline);
          await projectListings(deps);
          return restatements;
        },
        ({ rows }) => ({ rows, detail: `${rows} restated values` }),
      ),
    // The engine works one interval at a time: side by side they would only share its memory.
    Resample: ({ interval = 0 }) =>
      one(() =>
        recorder.step(
          `resample ${interval}`,
          () => resampleStep(pipeline, interval),
          ({ rows, windows, mode }) => ({
            rows,
            detail: mode === 'unchanged' ? 'up to date' : `${windows} windows`,
          }),
        ),
      ),
    Consolidate: () =>
      recorder.step(
        'consolidate',
        () => consolidateStep(pipeline),
        ({ rows, files }) => ({
          rows,
          detail: rows === 0 ? 'nothing due' : `${files} files fewer`,
        }),
      ),
    Verify: () =>
      recorder.step(
        'verify',
        () => verifyStep(pipeline),
        ({ rows }) => ({ detail: `${rows} rows checked` }),
      ),
    Report: (state) =>
      recorder.step(
        'report',
        async () => {
          const failed = failedSteps(state);
          const facts = await conditionFacts(pipeline);
          const fetched = fetchedOf(state);
          const conditions = findConditions({
            ...facts,
            failed,
            restated:
              restatements === undefined || facts.barsVersion === undefined
                ? undefined
                : { values: restatements.restatements, version: facts.barsVersion },
            settledShort: (fetched?.sessions ?? [])
              .filter((session) => session.settledShort)
              .map(({ session, rows, expected }) => ({ session: isoDate(session), rows, expected })),
          });
          told = await tell(deps, conditions);
          await operations.forgetBefore(clock.nowMs() - HISTORY_MS);
          return { failedSteps: failed.length, opened: told.opened.length, resolved: told.resolved.length };
        },
        ({ opened, resolved }) => ({ detail: `${opened} notices opened, ${resolved} resolved` }),
      ),
  };
  const machine = new StateMachine(await readDefinition(), { validationOptions: { noValidate: isValidated } });
  isValidated = true;
  const execution = machine.run(input as never, {
    overrides: {
      taskResourceLocalHandlers: handlers as never,
      ...(options.retryDelayMs === undefined
        ? {}
        : {
            retryIntervalOverrides: Object.fromEntries(
              Object.keys(handlers).map((name) => [name, options.retryDelayMs ?? 0]),
            ),
          }),
    },
  });
  const abandon = (): void => execution.abort();
  abort.signal.addEventListener('abort', abandon, { once: true });
  let error: string | null = null;
  try {
    await execution.result;
  } catch (cause) {
    error = abort.signal.aborted ? 'Stopped before its end' : whyFailed(cause, recorder);
  } finally {
    abort.signal.removeEventListener('abort', abandon);
  }
  await recorder.settled();
  await operations.finishRun(id, {
    state: error === null ? 'succeeded' : 'failed',
    endedMs: clock.nowMs(),
    output: told === undefined ? null : JSON.stringify(told),
    error,
  });
  if (abort.signal.aborted) throw abort.signal.reason;
  return {
    run: defined(await operations.run(id), 'a run that was started is known'),
    steps: await operations.steps(id),
    told,
  };
}

async function begin(
  deps: PipelineRunDeps,
  options: PipelineRunOptions,
): Promise<{ readonly id: string; readonly input: PipelineInput }> {
  const { operations, clock, random } = deps;
  const nowMs = clock.nowMs();
  if (options.resume !== undefined) {
    const run = await operations.run(options.resume);
    if (run === undefined) throw unknownRun(options.resume);
    await operations.restartRun(run.id, nowMs);
    return { id: run.id, input: JSON.parse(run.input) as PipelineInput };
  }
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const id = `${stamp}-${random.uuid().slice(0, 4)}`;
  await operations.startRun({ id, kind: PIPELINE_KIND, input: JSON.stringify(options.input), startedMs: nowMs });
  return { id, input: options.input };
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

/** The definition was found to be valid by this process: it takes longer than most steps, and does not change. */
let isValidated = false;

/** Where the definition lies: beside the steps, also in the package. */
async function readDefinition(): Promise<StateMachineDefinition> {
  const text = await readFile(new URL('../batch/daily.asl.json', import.meta.url), 'utf8');
  // The resources are put in where the definition is deployed; here each is overridden by a handler.
  const named = text.replaceAll(/\$\{(\w+)\}/g, 'arn:aws:lambda:us-east-1:000000000000:function:$1');
  return JSON.parse(named) as StateMachineDefinition;
}

/** The state of a run as the definition builds it up, as far as it is read here. */
interface State {
  readonly plan?: PipelinePlan;
  readonly interval?: number;
  readonly fetched?: readonly (Partial<FetchBarsStepReport> & { readonly failed?: CaughtError })[];
  readonly resampled?: readonly { readonly interval: number; readonly failed?: CaughtError }[];
  readonly planFailed?: CaughtError;
  readonly recordFailed?: CaughtError;
  readonly consolidateFailed?: CaughtError;
  readonly verifyFailed?: CaughtError;
}

interface CaughtError {
  readonly Error: string;
  readonly Cause: string;
}

function planOf(state: State): PipelinePlan {
  return defined(state.plan, 'the plan comes before the steps');
}

function fetchedOf(state: State): FetchBarsStepReport | undefined {
  return state.fetched?.find((branch) => branch.step === 'FetchBars' && branch.failed === undefined) as
    | FetchBarsStepReport
    | undefined;
}

function failedSteps(state: State): FailedStep[] {
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

function describeFetched({ sessions, inserted, replaced, quarantined }: FetchBarsStepReport): string {
  const waiting = sessions.filter(({ outcome }) => outcome === 'not-yet').length;
  const parts = [
    `${sessions.length} sessions: ${inserted} new bars`,
    ...(replaced > 0 ? [`${replaced} replaced`] : []),
    ...(quarantined > 0 ? [`${quarantined} refused`] : []),
    ...(waiting > 0 ? [`${waiting} not there yet`] : []),
  ];
  return parts.join(', ');
}

/** A copy of the listings that can be searched without the lake. */
async function projectListings(deps: PipelineRunDeps): Promise<void> {
  const { listedSecurities } = await import('#batch/listed-securities.ts');
  await deps.operations.replaceListings(await listedSecurities(deps.pipeline.lake), deps.clock.nowMs());
}

/** The names that the definition retries and catches by. */
const ERROR_NAMES: Readonly<Record<ErrorKind, string>> = {
  transient: 'Condvest.Transient',
  permanent: 'Condvest.Permanent',
  corrupt: 'Condvest.Corrupt',
};

class StepError extends Error {
  constructor(cause: CondvestError) {
    super(cause.message, { cause });
    this.name = ERROR_NAMES[cause.kind];
  }
}

/** Writes down each attempt at each step as it goes. */
class StepRecorder {
  readonly #deps: PipelineRunDeps;
  readonly #runId: string;
  readonly #onStep: ((step: RunStep) => void) | undefined;
  readonly #attempts = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  bug: unknown;

  constructor(deps: PipelineRunDeps, runId: string, onStep: ((step: RunStep) => void) | undefined) {
    this.#deps = deps;
    this.#runId = runId;
    this.#onStep = onStep;
  }

  /** Attempts of earlier tries of the run count on; those that a kill cut off are closed. */
  async load(): Promise<void> {
    const { operations, clock } = this.#deps;
    for (const step of await operations.steps(this.#runId)) {
      this.#attempts.set(step.step, Math.max(step.attempt, this.#attempts.get(step.step) ?? 0));
      if (step.state !== 'running') continue;
      await operations.recordStep({ ...step, state: 'failed', endedMs: clock.nowMs(), error: 'The process died' });
    }
  }

  step<T>(
    name: string,
    work: () => Promise<T>,
    describe: (result: T) => { readonly rows?: number; readonly detail?: string },
  ): Promise<T> {
    const running = this.#attempt(name, work, describe);
    this.#running.add(running);
    const forget = (): boolean => this.#running.delete(running);
    running.then(forget, forget);
    return running;
  }

  /** Steps that an abort left behind have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#running]);
    if (this.bug !== undefined) throw this.bug;
  }

  async #attempt<T>(
    name: string,
    work: () => Promise<T>,
    describe: (result: T) => { readonly rows?: number; readonly detail?: string },
  ): Promise<T> {
    const { clock } = this.#deps;
    const attempt = (this.#attempts.get(name) ?? 0) + 1;
    this.#attempts.set(name, attempt);
    const started: RunStep = {
      runId: this.#runId,
      step: name,
      attempt,
      state: 'running',
      startedMs: clock.nowMs(),
      endedMs: null,
      rows: null,
      detail: null,
      error: null,
    };
    await this.#write(started);
    try {
      const result = await work();
      const { rows = null, detail = null } = describe(result);
      await this.#write({ ...started, state: 'succeeded', endedMs: clock.nowMs(), rows, detail });
      return result;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      await this.#write({ ...started, state: 'failed', endedMs: clock.nowMs(), error: message });
      if (cause instanceof CondvestError) throw new StepError(cause);
      this.bug ??= cause;
      throw cause;
    }
  }

  async #write(step: RunStep): Promise<void> {
    await this.#deps.operations.recordStep(step);
    this.#onStep?.(step);
  }
}

function serial(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}

function whyFailed(cause: unknown, recorder: StepRecorder): string {
  if (recorder.bug !== undefined) return String(recorder.bug);
  return cause instanceof Error ? cause.message : String(cause);
}

function busy(holder: string, expiresMs: number): CondvestError {
  return new CondvestError({
    code: 'pipeline-busy',
    kind: 'transient',
    message: 'A run of the pipeline is under way',
    found: `${holder}, until ${new Date(expiresMs).toISOString()} unless it prolongs`,
    action: 'Watch it with: condvest pipeline status. A run that died is taken over after that instant',
  });
}

function lost(): CondvestError {
  return new CondvestError({
    code: 'pipeline-lease-lost',
    kind: 'transient',
    message: 'Another process took the run over, because this one was not heard of for too long',
  });
}
