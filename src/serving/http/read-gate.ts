import { RetryLater } from './http-errors.ts';

/**
 * Lets so many reads of the lake go on at once, and so many more wait in order of arrival; the next one is refused with
 * `server-busy`. What is slow is bounded so, whoever asks and however often.
 */
export class ReadGate {
  readonly #running: number;
  readonly #waitingMax: number;
  readonly #each: number;
  readonly #held = new Map<string, number>();
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `each`: how many of those that go on may be of one caller; all of them unless given. */
  constructor(limits: { readonly running: number; readonly waiting: number; readonly each?: number }) {
    this.#running = limits.running;
    this.#waitingMax = limits.waiting;
    this.#each = limits.each ?? limits.running;
    this.#free = limits.running;
  }

  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running - this.#free, waiting: this.#waiting.length };
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** For work that outlives the call, as a stream does: call what is returned once it is over. */
  async enter(caller = ''): Promise<() => void> {
    const held = this.#held.get(caller) ?? 0;
    if (caller !== '' && held >= this.#each) {
      throw new RetryLater({
        code: 'server-busy',
        message: `${held} of these go on for the same caller, which is as many as one may have`,
        afterSeconds: 1,
      });
    }
    if (this.#free > 0) this.#free -= 1;
    else {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new RetryLater({
          code: 'server-busy',
          message: `${this.#running} reads are going on and ${this.#waitingMax} wait already`,
          afterSeconds: 1,
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (caller !== '') this.#held.set(caller, (this.#held.get(caller) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (caller !== '') this.#leave(caller);
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }

  #leave(caller: string): void {
    const held = (this.#held.get(caller) ?? 0) - 1;
    if (held > 0) this.#held.set(caller, held);
    else this.#held.delete(caller);
  }
}
