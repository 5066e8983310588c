import { type EpochDay, fromEpochDay, type InstantMs, type IsoDate, toEpochDay } from '#base/dates.ts';
import { newYorkInstant } from './new-york.ts';

/** Days whose midnights are cached on first use: 1962 to 2099. A single response contains thousands. */
const FIRST_DAY: EpochDay = -8 * 366;
const LAST_DAY: EpochDay = 130 * 366;

const midnights = new Float64Array(LAST_DAY - FIRST_DAY + 1).fill(Number.NaN);

/** Returns 00:00 New York time on a date. */
export function newYorkMidnight(date: IsoDate): InstantMs {
  const day = toEpochDay(date);
  const kept = midnights[day - FIRST_DAY];
  if (kept !== undefined && !Number.isNaN(kept)) return kept;
  const midnight = newYorkInstant(fromEpochDay(day), 0);
  // Writing outside the array does nothing.
  midnights[day - FIRST_DAY] = midnight;
  return midnight;
}
