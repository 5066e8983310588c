import { defined } from '#base/assert.ts';
import { CondvestError } from '#base/errors.ts';
import type { PipelineInput } from '#batch/pipeline/steps.ts';
import { deliver, type TellDeps, tellOfRun } from '#batch/pipeline/tell.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Notice, Run, RunStep } from '#ports/operations.ts';
import type { AppContext } from '../app.ts';
import { type StartedPipeline, startPipeline } from './pipeline.ts';
import { pipelineDeps } from './pipeline-deps.ts';
import {
  type RunContext,
  type RunRequest,
  type StartedRun,
  startRun,
  unknownRun,
  type WorkEnd,
} from './recorded-run.ts';
import { StoreOutage } from './store-outage.ts';

export interface RunDetails {
  readonly run: Run;
  readonly steps: readonly RunStep[];
}

export interface StartRequest {
  readonly input: PipelineInput;
  /** A run to go on with. */
  readonly resume?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: RunStep) => void) | undefined;
}

/** Something that changed about a run: always its present state, so that who missed a change has lost nothing. */
export type RunEvent = { readonly kind: 'run'; readonly run: Run } | { readonly kind: 'step'; readonly step: RunStep };

/** Another process is at work. */
const BUSY = 'pipeline-busy';
/** Those who follow runs at once, in one process. */
const FOLLOWERS_MAX = 100;
/** How often runs of other processes are looked at. */
const LOOK_MS = 1000;
/** How often a follower is told at most: changes in between are told as one. */
const FOLLOW_PAUSE_MS = 100;

/**
 * Where runs are started, looked up and followed: shared by the scheduler, the command line and whoever serves it over a network.
 * Runs of other processes on the same operational store are seen as well.  */
export class RunDesk implements AsyncDisposable {
  /** Tells of the store's own absence. */
  readonly outage: StoreOutage;
  readonly #app: AppContext;
  readonly #write: (line: string) => void;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #followers = new Set<() => void>();
  #followerCount = 0;
  #notifiers: Promise<readonly Notifier[]> | undefined;

  /** `write` is given the lines of notices that go to the console. */
  constructor(app: AppContext, options: { readonly write: (line: string) => void }) {
    this.#app = app;
    this.#write = options.write;
    this.outage = new StoreOutage({ notifiers: () => this.notifiers(), clock: app.clock, random: app.random });
  }

