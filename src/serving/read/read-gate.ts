import { CondvestError, RetryLater } from '#base/errors.ts';
import { cancelable } from '#lake/cancellation.ts';
import type { Timers } from '#ports/timers.ts';

export interface GateLimits {
  /** Plural of what goes on, as a sentence has it: `reads`. */
  readonly noun: string;
  readonly running: number;
  readonly waiting: number;
  /** Limit on those that go on for one caller, who is refused beyond it; default: none. */
  readonly each?: number;
  /** Limit on the wait, after which one is refused; default: none. */
  readonly wait?: { readonly ms: number; readonly timers: Timers };
}

/** The caller that asks for work, and for how long. */
export interface Requester {
  /** Name of the caller; default: none, which counts as one caller. */
  readonly caller?: string | undefined;
  /** Aborted when nobody wants the work any more: it is dropped while it waits, and canceled while it runs. */
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly begin: () => void;
  readonly refuse: (cause: CondvestError) => void;
}

/**
 * Lets so many pieces of work go on at once, such as reads of the lake, and so many more wait. Callers take turns, each
 * with its oldest work; one that fills the queue loses its newest work to others. Work that waits too long, or finds no
 * place, is refused with `server-busy`; work of a client that has left is dropped or canceled.
 */
export class ReadGate {
  readonly #limits: GateLimits;
  readonly #held = new Map<string, number>();
  #free: number;
  /** By caller, in the order of their turns. No list is empty. */
  readonly #waiting = new Map<string, Waiter[]>();
  #waitingCount = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
    this.#free = limits.running;
  }

  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#limits.running - this.#free, waiting: this.#waitingCount };
  }

  /** Runs work when its turn comes. Throws `client-gone` where the requester has left, whatever became of the work. */
  async pass<T>(work: () => Promise<T>, requester: Requester = {}): Promise<T> {
    const leave = await this.enter(requester);
    const { signal } = requester;
    try {
      return await (signal === undefined ? work() : cancelable(signal, work));
    } catch (cause) {
      throw signal?.aborted === true ? clientGone() : cause;
    } finally {
      leave();
    }
  }

  /** For work that outlives the call, as a stream does: call what is returned once it is over. */
  async enter(requester: Requester = {}): Promise<() => void> {
    const { caller = '', signal } = requester;
    const { each, noun } = this.#limits;
    const held = this.#held.get(caller) ?? 0;
    if (each !== undefined && caller !== '' && held >= each)
      throw busy(`${held} ${noun} go on for the same caller, which is as many as one may have`);
    if (signal?.aborted === true) throw clientGone();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(caller, signal);
    if (caller !== '') this.#held.set(caller, (this.#held.get(caller) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (caller !== '') this.#leave(caller);
      const next = this.#next();
      if (next === undefined) this.#free += 1;
      else next.begin();
    };
  }

  /** Waits for a turn. */
  #turn(caller: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#waitingCount >= this.#limits.waiting) this.#makePlace(caller);
    return new Promise<void>((resolve, reject) => {
      const end = (): void => {
        cancelTimer?.();
        signal?.removeEventListener('abort', drop);
      };
      const waiter: Waiter = {
        begin: () => {
          end();
          resolve();
        },
        refuse: (cause) => {
          end();
          reject(cause);
        },
      };
      const drop = (): void => this.#refuse(caller, waiter, clientGone());
      signal?.addEventListener('abort', drop);
      const { wait, noun } = this.#limits;
      const cancelTimer = wait?.timers.after(wait.ms, () =>
        this.#refuse(caller, waiter, busy(`Other ${noun} went on for ${Math.round(wait.ms / 1000)} s`)),
      );
      const own = this.#waiting.get(caller);
      if (own === undefined) this.#waiting.set(caller, [waiter]);
      else own.push(waiter);
      this.#waitingCount += 1;
    });
  }

  /** Refuses the newest work of the caller that has the most, which may be the one that asks. */
  #makePlace(caller: string): void {
    const { noun, running, waiting } = this.#limits;
    const cause = busy(`${running} ${noun} are going on${waiting === 0 ? '' : ` and ${waiting} wait`} already`);
    let [longest, most] = ['', 0];
    for (const [name, { length }] of this.#waiting) if (length > most) [longest, most] = [name, length];
    const own = this.#waiting.get(caller)?.length ?? 0;
    const newest = this.#waiting.get(longest)?.at(-1);
    if (newest === undefined || most <= own + 1) throw cause;
    this.#refuse(longest, newest, cause);
  }

  #refuse(caller: string, waiter: Waiter, cause: CondvestError): void {
    const own = this.#waiting.get(caller) ?? [];
    const index = own.indexOf(waiter);
    if (index < 0) return;
    own.splice(index, 1);
    if (own.length === 0) this.#waiting.delete(caller);
    this.#waitingCount -= 1;
    waiter.refuse(cause);
  }

  /** Takes the oldest work of the caller whose turn it is, and puts the caller behind the others. */
  #next(): Waiter | undefined {
    const [turn] = this.#waiting;
    if (turn === undefined) return undefined;
    const [caller, own] = turn;
    const next = own.shift();
    this.#waiting.delete(caller);
    if (own.length > 0) this.#waiting.set(caller, own);
    this.#waitingCount -= 1;
    return next;
  }

  #leave(caller: string): void {
    const held = (this.#held.get(caller) ?? 0) - 1;
    if (held > 0) this.#held.set(caller, held);
    else this.#held.delete(caller);
  }
}

/** Nobody waits for the answer any more. */
export function clientGone(): CondvestError {
  return new CondvestError({
    code: 'client-gone',
    kind: 'transient',
    message: 'The client disconnected before the response was ready',
  });
}

function busy(message: string): RetryLater {
  return new RetryLater({ code: 'server-busy', message, afterSeconds: 1 });
}
