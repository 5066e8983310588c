import { assert } from '#base/assert.ts';
import { type EpochDay, fromEpochDay, type IsoDate, MS_PER_DAY, toEpochDay } from '#base/dates.ts';

/**
 * Windows of calendar time, as the vendor lays them: they begin where a query begins, so that other queries have other windows.
 * (Windows of N sessions, whose boundaries never move, are in `window.ts`.)
 */

/** What windows are counted in. Weeks begin on Sunday. */
export type CalendarUnit = 'day' | 'week' | 'month' | 'quarter' | 'year';

export const CALENDAR_UNITS: readonly CalendarUnit[] = ['day', 'week', 'month', 'quarter', 'year'];

/** 1970-01-01, day 0, was a Thursday: its week began four days earlier. */
const SUNDAY_OFFSET = 4;

const MONTHS: Readonly<Record<'month' | 'quarter' | 'year', number>> = { month: 1, quarter: 3, year: 12 };

/** Windows of `multiplier` units, the first of which begins with the unit that `anchor` lies in. Immutable. */
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

  /** The window that a date lies in: 0 is the one at the anchor, those before it are negative. */
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

/** Units since 1970, of any kind: whole numbers without a gap. */
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
