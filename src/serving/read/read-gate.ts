import { RetryLater } from '#base/errors.ts';

/**
 * Lets so many pieces of work go on at once, such as reads of the lake, and so many more wait in order of arrival; the next one is refused with
 * `server-busy`. What is slow is bounded so, whoever asks and however often.
 */
export class ReadGate {
  readonly #noun: string;
  readonly #running: number;
  readonly #waitingMax: number;
  readonly #each: number;
  readonly #held = new Map<string, number>();
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /**
   * `noun`: what they are, as a sentence has it (`reads`). `each`: how many of those that go on may be of one caller; all of
   * them unless given.
   */
  constructor(limits: {
    readonly noun: string;
    readonly running: number;
    readonly waiting: number;
    readonly each?: number;
  }) {
    this.#noun = limits.noun;
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
        message: `${held} ${this.#noun} go on for the same caller, which is as many as one may have`,
        afterSeconds: 1,
      });
    }
    if (this.#free > 0) this.#free -= 1;
    else {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new RetryLater({
          code: 'server-busy',
          message: `${this.#running} ${this.#noun} are going on${this.#waitingMax === 0 ? '' : ` and ${this.#waitingMax} wait`} already`,
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
