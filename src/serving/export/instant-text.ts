import type { InstantMs } from '#base/dates.ts';

/** The last instant that JavaScript's own Date can write. */
const INSTANT_MS_MAX = 8.64e15;
const TEXTS_MAX = 4096;

/** Returns `2024-01-02T15:04:05.678Z`; for an instant outside the range of dates, its number of milliseconds. */
export function instantText(ms: InstantMs): string {
  return Math.abs(ms) <= INSTANT_MS_MAX ? new Date(ms).toISOString() : String(ms);
}

/**
 * Returns `instantText` for one pass over rows. Rows of a session arrived together and a year's file repeats its sessions, so texts
 * are memoized: formatting an instant costs as much as the rest of a row.
 */
export function instantTexts(): (ms: InstantMs) => string {
  const texts = new Map<InstantMs, string>();
  return (ms) => {
    let text = texts.get(ms);
    if (text === undefined) {
      text = instantText(ms);
      if (texts.size === TEXTS_MAX) texts.clear();
      texts.set(ms, text);
    }
    return text;
  };
}
