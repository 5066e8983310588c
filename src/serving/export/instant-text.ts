import type { InstantMs } from '#base/dates.ts';

/** The last instant that JavaScript's own Date can write. */
const INSTANT_MS_MAX = 8.64e15;

/**
 * Rows of one session arrived together, and a year's file has its sessions over and over: making the text of an instant costs as much
 * as all the rest of a row, looking it up hardly anything.
 */
const known = new Map<InstantMs, string>();
const KNOWN_MAX = 4096;

/** `2024-01-02T15:04:05.678Z`; an instant outside the range of dates keeps its number of milliseconds. */
export function instantText(ms: InstantMs): string {
  let text = known.get(ms);
  if (text === undefined) {
    text = Math.abs(ms) <= INSTANT_MS_MAX ? new Date(ms).toISOString() : String(ms);
    if (known.size === KNOWN_MAX) known.clear();
    known.set(ms, text);
  }
  return text;
}
