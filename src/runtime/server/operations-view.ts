import { uncancelable } from '#lake/cancellation.ts';
import type { Operations, OperationsEvent, OperationsStatus } from '#serving/http/operations.ts';
import type { AppContext } from '../app.ts';
import { isFromVendor, sourceName } from '../config/source-choice.ts';
import { RunWatch } from '../runs/run-watch.ts';

/** The worker as the server sees it. A server that only serves a lake has none. */
export type Work = Pick<Operations, 'building' | 'nextRun'> & {
  startRun(request: { readonly session?: string | undefined }): Promise<string>;
  /** Sets the callback for changes of the build (with the event) and of runs (without one). */
  onChange(call: (event: OperationsEvent | undefined) => void): void;
};

/** Time for which a status is cached. */
const STATUS_MS = 1000;

/** The server's view of the other layers' work, read from the lake and the operational store. */
export class OperationsView implements Operations, AsyncDisposable {
  readonly #app: AppContext;
  readonly #work: Work | undefined;
  readonly #watch: RunWatch;
  readonly startRun: Operations['startRun'];
  #status: { readonly atMs: number; readonly value: Promise<OperationsStatus> } | undefined;

  constructor(app: AppContext, work: Work | undefined) {
    this.#app = app;
    this.#work = work;
    this.#watch = new RunWatch(app);
    this.startRun = work === undefined ? undefined : (request) => work.startRun(request);
    work?.onChange((event) => {
      if (event === undefined) this.#watch.hint();
      else this.#watch.publish(event);
    });
  }

  async isSimulated(): Promise<boolean> {
    return (await this.#app.simulatedMarket()) !== undefined;
  }

  status(): Promise<OperationsStatus> {
    const nowMs = this.#app.clock.nowMs();
    if (this.#status === undefined || Math.abs(nowMs - this.#status.atMs) >= STATUS_MS) {
      // Shared by whoever asks while it is fresh.
      const value = uncancelable(() => this.#readStatus());
      this.#status = { atMs: nowMs, value };
      value.catch(() => {
        this.#status = undefined;
      });
    }
    return this.#status.value;
  }

  async #readStatus(): Promise<OperationsStatus> {
    const { statusTask } = await fetchTasks();
    const status = await statusTask(this.#app);
    const hasSource = isFromVendor(this.#app.config) || (await this.isSimulated());
    return { source: hasSource ? sourceName(this.#app.config) : null, ...status };
  }

  building(): ReturnType<Operations['building']> {
    return this.#work?.building();
  }

  async gaps({ symbol, limit }: Parameters<Operations['gaps']>[0]): ReturnType<Operations['gaps']> {
    const { gapsTask } = await fetchTasks();
    return await gapsTask(this.#app, symbol, limit);
  }

  async quality(request: Parameters<Operations['quality']>[0]): ReturnType<Operations['quality']> {
    const { qualityTask } = await fetchTasks();
    return await qualityTask(this.#app, request);
  }

  runs(limit: number): ReturnType<Operations['runs']> {
    return this.#app.runs.latest(limit);
  }

  async run(id: string): ReturnType<Operations['run']> {
    const { runs } = this.#app;
    const run = await runs.find(id);
    return run === undefined ? undefined : { run, steps: await runs.steps(id) };
  }

  notices(request: Parameters<Operations['notices']>[0]): ReturnType<Operations['notices']> {
    return this.#app.notices.list(request);
  }

  listen(listener: (event: OperationsEvent) => void): () => void {
    return this.#watch.listen(listener);
  }

  nextRun(): ReturnType<Operations['nextRun']> {
    return this.#work?.nextRun();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watch.stop();
  }
}

/** The batch layer, which a server needs for status alone: loaded on first use, so that starting does not wait for it. */
const fetchTasks = () => import('../tasks/fetch-tasks.ts');
