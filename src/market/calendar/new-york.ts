import { type InstantMs, type IsoDate, MS_PER_DAY, parseIsoDate } from '#base/dates.ts';

/**
 * New York's clock, by the time zone database that comes with the JavaScript engine: right across daylight-saving changes
 * of every year, and the same whatever zone the machine is set to.
 */

const WALL_CLOCK = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** New York's date and time of day, in minutes after midnight, at an instant. */
export function newYorkAt(instantMs: InstantMs): { date: IsoDate; minute: number } {
  const wallMs = instantMs + offsetMs(instantMs);
  const date = parseIsoDate(new Date(wallMs).toISOString().slice(0, 10));
  if (date === undefined) throw new RangeError(`instant out of range: ${instantMs}`);
  return { date, minute: Math.floor((((wallMs % MS_PER_DAY) + MS_PER_DAY) % MS_PER_DAY) / 60_000) };
}

/**
 * The instant at which New York's clocks show `minute` minutes after midnight of `date`. The clocks change at 02:00 on
 * Sundays; a minute that they skip is taken as if they had not changed yet.
 */
export function newYorkInstant(date: IsoDate, minute: number): InstantMs {
  const wallMs = Date.parse(`${date}T00:00:00Z`) + minute * 60_000;
  // The offset is four or five hours behind; asking at the first guess and once more settles the hours around a change.
  const guessMs = wallMs - offsetMs(wallMs);
  return wallMs - offsetMs(guessMs);
}

/** What must be added to UTC to get New York's wall clock: minus four or minus five hours. */
function offsetMs(instantMs: InstantMs): number {
  const part: Record<string, number> = {};
  for (const { type, value } of WALL_CLOCK.formatToParts(instantMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return wallMs - Math.floor(instantMs / 1000) * 1000;
}
