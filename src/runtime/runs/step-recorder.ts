import { CondvestError, type ErrorKind, errorText } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { RunStep, Runs } from '#ports/runs.ts';

/** Summary of a step that succeeded. */
export interface StepSummary {
  readonly rows?: number;
  /** One line for people. */
  readonly detail?: string;
}

/** Reports progress within a step, as one line for people. */
export type StepProgress = (detail: string) => void;

/** Error names that the definition's retriers and catchers match. */
const ERROR_NAMES: Readonly<Record<ErrorKind, string>> = {
  transient: 'Condvest.Transient',
  permanent: 'Condvest.Permanent',
  corrupt: 'Condvest.Corrupt',
};

/** Failure of a step, named for the definition. `cause` is the original error. */
export class StepError extends Error {
  constructor(cause: CondvestError) {
    super(cause.message, { cause });
    this.name = ERROR_NAMES[cause.kind];
  }
}

/** Shortest interval between two progress records of a step. */
const PROGRESS_MS = 1000;

export interface StepRecorderDeps {
  readonly runs: Runs;
  readonly clock: Clock;
}

/** Records each attempt at each step of a run as it progresses. */
export class StepRecorder {
  readonly #deps: StepRecorderDeps;
  readonly #runId: string;
  readonly #onStep: ((step: RunStep) => void) | undefined;
  readonly #attempts = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  /** First error that was a bug rather than an expected failure. */
  bug: unknown;

  constructor(deps: StepRecorderDeps, runId: string, onStep: ((step: RunStep) => void) | undefined) {
    this.#deps = deps;
    this.#runId = runId;
    this.#onStep = onStep;
  }

  /** Continues the attempt numbers of earlier tries and closes attempts that a crash cut off. */
  async load(): Promise<void> {
    const { runs, clock } = this.#deps;
    for (const step of await runs.steps(this.#runId)) {
      this.#attempts.set(step.step, Math.max(step.attempt, this.#attempts.get(step.step) ?? 0));
      if (step.state !== 'running') continue;
      await runs.recordStep({ ...step, state: 'failed', endedMs: clock.nowMs(), error: 'The process died' });
    }
  }

  step<T>(
    name: string,
    work: (progress: StepProgress) => Promise<T>,
    describe: (result: T) => StepSummary,
  ): Promise<T> {
    const running = this.#attempt(name, work, describe);
    this.#running.add(running);
    const done = (): boolean => this.#running.delete(running);
    running.then(done, done);
    return running;
  }

  /** Waits for steps that an abort left running. Throws the first bug, if there was one. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#running]);
    if (this.bug !== undefined) throw this.bug;
  }

  async #attempt<T>(
    name: string,
    work: (progress: StepProgress) => Promise<T>,
    describe: (result: T) => StepSummary,
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
    const progress = this.#progressOf(started);
    try {
      await this.#write(started);
      const result = await work(progress.say);
      await progress.ended();
      const { rows = null, detail = null } = describe(result);
      await this.#write({ ...started, state: 'succeeded', endedMs: clock.nowMs(), rows, detail });
      return result;
    } catch (cause) {
      await progress.ended();
      await this.#writeFailure({ ...started, state: 'failed', endedMs: clock.nowMs(), error: errorText(cause) });
      if (cause instanceof CondvestError) throw new StepError(cause);
      this.bug ??= cause;
      throw cause;
    }
  }

  /** Records progress for observers: at most once a second, one write at a time, never after the step has ended. */
  #progressOf(started: RunStep): { readonly say: StepProgress; readonly ended: () => Promise<void> } {
    const { clock } = this.#deps;
    let writing: Promise<void> | undefined;
    let saidMs = started.startedMs;
    let isEnded = false;
    return {
      say: (detail) => {
        const nowMs = clock.nowMs();
        if (isEnded || writing !== undefined || nowMs - saidMs < PROGRESS_MS) return;
        saidMs = nowMs;
        writing = this.#write({ ...started, detail })
          .catch((cause: unknown) => {
            if (!(cause instanceof CondvestError)) this.bug ??= cause;
          })
          .finally(() => {
            writing = undefined;
          });
      },
      ended: async () => {
        isEnded = true;
        await writing;
      },
    };
  }

  /** Ignores failures of the store: the step's own failure matters more. */
  async #writeFailure(step: RunStep): Promise<void> {
    try {
      await this.#write(step);
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  async #write(step: RunStep): Promise<void> {
    await this.#deps.runs.recordStep(step);
    this.#onStep?.(step);
  }
}
