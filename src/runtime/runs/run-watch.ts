import { CondvestError } from '#base/errors.ts';
import type { Operations } from '#ports/operations.ts';
import type { UpkeepEvent } from '#serving/http/upkeep.ts';

/** How often the store is looked at while somebody listens: runs of other processes are seen as well. */
const LOOK_MS = 1000;
/** After a hint that something changed, so soon; several hints are one look. */
const SOON_MS = 100;
const RUNS_LOOKED_AT = 5;
const NOTICES_LOOKED_AT = 50;
/** Things told, whose last state is remembered. */
const TOLD_MAX = 1000;

/**
 * Tells listeners what has changed about runs, their steps and notices. Always the present state is told, so that who missed a
 * change has lost nothing. There is one look at the store at a time, however many listen, and none while nobody does.
 */
export class RunWatch {
  readonly #open: () => Promise<Operations>;
  readonly #listeners = new Set<(event: UpkeepEvent) => void>();
  readonly #told = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;

  constructor(open: () => Promise<Operations>) {
    this.#open = open;
  }

  listen(listener: (event: UpkeepEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      // What is there already is known to a listener by other ways; only changes are told.
      this.#told.clear();
      this.#begin(true);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) clearTimeout(this.#timer);
    };
  }

  tell(event: UpkeepEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Something has changed. */
  look(): void {
    if (this.#listeners.size > 0) this.#after(SOON_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    await this.#looking;
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(false), ms);
    this.#timer.unref();
  }

  #begin(isFirst: boolean): void {
    if (this.#isStopped) return;
    this.#looking ??= this.#look(isFirst).finally(() => {
      this.#looking = undefined;
      if (!this.#isStopped && this.#listeners.size > 0) this.#after(LOOK_MS);
    });
  }

  async #look(isFirst: boolean): Promise<void> {
    try {
      const operations = await this.#open();
      const events: UpkeepEvent[] = [];
      const runs = await operations.runs(RUNS_LOOKED_AT);
      for (const run of runs.toReversed()) {
        // A run that ended and was told so has no news.
        if (run.state !== 'running' && this.#told.get(`run ${run.id}`) === JSON.stringify(run)) continue;
        for (const step of await operations.steps(run.id))
          if (this.#isNew(`step ${run.id} ${step.step} ${step.attempt}`, step)) events.push({ type: 'step', step });
        if (this.#isNew(`run ${run.id}`, run)) events.push({ type: 'run', run });
      }
      for (const notice of await operations.notices({ openOnly: false, limit: NOTICES_LOOKED_AT }))
        if (this.#isNew(`notice ${notice.id}`, notice)) events.push({ type: 'notice', notice });
      if (!isFirst) for (const event of events) this.tell(event);
    } catch (cause) {
      // A store that cannot be reached for a while is looked at again.
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  #isNew(key: string, value: object): boolean {
    const text = JSON.stringify(value);
    if (this.#told.get(key) === text) return false;
    this.#told.delete(key);
    this.#told.set(key, text);
    for (const oldest of this.#told.keys()) if (this.#told.size > TOLD_MAX) this.#told.delete(oldest);
    return true;
  }
}
