import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Current time, for durations of work in progress. */
export const nowMs = signal(Date.now());

const UPDATE_MS = 500;

/** Keeps `nowMs` up to date while `isRunning`. */
export function useClock(isRunning: boolean): void {
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => {
      nowMs.value = Date.now();
    }, UPDATE_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
}
