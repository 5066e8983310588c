import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Cancellation of reads. Many functions lie between a request and the statements that it leads to, and none of them has
 * to know: work runs under a signal, and the engine interrupts its statements once that is aborted.
 */

const signals = new AsyncLocalStorage<AbortSignal | undefined>();

/** Runs work whose current statement is interrupted, and whose next ones fail, once the signal is aborted. */
export function cancelable<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return signals.run(signal, work);
}

/** Runs work on behalf of several callers, which goes on whichever of them is canceled. */
export function uncancelable<T>(work: () => Promise<T>): Promise<T> {
  return signals.run(undefined, work);
}

/** Returns the signal of the work that the caller is part of; undefined if it cannot be canceled. */
export function cancellation(): AbortSignal | undefined {
  return signals.getStore();
}
