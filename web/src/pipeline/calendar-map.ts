import type { SessionRow } from '../api/wire.ts';
import { plusDays, weekdayOf } from '../format.ts';

/** A year of sessions as a grid: a column a week, a row a weekday from Monday to Friday. */

export interface MapCell {
  readonly date: string;
  /** Undefined: the exchange was closed, or the lake does not reach there. */
  readonly row: SessionRow | undefined;
}

export interface MapWeek {
  /** Monday to Friday; undefined outside the year. */
  readonly days: readonly (MapCell | undefined)[];
  /** 1 to 12 in the first week that begins in a month. */
  readonly month: number | undefined;
}

const WEEKDAYS = 5;

export function weeksOf(year: number, rows: readonly SessionRow[]): MapWeek[] {
  const byDate = new Map(rows.map((row) => [row.session, row]));
  const last = `${year}-12-31`;
  const weeks: MapWeek[] = [];
  let monday = mondayOf(`${year}-01-01`);
  let month = 0;
  while (monday <= last) {
    const days = Array.from({ length: WEEKDAYS }, (_, n): MapCell | undefined => {
      const date = plusDays(monday, n);
      return date.startsWith(`${year}-`) ? { date, row: byDate.get(date) } : undefined;
    });
    const first = days.find((cell) => cell !== undefined);
    if (first !== undefined) {
      const now = Number(first.date.slice(5, 7));
      weeks.push({ days, month: now === month ? undefined : now });
      month = now;
    }
    monday = plusDays(monday, 7);
  }
  return weeks;
}

function mondayOf(date: string): string {
  return plusDays(date, -((weekdayOf(date) + 6) % 7));
}

/** Where an arrow key leads from a cell: the next one in that direction that is a session. */
export function neighbour(
  weeks: readonly MapWeek[],
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

function endOf(weeks: readonly MapWeek[], isFirst: boolean): { week: number; day: number } | undefined {
  const places = weeks.flatMap(({ days }, week) =>
    days.flatMap((cell, day) => (cell?.row === undefined ? [] : [{ week, day }])),
  );
  return isFirst ? places[0] : places.at(-1);
}
