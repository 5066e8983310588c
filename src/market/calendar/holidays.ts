import { type EpochDay, fromEpochDay, type IsoDate, MS_PER_DAY, weekdayOf } from '#base/dates.ts';

/**
 * Holidays and scheduled early closes of the New York Stock Exchange by rule, 1962 onwards.
 *
 * Sources: the exchange's Rule 7.2 (Rule 51 before) and its published lists of holidays and of special closings since
 * 1885. Each rule lists the years in which it applied. Checked day by day, 1962 to 2028, against two independent
 * calendars (`exchange_calendars` 4.13, `pandas_market_calendars` 5); see `docs/reference/calendar.md`.
 */

/** A day on which the exchange is closed, or closes early. */
export interface Holiday {
  /** The day *observed*, which may differ from the day celebrated. */
  readonly date: IsoDate;
  readonly name: string;
}

const SUNDAY = 0;
const MONDAY = 1;
const THURSDAY = 4;
const SATURDAY = 6;

const JANUARY = 1;
const FEBRUARY = 2;
const MAY = 5;
const JUNE = 6;
const JULY = 7;
const SEPTEMBER = 9;
const NOVEMBER = 11;
const DECEMBER = 12;

/** Returns the holidays observed in one year, ascending. None falls on a weekend. */
export function holidaysOf(year: number): Holiday[] {
  const holidays: Holiday[] = [];
  const add = (name: string, day: EpochDay | undefined): void => {
    if (day !== undefined) holidays.push({ date: fromEpochDay(day), name });
  };
  add("New Year's Day", newYearsDay(year));
  if (year >= 1998) add('Martin Luther King Jr. Day', nthWeekday(year, JANUARY, MONDAY, 3));
  add("Washington's Birthday", washingtonsBirthday(year));
  add('Good Friday', easterSunday(year) - 2);
  add('Memorial Day', memorialDay(year));
  // A federal holiday since June 2021; the exchange has observed it since the following year.
  if (year >= 2022) add('Juneteenth', nearestWeekday(dayOf(year, JUNE, 19)));
  add('Independence Day', nearestWeekday(dayOf(year, JULY, 4)));
  add('Labor Day', nthWeekday(year, SEPTEMBER, MONDAY, 1));
  add('Election Day', electionDay(year));
  add('Thanksgiving Day', thanksgiving(year));
  add('Christmas Day', nearestWeekday(dayOf(year, DECEMBER, 25)));
  return holidays;
}

/**
 * Returns the scheduled early closes of one year, ascending: at 14:00 up to 1992, at 13:00 from 1993. They do not
 * include snowstorms, power failures or circuit breakers, nor the weeks of shortened hours in 1966 to 1970 and in 1987.
 * Before 1993, sources differ on Christmas Eves; those on which all agree are included. The result may include days on
 * which the exchange is closed entirely.
 */
export function earlyClosesOf(year: number): Holiday[] {
  const closes: Holiday[] = [];
  const add = (name: string, day: EpochDay): void => {
    closes.push({ date: fromEpochDay(day), name });
  };
  const third = dayOf(year, JULY, 3);
  const weekday = weekdayOf(third);
  if (year >= 1993 && weekday >= MONDAY && weekday <= THURSDAY) {
    // When Independence Day is a Thursday, the half-day was the Friday after it up to 2012, and is the Wednesday before
    // it since.
    if (weekday + 1 === THURSDAY && year <= 2012) add('Day after Independence Day', third + 2);
    else add('Day before Independence Day', third);
  }
  if (year >= 1992) add('Day after Thanksgiving', thanksgiving(year) + 1);
  const eve = dayOf(year, DECEMBER, 24);
  const eveIsShort = year >= 1990 || year === 1974 || year === 1975;
  if (eveIsShort && weekdayOf(eve) >= MONDAY && weekdayOf(eve) <= THURSDAY) add('Christmas Eve', eve);
  if (year === 1997 || year === 2003) add('Day after Christmas', dayOf(year, DECEMBER, 26));
  if (year === 1999) add('Eve of the year 2000', dayOf(year, DECEMBER, 31));
  return closes;
}

/**
 * On a Sunday it is observed on Monday; on a Saturday not at all, since the Friday before ends the accounting year.
 */
function newYearsDay(year: number): EpochDay | undefined {
  const day = dayOf(year, JANUARY, 1);
  if (weekdayOf(day) === SATURDAY) return undefined;
  return weekdayOf(day) === SUNDAY ? day + 1 : day;
}

/** February 22; from 1971, by the Uniform Monday Holiday Act, the third Monday in February. */
function washingtonsBirthday(year: number): EpochDay {
  return year >= 1971 ? nthWeekday(year, FEBRUARY, MONDAY, 3) : nearestWeekday(dayOf(year, FEBRUARY, 22));
}

/** May 30; from 1971, the last Monday in May. In 1970 it fell on a Saturday and was not observed. */
function memorialDay(year: number): EpochDay | undefined {
  if (year >= 1971) {
    const last = dayOf(year, MAY, 31);
    return last - ((weekdayOf(last) - MONDAY + 7) % 7);
  }
  return year === 1970 ? undefined : nearestWeekday(dayOf(year, MAY, 30));
}

/**
 * The Tuesday after the first Monday in November: every year up to 1968, then in presidential election years up to
 * 1980.
 */
function electionDay(year: number): EpochDay | undefined {
  const isKept = year <= 1968 || (year <= 1980 && year % 4 === 0);
  return isKept ? nthWeekday(year, NOVEMBER, MONDAY, 1) + 1 : undefined;
}

function thanksgiving(year: number): EpochDay {
  return nthWeekday(year, NOVEMBER, THURSDAY, 4);
}

/** A holiday on a Saturday is observed on Friday, one on a Sunday on Monday. */
function nearestWeekday(day: EpochDay): EpochDay {
  if (weekdayOf(day) === SATURDAY) return day - 1;
  return weekdayOf(day) === SUNDAY ? day + 1 : day;
}

function nthWeekday(year: number, month: number, weekday: number, nth: number): EpochDay {
  const first = dayOf(year, month, 1);
  return first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (nth - 1);
}

/** Gregorian Easter, by the algorithm of Meeus, Jones and Butcher (J. Meeus, "Astronomical Algorithms", chapter 8). */
function easterSunday(year: number): EpochDay {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return dayOf(year, Math.floor(n / 31), (n % 31) + 1);
}

/** `month` counts from 1. */
function dayOf(year: number, month: number, dayOfMonth: number): EpochDay {
  return Date.UTC(year, month - 1, dayOfMonth) / MS_PER_DAY;
}

/** Returns whether the exchange never trades on this day of the week. Its Saturday sessions ended in 1952. */
export function isWeekend(day: EpochDay): boolean {
  const weekday = weekdayOf(day);
  return weekday === SATURDAY || weekday === SUNDAY;
}
