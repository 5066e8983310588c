import type { InstantMs } from '#base/dates.ts';

/**
 * History of runs and their steps. Part of the operational store, which holds no market data: facts and ledger are in
 * the lake.
 *
 * Callers rely on these guarantees, which `Leases`, `Notices`, `ListingsIndex` and `Keys` give as well:
 *
 * 1. **Atomic and durable.** Each call is one transaction, durable once it resolves, unless its description says
 *    otherwise.
 * 2. **Serializable across processes.** Concurrent calls act as if run one after the other. Serialization failures are
 *    retried
 *    internally, a bounded number of times.
 * 3. **Failures are typed.** An unreachable store throws `operations-unavailable` (transient); one that rejects the
 *    statement throws
 *    `operations-refused` (permanent).
 * 4. **Text round-trips**, except U+0000, which PostgreSQL cannot store: it becomes U+FFFD.
 */
export interface Runs {
  /** Records the start of a run. Throws `operations-run-exists` (permanent) if the id is taken. */
  start(run: NewRun): Promise<void>;
  /** Marks a known run as running again (resume): clears its end and increments `tries`. */
  restart(id: string): Promise<void>;
  /** Records the end of a run. */
  finish(id: string, end: RunEnd): Promise<void>;
  find(id: string): Promise<Run | undefined>;
  /** Returns the newest runs, descending by start and id. */
  latest(limit: number): Promise<Run[]>;
  /** Inserts or overwrites one attempt at a step, keyed by run, step and attempt. */
  recordStep(step: RunStep): Promise<void>;
  /** Returns the steps of a run, ascending by start, name and attempt. */
  steps(runId: string): Promise<RunStep[]>;
  /** Deletes ended runs that started before an instant, with their steps, in batches. Returns the number of runs. */
  deleteBefore(ms: InstantMs): Promise<number>;
}

export type RunState = 'running' | 'succeeded' | 'failed';

export interface NewRun {
  readonly id: string;
  /** Kind of work: `daily`, `build`, `vacuum`. */
  readonly kind: string;
  /** Input as JSON. A resumed run gets the same input again. */
  readonly input: string;
  readonly startedMs: InstantMs;
}

export interface RunEnd {
  readonly state: 'succeeded' | 'failed';
  readonly endedMs: InstantMs;
  /** Output as JSON, or null. */
  readonly output: string | null;
  /** Message of the error that failed the run, or null. */
  readonly error: string | null;
}

export interface Run extends NewRun {
  readonly state: RunState;
  readonly endedMs: InstantMs | null;
  readonly output: string | null;
  readonly error: string | null;
  /** 1, plus 1 for each resume. */
  readonly tries: number;
}

export interface RunStep {
  readonly runId: string;
  /** Name of the step, unique within the run apart from attempts: `resample 5`. */
  readonly step: string;
  /** Starts at 1 and keeps counting across resumes. */
  readonly attempt: number;
  readonly state: RunState;
  readonly startedMs: InstantMs;
  readonly endedMs: InstantMs | null;
  /** Rows written, or null for a step that writes none. */
  readonly rows: number | null;
  /** One-line summary for people, or null. */
  readonly detail: string | null;
  readonly error: string | null;
}