  /** Starts a run of the daily pipeline in the background. `pipeline-busy` (transient) where one is under way anywhere. */
  async start(request: StartRequest): Promise<StartedPipeline> {
    const { clock, random } = this.#app;
    const source = await this.#app.source();
    const pipeline = pipelineDeps(this.#app, source);
    const [operations, notifiers] = [await this.#app.operations(), await this.notifiers()];
    const { input, resume, signal, onStep } = request;
    const started = await startPipeline(
      { pipeline, operations, notifiers, clock, random, onGivenUp: this.#write },
      {
        input,
        signal: this.#signal(signal),
        onStep: this.#telling(onStep),
        ...(resume === undefined ? {} : { resume }),
      },
    );
    this.#keep(started.report);
    return started;
  }

  /** Work of another kind as a run, under the same lease: what `startRun` says. */
  async record(request: RunRequest, work: (context: RunContext) => Promise<WorkEnd>): Promise<StartedRun> {
    const { clock, random } = this.#app;
    const operations = await this.#app.operations();
    const started = await startRun(
      { operations, clock, random },
      { ...request, signal: this.#signal(request.signal), onStep: this.#telling(request.onStep) },
      work,
    );
    this.#keep(started.ended);
    return started;
  }

  /**
   * Work of another kind than the daily run: told of where it fails, and once that it succeeds again. `failureOf` says why a result
   * is a failure all the same.
   */
  async telling<T>(
    kind: string,
    signal: AbortSignal,
    work: () => Promise<T>,
    failureOf: (result: T) => string | null = () => null,
  ): Promise<T> {
    try {
      const result = await work();
      await this.tellOfRun(kind, failureOf(result));
      return result;
    } catch (cause) {
      const isFailure = cause instanceof CondvestError && cause.code !== BUSY;
      // One that was stopped has not failed, and one that was not begun neither.
      if (isFailure && !signal.aborted) await this.tellOfRun(kind, cause.message);
      throw cause;
    }
  }

  /** Tells that work of a kind failed, or (`error` null) that it succeeded again; nothing where that is no news. */
  async tellOfRun(kind: string, error: string | null): Promise<void> {
    try {
      await tellOfRun(await this.#tellDeps(), kind, error);
    } catch (cause) {
      // The store is away, which is told by other means; what was opened is delivered with the next delivery.
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  /** The newest runs first. */
  async runs(limit: number): Promise<Run[]> {
    return (await this.#app.operations()).runs(limit);
  }

  /** A run with its steps; the newest one unless an id is given. `pipeline-run-unknown` for an id that is not known. */
  async details(id?: string): Promise<RunDetails | undefined> {
    const operations = await this.#app.operations();
    const run = id === undefined ? (await operations.runs(1))[0] : await operations.run(id);
    if (run !== undefined) return { run, steps: await operations.steps(run.id) };
    if (id !== undefined) throw unknownRun(id);
    return undefined;
  }

  async #known(id: string): Promise<RunDetails> {
    return defined(await this.details(id), 'a run of an id is found, or the look-up throws');
  }

  async notices(request: { readonly openOnly: boolean; readonly limit: number }): Promise<Notice[]> {
    return (await this.#app.operations()).notices(request);
  }

  /**
   * A run and its steps as they change, beginning with how they are now. Ends with the run; without an id it goes from run to run
   * until `signal` is aborted. Nothing is queued for a slow reader: it is given the newest state when it asks for more.
   */
  async *follow(id?: string, signal?: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
    if (this.#followerCount >= FOLLOWERS_MAX) throw tooMany();
    this.#followerCount += 1;
    try {
      const told = new Map<string, string>();
      let followed: string | undefined;
      while (signal?.aborted !== true && !this.#closing.signal.aborted) {
        const changed = this.#nextChange(signal);
        const details = await this.details(id);
        if (details !== undefined) {
          if (followed !== undefined && details.run.id !== followed) {
            // How the one before ended; it is forgotten only after a year.
            yield* news(await this.#known(followed), told);
            told.clear();
          }
          followed = details.run.id;
          yield* news(details, told);
          if (id !== undefined && details.run.state !== 'running') return;
        }
        await changed;
        await this.#pause(FOLLOW_PAUSE_MS, signal);
      }
    } finally {
      this.#followerCount -= 1;
    }
  }

  /** Hands on notices that did not get through before. */
  async deliverNotices(): Promise<{ readonly delivered: number; readonly failures: number }> {
    const { delivered, failures } = await deliver(await this.#tellDeps());
    return { delivered, failures: failures.length };
  }

  async #tellDeps(): Promise<TellDeps> {
    const { clock, random } = this.#app;
    const [operations, notifiers] = [await this.#app.operations(), await this.notifiers()];
    return { operations, notifiers, clock, random, onGivenUp: this.#write };
  }

  /** The ways to a person that are configured. */
  notifiers(): Promise<readonly Notifier[]> {
    this.#notifiers ??= this.#app.notifiers(this.#write);
    return this.#notifiers;
  }

  /** Stops what is under way at its next sound point, and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closing = new CondvestError({ code: 'interrupted', kind: 'transient', message: 'The program is ending' });
    this.#closing.abort(closing);
    for (const follower of [...this.#followers]) follower();
    await Promise.allSettled([...this.#underWay]);
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }

  #keep(work: Promise<unknown>): void {
    this.#underWay.add(work);
    const forget = (): void => {
      this.#underWay.delete(work);
      this.#wake();
    };
    work.then(forget, forget);
    this.#wake();
  }

  #telling(onStep: ((step: RunStep) => void) | undefined): (step: RunStep) => void {
    return (step) => {
      onStep?.(step);
      this.#wake();
    };
  }

  #wake(): void {
    for (const follower of [...this.#followers]) follower();
  }

  /** Resolves when a run of this process has changed, and after a while for those of others. */
  #nextChange(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#followers.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, LOOK_MS);
      this.#followers.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#app.clock.sleep(ms, this.#signal(signal));
    } catch (cause) {
      if (signal?.aborted !== true && !this.#closing.signal.aborted) throw cause;
    }
  }
}

/** What a follower has not been told yet. */
function* news({ run, steps }: RunDetails, told: Map<string, string>): Generator<RunEvent> {
  const isNew = (key: string, value: object): boolean => {
    const text = JSON.stringify(value);
    if (told.get(key) === text) return false;
    told.set(key, text);
    return true;
  };
  if (run.state === 'running' && isNew('run', run)) yield { kind: 'run', run };
  for (const step of steps) if (isNew(`${step.step} ${step.attempt}`, step)) yield { kind: 'step', step };
  if (run.state !== 'running' && isNew('run', run)) yield { kind: 'run', run };
}

function tooMany(): CondvestError {
  return new CondvestError({
    code: 'pipeline-followers-many',
    kind: 'transient',
    message: 'Too many are following runs at once',
    found: `${FOLLOWERS_MAX}`,
    action: 'Close some of them',
  });
}
