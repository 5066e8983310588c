import { OVER_BOUND, type Reply } from './reply.ts';

/** After so many consecutive failures the source counts as unavailable, and the remaining sessions wait. */
const FAILURES_MAX = 3;
/** After so many consecutive unreadable replies the source itself must have changed. */
const UNREADABLE_MAX = 16;

/** Decides from the replies of a source, in order of arrival, whether requesting more sessions is useful. */
export class SourceHealth {
  #failures = 0;
  #unreadable = 0;
  #isOver = false;

  take(reply: Reply): void {
    // Older sessions are outside the plan, too.
    if (reply.kind === 'beyond-plan') this.#isOver = true;
    if (reply.kind !== 'failed') {
      this.#failures = 0;
      this.#unreadable = 0;
      return;
    }
    const { code, kind } = reply.error;
    // The source replied; we rejected the session.
    if (code === OVER_BOUND) return;
    // An unreadable reply concerns one session.
    if (kind === 'corrupt') this.#unreadable += 1;
    else this.#failures += 1;
  }

  mayAsk(): boolean {
    return !this.#isOver && this.#failures < FAILURES_MAX && this.#unreadable < UNREADABLE_MAX;
  }
}
