import { addDays, dayOfWeek, fromEpochDay, type IsoDate, isoDate } from '#base/dates.ts';

/**
 * Holidays of the New York Stock Exchange by rule, 1962 onwards. Source: the exchange's Rule 7.2 (earlier Rule 51) and its
 * published list of closings; the years in which each rule held are given beside it. Dates are the days *observed*.
 */

export interface Holiday {
  readonly date: IsoDate;
  readonly name: string;
}

const SUNDAY = 0;
const MONDAY = 1;
const TUESDAY = 2;
const THURSDAY = 4;
const FRIDAY = 5;
const SATURDAY = 6;

/** The holidays of one year, ascending. A date may fall on a weekend, where it changes nothing. */
export function holidaysOf(year: number): Holiday[] {
  const holidays: Holiday[] = [];
  const add = (name: string, date: IsoDate | undefined): void => {
    if (date !== undefined) holidays.push({ date, name });
  };
  add("New Year's Day", newYearsDay(year));
  // 1998 on: third Monday of January.
  if (year >= 1998) add('Martin Luther King Jr. Day', nthWeekday(year, 1, MONDAY, 3));
  // Uniform Monday Holiday Act, from 1971: third Monday of February; 22 February before.
  add("Washington's Birthday", year >= 1971 ? nthWeekday(year, 2, MONDAY, 3) : nearestWeekday(day(year, 2, 22)));
  add('Good Friday', addDays(easterSunday(year), -2));
  add('Memorial Day', memorialDay(year));
  // From 2022.
  if (year >= 2022) add('Juneteenth', nearestWeekday(day(year, 6, 19)));
  add('Independence Day', nearestWeekday(day(year, 7, 4)));
  add('Labor Day', nthWeekday(year, 9, MONDAY, 1));
  // Every general election day up to 1968, then only those of presidential years, up to 1980.
  if (year <= 1968 || (year <= 1980 && year % 4 === 0))
    add('Election Day', addDays(nthWeekday(year, 11, MONDAY, 1), 1));
  add('Thanksgiving Day', thanksgiving(year));
  add('Christmas Day', nearestWeekday(day(year, 12, 25)));
  return holidays;
}

/**
 * Sessions of one year that end early by rule, and those that did so once. At 14:00 up to 1992 (as far as known), at 13:00
 * from 1993. A date that is no session in its year is to be ignored.
 */
export function earlyClosesOf(year: number): Holiday[] {
  const closes: Holiday[] = [];
  if (year >= 1992) closes.push({ date: addDays(thanksgiving(year), 1), name: 'Day after Thanksgiving' });
  if (year >= 1993) {
    const third = day(year, 7, 3);
    const weekday = dayOfWeek(third);
    // Independence Day on a Thursday gave the Friday after it an early close up to 2012, the Wednesday before it from 2013.
    if (weekday === 3 && year < 2013) closes.push({ date: day(year, 7, 5), name: 'Day after Independence Day' });
    else if (weekday >= MONDAY && weekday <= THURSDAY)
      closes.push({ date: third, name: 'Day before Independence Day' });
  }
  const eve = day(year, 12, 24);
  const eveCloses = year >= 1990 || (year >= 1985 && year <= 1987);
  if (eveCloses && dayOfWeek(eve) >= MONDAY && dayOfWeek(eve) <= THURSDAY)
    closes.push({ date: eve, name: 'Christmas Eve' });
  const once = EARLY_CLOSES_ONCE[year];
  if (once !== undefined) closes.push(once);
  return closes;
}

const EARLY_CLOSES_ONCE: Readonly<Record<number, Holiday>> = {
  1997: { date: isoDate('1997-12-26'), name: 'Day after Christmas' },
  1999: { date: isoDate('1999-12-31'), name: 'Eve of the year 2000' },
  2003: { date: isoDate('2003-12-26'), name: 'Day after Christmas' },
};

/** On a Sunday it is kept on Monday; on a Saturday not at all, since Friday ends the accounting year. */
function newYearsDay(year: number): IsoDate | undefined {
  const date = day(year, 1, 1);
  if (dayOfWeek(date) === SATURDAY) return undefined;
  return dayOfWeek(date) === SUNDAY ? addDays(date, 1) : date;
}

/** 30 May, kept on the nearest weekday up to 1969; a Saturday in 1970 and not kept; the last Monday of May from 1971. */
function memorialDay(year: number): IsoDate | undefined {
  if (year >= 1971) {
    const last = day(year, 5, 31);
    return addDays(last, -((dayOfWeek(last) + 6) % 7));
  }
  return year === 1970 ? undefined : nearestWeekday(day(year, 5, 30));
}

function thanksgiving(year: number): IsoDate {
  return nthWeekday(year, 11, THURSDAY, 4);
}

/** A Saturday's holiday is kept on Friday, a Sunday's on Monday. */
function nearestWeekday(date: IsoDate): IsoDate {
  if (dayOfWeek(date) === SATURDAY) return addDays(date, -1);
  return dayOfWeek(date) === SUNDAY ? addDays(date, 1) : date;
}

function nthWeekday(year: number, month: number, weekday: number, nth: number): IsoDate {
  const first = day(year, month, 1);
  return addDays(first, ((weekday - dayOfWeek(first) + 7) % 7) + 7 * (nth - 1));
}

/** Gregorian Easter (Meeus, Jones and Butcher). */
function easterSunday(year: number): IsoDate {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return day(year, Math.floor(n / 31), (n % 31) + 1);
}

function day(year: number, month: number, dayOfMonth: number): IsoDate {
  return fromEpochDay(Date.UTC(year, month - 1, dayOfMonth) / 86_400_000);
}

/** Election Day is a Tuesday, Good Friday a Friday: stated here so that a slip in the arithmetic above cannot pass. */
export const FIXED_WEEKDAYS: Readonly<Record<string, number>> = {
  'Martin Luther King Jr. Day': MONDAY,
  'Good Friday': FRIDAY,
  'Labor Day': MONDAY,
  'Election Day': TUESDAY,
  'Thanksgiving Day': THURSDAY,
};
