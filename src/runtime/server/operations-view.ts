import { CondvestError } from '#base/errors.ts';
import type { Operations } from '#ports/operations.ts';
import type { Upkeep, UpkeepEvent, UpkeepStatus } from '#serving/http/upkeep.ts';
import type { Laptop } from '../local/open-local.ts';
import { openOperations } from '../local/operations.ts';
import { readMarketSettings } from '../local/simulated-market.ts';
import { isFromVendor, sourceName } from '../local/source.ts';
import { RunWatch } from '../runs/run-watch.ts';
import { gapsTask, qualityTask, statusTask } from '../tasks/fetch-tasks.ts';

/** What the server is told by whoever does the work; absent where a lake is only served. */
export type Work = Pick<Upkeep, 'building' | 'nextRun'> & {
  startRun(request: { readonly session?: string | undefined }): Promise<string>;
  /** Calls when a run or what is being built has changed. */
  onChange(call: (event: UpkeepEvent | undefined) => void): void;
};

/** How long a status is shown before it is worked out again, however many ask. */
const STATUS_MS = 1000;

/** Everything that the server shows of the other layers, from the lake and from the operational store. */
export class LaptopUpkeep implements Upkeep, AsyncDisposable {
  readonly #laptop: Laptop;
  readonly #work: Work | undefined;
  readonly #watch: RunWatch;
  readonly startRun: Upkeep['startRun'];
  #operations: Promise<Operations> | undefined;
  #status: { readonly atMs: number; readonly value: Promise<UpkeepStatus> } | undefined;

  constructor(laptop: Laptop, work: Work | undefined) {
    this.#laptop = laptop;
    this.#work = work;
    this.#watch = new RunWatch(() => this.#open());
    this.startRun = work === undefined ? undefined : (request) => work.startRun(request);
    work?.onChange((event) => {
      if (event === undefined) this.#watch.look();
      else this.#watch.tell(event);
    });
  }

  async isSimulated(): Promise<boolean> {
    return (await readMarketSettings(this.#laptop)) !== undefined;
  }

  status(): Promise<UpkeepStatus> {
    const nowMs = this.#laptop.clock.nowMs();
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
    const status = await statusTask(this.#laptop);
    const hasSource = isFromVendor(this.#laptop) || (await this.isSimulated());
    return { source: hasSource ? sourceName(this.#laptop) : null, ...status };
  }

  building(): ReturnType<Upkeep['building']> {
    return this.#work?.building();
  }

  gaps({ symbol, limit }: Parameters<Upkeep['gaps']>[0]): ReturnType<Upkeep['gaps']> {
    return gapsTask(this.#laptop, symbol, limit);
  }

  quality(request: Parameters<Upkeep['quality']>[0]): ReturnType<Upkeep['quality']> {
    return qualityTask(this.#laptop, request);
  }

  async runs(limit: number): ReturnType<Upkeep['runs']> {
    return (await this.#open()).runs(limit);
  }

  async run(id: string): ReturnType<Upkeep['run']> {
    const operations = await this.#open();
    const run = await operations.run(id);
    return run === undefined ? undefined : { run, steps: await operations.steps(id) };
  }

  async notices(request: Parameters<Upkeep['notices']>[0]): ReturnType<Upkeep['notices']> {
    return (await this.#open()).notices(request);
  }

  listen(listener: (event: UpkeepEvent) => void): () => void {
    return this.#watch.listen(listener);
  }

  nextRun(): ReturnType<Upkeep['nextRun']> {
    return this.#work?.nextRun();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch.stop();
    try {
      await (await this.#operations)?.[Symbol.asyncDispose]();
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  /** Opened when it is first needed, and once more after it could not be. */
  #open(): Promise<Operations> {
    if (this.#operations === undefined) {
      const opening = openOperations(this.#laptop.config);
      this.#operations = opening;
      opening.catch(() => {
        this.#operations = undefined;
      });
    }
    return this.#operations;
  }
}
