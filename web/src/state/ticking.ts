import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** The time of day for things that are still going on. */
export const nowMs = signal(Date.now());

const EVERY_MS = 500;

/** Keeps `nowMs` going while `isNeeded`. */
export function useTicking(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return;
    const timer = setInterval(() => {
      nowMs.value = Date.now();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [isNeeded]);
}
