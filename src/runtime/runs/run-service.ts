import { CondvestError } from '#base/errors.ts';
import { deliver, type NotifyDeps, notifyOfRun } from '#batch/pipeline/notices.ts';
import type { PipelineInput } from '#batch/pipeline/steps.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { RunStep } from '#ports/runs.ts';
import type { AppContext } from '../app.ts';
import { type StartedPipeline, startPipeline } from './pipeline.ts';
import { pipelineDeps } from './pipeline-deps.ts';
import { type RunContext, type RunRequest, type StartedRun, startRun, type WorkEnd } from './recorded-run.ts';
import { StoreOutage } from './store-outage.ts';

export interface StartRequest {
  readonly input: PipelineInput;
  /** Id of a run to resume. */
  readonly resume?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: RunStep) => void) | undefined;
}

/** Another process holds the work lease. */
const BUSY = 'pipeline-busy';

/** Starts runs in the background, one at a time across processes, and notifies of their outcome. */
export class RunService implements AsyncDisposable {
  /** Notifies of an outage of the operational store itself. */
  readonly outage: StoreOutage;
  readonly #app: AppContext;
  readonly #write: (line: string) => void;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  #notifiers: Promise<readonly Notifier[]> | undefined;

  /** Lines of the console channel go to `write`. */
  constructor(app: AppContext, options: { readonly write: (line: string) => void }) {
    this.#app = app;
    this.#write = options.write;
    this.outage = new StoreOutage({ notifiers: () => this.#openNotifiers(), clock: app.clock, random: app.random });
  }

  /**
   * Starts a run of the daily pipeline in the background. Throws `pipeline-busy` (transient) while any process runs
   * one.
   */
  async start({ input, resume, signal, onStep }: StartRequest): Promise<StartedPipeline> {
    const { runs, listings } = this.#app;
    const pipeline = pipelineDeps(this.#app, await this.#app.source());
    const started = await startPipeline(
      { ...(await this.#notifyDeps()), pipeline, runs, listings },
      {
        input,
        signal: this.#signal(signal),
        ...(onStep === undefined ? {} : { onStep }),
        ...(resume === undefined ? {} : { resume }),
      },
    );
    this.#track(started.report);
    return started;
  }

  /** Starts other work as a recorded run under the same lease; see `startRun`. */
  async record(request: RunRequest, work: (context: RunContext) => Promise<WorkEnd>): Promise<StartedRun> {
    const started = await startRun(this.#app, { ...request, signal: this.#signal(request.signal) }, work);
    this.#track(started.ended);
    return started;
  }

  /**
   * Runs work of a kind other than the daily run and notifies of its failure, and once when it succeeds again.
   * `failureOf` returns why a result counts as a failure, or null.
   */
  async notifying<T>(
    kind: string,
    signal: AbortSignal,
    work: () => Promise<T>,
    failureOf: (result: T) => string | null = () => null,
  ): Promise<T> {
    try {
      const result = await work();
      await this.notifyOfRun(kind, failureOf(result));
      return result;
    } catch (cause) {
      const isFailure = cause instanceof CondvestError && cause.code !== BUSY;
      // Work that was stopped, or never started, has not failed.
      if (isFailure && !signal.aborted) await this.notifyOfRun(kind, cause.message);
      throw cause;
    }
  }

  /** Notifies that work of a kind failed or, for a null `error`, succeeded again; does nothing if that is not new. */
  async notifyOfRun(kind: string, error: string | null): Promise<void> {
    try {
      await notifyOfRun(await this.#notifyDeps(), kind, error);
    } catch (cause) {
      // The store is unavailable, which `outage` reports. A notice that was opened is delivered with the next delivery.
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  /** Delivers notices that are due, including retries. */
  async deliverNotices(): Promise<void> {
    await deliver(await this.#notifyDeps());
  }

  /** Stops work under way at its next safe point and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(
      new CondvestError({ code: 'interrupted', kind: 'transient', message: 'The program is shutting down' }),
    );
    await Promise.allSettled([...this.#underWay]);
  }

  async #notifyDeps(): Promise<NotifyDeps> {
    const { notices, leases, clock, random } = this.#app;
    return { notices, leases, clock, random, notifiers: await this.#openNotifiers(), onDeadLetter: this.#write };
  }

  #openNotifiers(): Promise<readonly Notifier[]> {
    this.#notifiers ??= this.#app.notifiers(this.#write);
    return this.#notifiers;
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }

  #track(work: Promise<unknown>): void {
    this.#underWay.add(work);
    const done = (): boolean => this.#underWay.delete(work);
    work.then(done, done);
  }
}
