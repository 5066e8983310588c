import { fromEpochDay, type InstantMs, type IsoDate, MS_PER_DAY, toEpochDay } from '#base/dates.ts';

/**
 * New York time from the JavaScript engine's time zone database: correct under the daylight-saving rules of every year,
 * and independent of the machine's time zone.
 */

const MS_PER_MINUTE = 60_000;

let wallClock: Intl.DateTimeFormat | undefined;

/** Returns the formatter of New York time. It is made when first needed: loading the time zones takes 20 ms. */
function wallClockFormat(): Intl.DateTimeFormat {
  wallClock ??= new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/New_York',
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return wallClock;
}

/** Returns the New York date and time of day, in whole minutes after midnight, at an instant. */
export function newYorkAt(instantMs: InstantMs): { readonly date: IsoDate; readonly minute: number } {
  const wallMs = instantMs + offsetMs(instantMs);
  const day = Math.floor(wallMs / MS_PER_DAY);
  return { date: fromEpochDay(day), minute: Math.floor((wallMs - day * MS_PER_DAY) / MS_PER_MINUTE) };
}

/**
 * Returns the instant at which New York clocks show `minute` minutes after midnight of `date`. Of a minute that occurs
 * twice, the first is meant; one that is skipped is taken as an hour later.
 */
export function newYorkInstant(date: IsoDate, minute: number): InstantMs {
  const wallMs = toEpochDay(date) * MS_PER_DAY + minute * MS_PER_MINUTE;
  const daylightMs = wallMs + 240 * MS_PER_MINUTE;
  const standardMs = wallMs + 300 * MS_PER_MINUTE;
  return daylightMs + offsetMs(daylightMs) === wallMs ? daylightMs : standardMs;
}

/**
 * Offsets by UTC month, for months with a single offset. Formatting costs microseconds, and there are thousands of
 * sessions.
 */
const offsetsOfMonths = new Map<number, number>();
const MONTHS_MAX = 4096;
const HOURS_MAX = 4096;
const MS_PER_HOUR = 60 * MS_PER_MINUTE;
const VARIES = Number.NaN;
/** Offsets by UTC hour in months with both: the clocks change on the hour. */
const offsetsOfHours = new Map<number, number>();

/** Returns the offset from UTC to New York wall-clock time: minus four or minus five hours. */
function offsetMs(instantMs: InstantMs): number {
  const date = new Date(instantMs);
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
  let offset = offsetsOfMonths.get(month);
  if (offset === undefined) {
    const first = formattedOffsetMs(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1));
    const next = formattedOffsetMs(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1));
    // The clocks never change twice in one month.
    offset = first === next ? first : VARIES;
    if (offsetsOfMonths.size >= MONTHS_MAX) offsetsOfMonths.clear();
    offsetsOfMonths.set(month, offset);
  }
  return Number.isNaN(offset) ? offsetOfHour(instantMs) : offset;
}

function offsetOfHour(instantMs: InstantMs): number {
  const hour = Math.floor(instantMs / MS_PER_HOUR);
  let offset = offsetsOfHours.get(hour);
  if (offset === undefined) {
    offset = formattedOffsetMs(hour * MS_PER_HOUR);
    if (offsetsOfHours.size >= HOURS_MAX) offsetsOfHours.clear();
    offsetsOfHours.set(hour, offset);
  }
  return offset;
}

function formattedOffsetMs(instantMs: InstantMs): number {
  const part: Record<string, number> = {};
  for (const { type, value } of wallClockFormat().formatToParts(instantMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1000) * 1000;
}
