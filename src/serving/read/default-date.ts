import type { InstantMs, IsoDate } from '#base/dates.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { Clock } from '#ports/clock.ts';

/**
 * The day that is asked about where none is named: that of the instant to answer from, or today. `as_of` of a date is the end of
 * that day in UTC, which for some hours is tomorrow in New York: of that nobody can ask yet.
 */
export function defaultDate(clock: Clock, asOfMs: InstantMs | undefined): IsoDate {
  const nowMs = clock.nowMs();
  return newYorkAt(asOfMs === undefined || asOfMs > nowMs ? nowMs : asOfMs).date;
}
