import { CondvestError, type ErrorKind } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Operations, RunStep } from '#ports/operations.ts';

/** What is said of a step that has ended well. */
export interface StepSummary {
  readonly rows?: number;
  /** A line for a person. */
  readonly detail?: string;
}

/** Says how far a step is: a line for a person that watches it. */
export type StepProgress = (detail: string) => void;

/** The names that the pipeline's definition retries and catches by. */
const ERROR_NAMES: Readonly<Record<ErrorKind, string>> = {
  transient: 'Condvest.Transient',
  permanent: 'Condvest.Permanent',
  corrupt: 'Condvest.Corrupt',
};

/** A step's failure under the name that the definition knows it by; `cause` is the failure itself. */
export class StepError extends Error {
  constructor(cause: CondvestError) {
    super(cause.message, { cause });
    this.name = ERROR_NAMES[cause.kind];
  }
}

/** How often the progress inside a step is written down. */
const PROGRESS_MS = 1000;

/** Writes down each attempt at each step of a run as it goes. */
export class StepRecorder {
  readonly #deps: { readonly operations: Operations; readonly clock: Clock };
  readonly #runId: string;
  readonly #onStep: ((step: RunStep) => void) | undefined;
  readonly #attempts = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  /** What was thrown by a mistake of the program, and not by the world. */
  bug: unknown;

  constructor(
    deps: { readonly operations: Operations; readonly clock: Clock },
    runId: string,
    onStep: ((step: RunStep) => void) | undefined,
  ) {
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
    work: (progress: StepProgress) => Promise<T>,
    describe: (result: T) => StepSummary,
  ): Promise<T> {
    const running = this.#attempt(name, work, describe);
    this.#running.add(running);
    const forget = (): boolean => this.#running.delete(running);
    running.then(forget, forget);
    return running;
  }

  /** Steps that an abort left behind have ended. Throws what was a mistake of the program. */
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
      await this.#writeFailure({ ...started, state: 'failed', endedMs: clock.nowMs(), error: messageOf(cause) });
      if (cause instanceof CondvestError) throw new StepError(cause);
      this.bug ??= cause;
      throw cause;
    }
  }

  /** Progress is for those who watch: written at most once a second, one after the other, and never the end of a step. */
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

  /** That a step failed matters more than that this could not be written down. */
  async #writeFailure(step: RunStep): Promise<void> {
    try {
      await this.#write(step);
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  async #write(step: RunStep): Promise<void> {
    await this.#deps.operations.recordStep(step);
    this.#onStep?.(step);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
