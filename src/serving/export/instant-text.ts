import type { InstantMs } from '#base/dates.ts';

/** The last instant that JavaScript's own Date can write. */
const INSTANT_MS_MAX = 8.64e15;

/** `2024-01-02T15:04:05.678Z`; an instant outside the range of dates keeps its number of milliseconds. */
export function instantText(ms: InstantMs): string {
  return Math.abs(ms) <= INSTANT_MS_MAX ? new Date(ms).toISOString() : String(ms);
}
