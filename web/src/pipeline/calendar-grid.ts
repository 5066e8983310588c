import type { SessionRow } from '../api/wire.ts';
import { plusDays, weekdayOf } from '../format.ts';

/** Sessions of a year as a grid: one column per week, one row per weekday from Monday to Friday. */

export interface CalendarCell {
  readonly date: string;
  /** Undefined if the exchange was closed or the date is outside the lake. */
  readonly row: SessionRow | undefined;
}

export interface CalendarWeek {
  /** Monday to Friday; undefined outside the year. */
  readonly days: readonly (CalendarCell | undefined)[];
  /** 1 to 12 in the first week of a month, otherwise undefined. */
  readonly month: number | undefined;
}

const WEEKDAYS = 5;

export function weeksOf(year: number, rows: readonly SessionRow[]): CalendarWeek[] {
  const byDate = new Map(rows.map((row) => [row.session, row]));
  const last = `${year}-12-31`;
  const weeks: CalendarWeek[] = [];
  let monday = mondayOf(`${year}-01-01`);
  let month = 0;
  while (monday <= last) {
    const days = Array.from({ length: WEEKDAYS }, (_, n): CalendarCell | undefined => {
      const date = plusDays(monday, n);
      return date.startsWith(`${year}-`) ? { date, row: byDate.get(date) } : undefined;
    });
    const first = days.find((cell) => cell !== undefined);
    if (first !== undefined) {
      const current = Number(first.date.slice(5, 7));
      weeks.push({ days, month: current === month ? undefined : current });
      month = current;
    }
    monday = plusDays(monday, 7);
  }
  return weeks;
}

function mondayOf(date: string): string {
  return plusDays(date, -((weekdayOf(date) + 6) % 7));
}

/** The cell that a key moves to: the next session in the key's direction, or the first or last one of the year. */
export function nextCell(
  weeks: readonly CalendarWeek[],
  from: { readonly week: number; readonly day: number },
  key: string,
): { readonly week: number; readonly day: number } | undefined {
  if (key === 'Home' || key === 'End') return endOf(weeks, key === 'Home');
  const step = STEPS[key];
  if (step === undefined) return undefined;
  const limit = weeks.length * WEEKDAYS;
  for (let at = from.week * WEEKDAYS + from.day + step; at >= 0 && at < limit; at += step) {
    const place = { week: Math.floor(at / WEEKDAYS), day: at % WEEKDAYS };
    if (weeks[place.week]?.days[place.day]?.row !== undefined) return place;
  }
  return undefined;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  ArrowLeft: -WEEKDAYS,
  ArrowRight: WEEKDAYS,
};

function endOf(weeks: readonly CalendarWeek[], isFirst: boolean): { week: number; day: number } | undefined {
  const places = weeks.flatMap(({ days }, week) =>
    days.flatMap((cell, day) => (cell?.row === undefined ? [] : [{ week, day }])),
  );
  return isFirst ? places[0] : places.at(-1);
}
