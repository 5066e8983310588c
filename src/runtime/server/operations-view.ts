import type { Upkeep, UpkeepEvent, UpkeepStatus } from '#serving/http/upkeep.ts';
import type { AppContext } from '../app.ts';
import { isFromVendor, sourceName } from '../config/source-choice.ts';
import { RunWatch } from '../runs/run-watch.ts';

/** What the server is told by whoever does the work; absent where a lake is only served. */
export type Work = Pick<Upkeep, 'building' | 'nextRun'> & {
  startRun(request: { readonly session?: string | undefined }): Promise<string>;
  /** Calls when a run or what is being built has changed. */
  onChange(call: (event: UpkeepEvent | undefined) => void): void;
};

/** How long a status is shown before it is worked out again, however many ask. */
const STATUS_MS = 1000;

/** Everything that the server shows of the other layers, from the lake and from the operational store. */
export class OperationsView implements Upkeep, AsyncDisposable {
  readonly #app: AppContext;
  readonly #work: Work | undefined;
  readonly #watch: RunWatch;
  readonly startRun: Upkeep['startRun'];
  #status: { readonly atMs: number; readonly value: Promise<UpkeepStatus> } | undefined;

  constructor(app: AppContext, work: Work | undefined) {
    this.#app = app;
    this.#work = work;
    this.#watch = new RunWatch(() => this.#app.operations());
    this.startRun = work === undefined ? undefined : (request) => work.startRun(request);
    work?.onChange((event) => {
      if (event === undefined) this.#watch.look();
      else this.#watch.tell(event);
    });
  }

  async isSimulated(): Promise<boolean> {
    return (await this.#app.simulatedMarket()) !== undefined;
  }

  status(): Promise<UpkeepStatus> {
    const nowMs = this.#app.clock.nowMs();
    if (this.#status === undefined || Math.abs(nowMs - this.#status.atMs) >= STATUS_MS) {
      const value = this.#readStatus();
      this.#status = { atMs: nowMs, value };
      value.catch(() => {
        this.#status = undefined;
      });
    }
    return this.#status.value;
  }

  async #readStatus(): Promise<UpkeepStatus> {
    const { statusTask } = await fetchTasks();
    const status = await statusTask(this.#app);
    const hasSource = isFromVendor(this.#app.config) || (await this.isSimulated());
    return { source: hasSource ? sourceName(this.#app.config) : null, ...status };
  }

  building(): ReturnType<Upkeep['building']> {
    return this.#work?.building();
  }

  async gaps({ symbol, limit }: Parameters<Upkeep['gaps']>[0]): ReturnType<Upkeep['gaps']> {
    const { gapsTask } = await fetchTasks();
    return await gapsTask(this.#app, symbol, limit);
  }

  async quality(request: Parameters<Upkeep['quality']>[0]): ReturnType<Upkeep['quality']> {
    const { qualityTask } = await fetchTasks();
    return await qualityTask(this.#app, request);
  }

  async runs(limit: number): ReturnType<Upkeep['runs']> {
    return (await this.#app.operations()).runs(limit);
  }

  async run(id: string): ReturnType<Upkeep['run']> {
    const operations = await this.#app.operations();
    const run = await operations.run(id);
    return run === undefined ? undefined : { run, steps: await operations.steps(id) };
  }

  async notices(request: Parameters<Upkeep['notices']>[0]): ReturnType<Upkeep['notices']> {
    return (await this.#app.operations()).notices(request);
  }

  listen(listener: (event: UpkeepEvent) => void): () => void {
    return this.#watch.listen(listener);
  }

  nextRun(): ReturnType<Upkeep['nextRun']> {
    return this.#work?.nextRun();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watch.stop();
  }
}

/** The batch layer, which a server needs for status alone: loaded on first use, so that starting does not wait for it. */
const fetchTasks = () => import('../tasks/fetch-tasks.ts');
