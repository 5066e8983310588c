/** Numbers, dates and times as text. Session dates are calendar dates without a zone; instants are in Eastern Time. */

const DASH = '–';
const MINUS = '\u2212';

/** A price with two decimals, or four below one dollar. */
export function price(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  return priceWithDigits(value, Math.abs(value) < 1 ? 4 : 2);
}

/** A label on a price axis, with the decimals of the whole axis. Empty below zero, where no price is. */
export function axisPrice(value: number, digits: number): string {
  return value < 0 ? '' : priceWithDigits(value, digits);
}

function priceWithDigits(value: number, digits: number): string {
  return value
    .toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace('-', MINUS);
}

/** A number at full precision. */
export function exact(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : String(value);
}

export function integer(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : Math.round(value).toLocaleString('en-US');
}

export function compact(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  return value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: value < 1000 ? 0 : 2 });
}

/** `+1.20`, `−0.35`: signed, so that the direction never depends on color alone. */
export function signed(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined) return DASH;
  const text = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  if (Number(text.replaceAll(',', '')) === 0) return text;
  return `${value < 0 ? MINUS : '+'}${text}`;
}

/** `−14.60%`. */
export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : `${signed(value)}%`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** `24 Nov 2026` for `2026-11-24`. */
export function day(date: string | null | undefined): string {
  if (date === null || date === undefined) return DASH;
  const [year = '', month = '', dayOfMonth = ''] = date.split('-');
  return `${Number(dayOfMonth)} ${MONTHS[Number(month) - 1] ?? month} ${year}`;
}

/** `2 Nov 2026 – 24 Nov 2026`. */
export function dayRange(from: string | null | undefined, to: string | null | undefined): string {
  return `${day(from)} – ${day(to)}`;
}

/** `Tue 24 Nov 2026`. */
export function weekdayAndDay(date: string): string {
  return `${WEEKDAYS[weekdayOf(date)] ?? ''} ${day(date)}`;
}

/** 0 for Sunday. */
export function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

export function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Number of days from Monday to Friday, both ends included: at least the number of sessions. */
export function weekdaysBetween(from: string, to: string): number {
  const days = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
  if (days <= 0) return 0;
  const weeks = Math.floor(days / 7);
  let count = weeks * 5;
  for (let n = weeks * 7; n < days; n++) if (((weekdayOf(from) + n) % 7) % 6 !== 0) count += 1;
  return count;
}

/** A date minus calendar months. A day that the month does not have, such as 30 February, rolls over to the next month. */
export function minusMonths(date: string, months: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCMonth(at.getUTCMonth() - months);
  return at.toISOString().slice(0, 10);
}

const EASTERN = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** Date in New York at an instant. */
export function newYorkDate(ms: number = Date.now()): string {
  return NEW_YORK_DATE.format(ms);
}

const NEW_YORK_DATE = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The last instant of a day in New York, as ISO text. Undefined without a day. */
export function endOfDay(date: string | undefined): string | undefined {
  if (date === undefined) return undefined;
  // Midnight in New York is 04:00 or 05:00 UTC.
  const next = plusDays(date, 1);
  const midnight = [4, 5].map((hour) => Date.parse(`${next}T0${hour}:00:00Z`)).find((ms) => newYorkDate(ms) === next);
  return new Date((midnight ?? Date.parse(`${next}T05:00:00Z`)) - 1).toISOString();
}

/** An instant in Eastern Time, the exchange's zone: `24 Nov 2026, 16:05 ET`. */
export function instant(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return DASH;
  const { day, month, year, hour, minute } = Object.fromEntries(
    EASTERN.formatToParts(ms).map(({ type, value }) => [type, value]),
  );
  return `${day} ${month} ${year}, ${hour}:${minute} ET`;
}

/** `320 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const SOURCES: Readonly<Record<string, string>> = {
  simulated: 'Simulated market',
  massive: 'Massive',
  'flat-files': 'Flat files',
  import: 'Import',
};

/** Display name of a data source; sources named by the user keep their names. */
export function sourceName(source: string | null): string {
  return source === null ? 'Not recorded' : (SOURCES[source] ?? source);
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 row`, `2,000 rows`. */
export function plural(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}
