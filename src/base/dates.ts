/**
 * Calendar dates without a time or a zone. A session date is a bar's identity, so it is kept as the ISO text that every
 * table, file and protocol shows (`2024-01-02`): it sorts and compares as text. Arithmetic goes through the epoch day.
 */

declare const isoDateBrand: unique symbol;
/** An existing calendar date as `YYYY-MM-DD`, years 0001 to 9999. Made by `isoDate`, `parseIsoDate` or `fromEpochDay`. */
export type IsoDate = string & { readonly [isoDateBrand]: true };

/** Whole days since 1970-01-01, which is 0. */
export type EpochDay = number;

/** An instant: whole milliseconds since 1970-01-01T00:00:00Z. */
export type InstantMs = number;

export const MS_PER_DAY = 86_400_000;

const SHAPE = /^\d{4}-\d{2}-\d{2}$/;

/** The date in `text`, or undefined where `text` is not an existing date as `YYYY-MM-DD`. */
export function parseIsoDate(text: string): IsoDate | undefined {
  if (!SHAPE.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(ms)) return undefined;
  return new Date(ms).toISOString().startsWith(text) ? (text as IsoDate) : undefined;
}

/** The date in `text`, which the program itself wrote. Throws a RangeError on anything else: use `parseIsoDate` on input. */
export function isoDate(text: string): IsoDate {
  const date = parseIsoDate(text);
  if (date === undefined) throw new RangeError(`not a date as YYYY-MM-DD: ${text}`);
  return date;
}

export function toEpochDay(date: IsoDate): EpochDay {
  return Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY;
}

export function fromEpochDay(day: EpochDay): IsoDate {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10) as IsoDate;
}

export function addDays(date: IsoDate, days: number): IsoDate {
  return fromEpochDay(toEpochDay(date) + days);
}

/** 0 is Sunday, 6 is Saturday. */
export function dayOfWeek(date: IsoDate): number {
  return (((toEpochDay(date) + 4) % 7) + 7) % 7;
}

export function yearOf(date: IsoDate): number {
  return Number(date.slice(0, 4));
}
