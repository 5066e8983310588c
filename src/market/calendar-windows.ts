import { assert } from '#base/assert.ts';
import { type EpochDay, fromEpochDay, type IsoDate, MS_PER_DAY, toEpochDay } from '#base/dates.ts';

/**
 * Calendar windows as the vendor defines them: they begin where a query begins, so different queries have different
 * windows. (Session windows, whose boundaries never move, are in `window.ts`.)
 */

/** Units of calendar windows. Weeks begin on Sunday. */
export type CalendarUnit = 'day' | 'week' | 'month' | 'quarter' | 'year';

export const CALENDAR_UNITS: readonly CalendarUnit[] = ['day', 'week', 'month', 'quarter', 'year'];

/** 1970-01-01, day 0, was a Thursday, so its week began four days earlier. */
const SUNDAY_OFFSET = 4;

const MONTHS: Readonly<Record<'month' | 'quarter' | 'year', number>> = { month: 1, quarter: 3, year: 12 };

/** Windows of `multiplier` units. The first one begins with the unit that contains `anchor`. Immutable. */
export class CalendarWindows {
  readonly #unit: CalendarUnit;
  readonly #multiplier: number;
  readonly #anchorUnit: number;

  constructor(unit: CalendarUnit, multiplier: number, anchor: IsoDate) {
    assert(Number.isInteger(multiplier) && multiplier >= 1, `windows of ${multiplier} ${unit}s`);
    this.#unit = unit;
    this.#multiplier = multiplier;
    this.#anchorUnit = unitOf(unit, anchor);
  }

  /** Returns the window that contains a date: 0 is the one at the anchor, earlier ones are negative. */
  numberOf(date: IsoDate): number {
    return Math.floor((unitOf(this.#unit, date) - this.#anchorUnit) / this.#multiplier);
  }

  firstDayOf(window: number): IsoDate {
    return fromEpochDay(startOf(this.#unit, this.#anchorUnit + window * this.#multiplier));
  }

  lastDayOf(window: number): IsoDate {
    return fromEpochDay(startOf(this.#unit, this.#anchorUnit + (window + 1) * this.#multiplier) - 1);
  }
}

/** Returns the number of units since 1970: consecutive integers. */
function unitOf(unit: CalendarUnit, date: IsoDate): number {
  if (unit === 'day') return toEpochDay(date);
  if (unit === 'week') return Math.floor((toEpochDay(date) + SUNDAY_OFFSET) / 7);
  const month = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
  return Math.floor(month / MONTHS[unit]);
}

function startOf(unit: CalendarUnit, number: number): EpochDay {
  if (unit === 'day') return number;
  if (unit === 'week') return number * 7 - SUNDAY_OFFSET;
  const month = number * MONTHS[unit];
  return Date.UTC(Math.floor(month / 12), month % 12, 1) / MS_PER_DAY;
}
