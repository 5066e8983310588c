import { type EpochDay, isoDate, MS_PER_DAY, toEpochDay, weekdayOf, yearOf } from '#base/dates.ts';
import { CLOSURES } from './closures.ts';
import { type Holiday, holidaysOf } from './holidays.ts';

/** The first session. ADR 2 explains the choice of 1962. */
export const FIRST_SESSION = isoDate('1962-01-02');

/**
 * Returns all session days from 1962-01-02 to the end of a year, ascending: the weekdays that are neither a holiday nor
 * another closure.
 */
export function sessionDaysUpTo(lastYear: number, addedClosures: readonly Holiday[]): Int32Array<ArrayBuffer> {
  const firstDay = toEpochDay(FIRST_SESSION);
  const lastDay = lastDayOf(lastYear);
  const isClosed = new Uint8Array(lastDay - firstDay + 1);
  const close = ({ date }: Holiday): void => {
    // Writing outside the array does nothing, as it should for a closure beyond the horizon.
    isClosed[toEpochDay(date) - firstDay] = 1;
  };
  for (let year = yearOf(FIRST_SESSION); year <= lastYear; year += 1) holidaysOf(year).forEach(close);
  CLOSURES.forEach(close);
  addedClosures.forEach(close);
  const days = new Int32Array(isClosed.length);
  let count = 0;
  let weekday = weekdayOf(firstDay);
  for (let day = firstDay; day <= lastDay; day += 1) {
    if (weekday !== 0 && weekday !== 6 && isClosed[day - firstDay] === 0) {
      days[count] = day;
      count += 1;
    }
    weekday = weekday === 6 ? 0 : weekday + 1;
  }
  return days.slice(0, count);
}

export function lastDayOf(year: number): EpochDay {
  return Date.UTC(year, 11, 31) / MS_PER_DAY;
}
