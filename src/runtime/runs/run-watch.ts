import { CondvestError } from '#base/errors.ts';
import type { Notices } from '#ports/notices.ts';
import type { Runs } from '#ports/runs.ts';
import type { OperationsEvent } from '#serving/http/operations.ts';

/** Polling interval while there are listeners. Polling also finds runs of other processes. */
const POLL_MS = 1000;
/** Delay of the poll after a hint that something changed; several hints share one poll. */
const HINT_MS = 100;
const RUNS_MAX = 5;
const NOTICES_MAX = 50;
/** Items whose last published state is remembered. */
const PUBLISHED_MAX = 1000;

/**
 * Publishes changes of runs, steps and notices to listeners. Each event holds the present state, so that a listener
 * that missed one has lost nothing. The store is polled by one poll at a time, however many listen, and not at all
 * without listeners.
 */
export class RunWatch {
  readonly #store: { readonly runs: Runs; readonly notices: Notices };
  readonly #listeners = new Set<(event: OperationsEvent) => void>();
  readonly #published = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #isStopped = false;

  constructor(store: { readonly runs: Runs; readonly notices: Notices }) {
    this.#store = store;
  }

  /** Adds a listener for changes from now on. Returns a function that removes it. */
  listen(listener: (event: OperationsEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#published.clear();
      this.#begin(true);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) clearTimeout(this.#timer);
    };
  }

  publish(event: OperationsEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Polls soon, after a hint that something changed. */
  hint(): void {
    if (this.#listeners.size > 0) this.#after(HINT_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    await this.#polling;
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(false), ms);
    this.#timer.unref();
  }

  #begin(isFirst: boolean): void {
    if (this.#isStopped) return;
    this.#polling ??= this.#poll(isFirst).finally(() => {
      this.#polling = undefined;
      if (!this.#isStopped && this.#listeners.size > 0) this.#after(POLL_MS);
    });
  }

  /** Publishes what changed since the last poll. The first poll only takes stock. */
  async #poll(isFirst: boolean): Promise<void> {
    const { runs, notices } = this.#store;
    try {
      const events: OperationsEvent[] = [];
      for (const run of (await runs.latest(RUNS_MAX)).toReversed()) {
        // Once its end was published, a run does not change any more.
        if (run.state !== 'running' && this.#published.get(`run ${run.id}`) === JSON.stringify(run)) continue;
        for (const step of await runs.steps(run.id))
          if (this.#isNew(`step ${run.id} ${step.step} ${step.attempt}`, step)) events.push({ type: 'step', step });
        if (this.#isNew(`run ${run.id}`, run)) events.push({ type: 'run', run });
      }
      for (const notice of await notices.list({ openOnly: false, limit: NOTICES_MAX }))
        if (this.#isNew(`notice ${notice.id}`, notice)) events.push({ type: 'notice', notice });
      if (!isFirst) for (const event of events) this.publish(event);
    } catch (cause) {
      // The store is unavailable; the next poll tries again.
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  #isNew(key: string, value: object): boolean {
    const text = JSON.stringify(value);
    if (this.#published.get(key) === text) return false;
    this.#published.delete(key);
    this.#published.set(key, text);
    for (const oldest of this.#published.keys())
      if (this.#published.size > PUBLISHED_MAX) this.#published.delete(oldest);
    return true;
  }
}
