import { OVER_BOUND, type Reply } from './reply.ts';

/** After this many sessions that failed one after the other the source is taken for down, and the rest is left for later. */
const FAILURES_MAX = 3;
/** After this many unreadable replies with no readable one among them it is the source that has changed, and not a session. */
const UNREADABLE_MAX = 16;

/** Whether there is any use in asking a source for more, by what it has said so far. Takes replies in the order in which they come. */
export class SourceHealth {
  #failures = 0;
  #unreadable = 0;
  #isOver = false;

  take(reply: Reply): void {
    // What is older is beyond the plan too.
    if (reply.kind === 'beyond-plan') this.#isOver = true;
    if (reply.kind !== 'failed') {
      this.#failures = 0;
      this.#unreadable = 0;
      return;
    }
    const { code, kind } = reply.error;
    // The source answered, and the session was refused by us.
    if (code === OVER_BOUND) return;
    // A reply that cannot be read is one session's.
    if (kind === 'corrupt') this.#unreadable += 1;
    else this.#failures += 1;
  }

  mayAsk(): boolean {
    return !this.#isOver && this.#failures < FAILURES_MAX && this.#unreadable < UNREADABLE_MAX;
  }
}
