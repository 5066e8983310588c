/** Numbers and dates for people. Session dates are calendar days, so they are never moved into a zone. */

const DASH = '–';
const MINUS = '\u2212';

/** A price in dollars: two digits, four below a dollar. */
export function price(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  const digits = Math.abs(value) < 1 ? 4 : 2;
  return value
    .toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace('-', MINUS);
}

/** As exact as it is kept, for tables that are compared with others. */
export function exact(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : String(value);
}

export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : Math.round(value).toLocaleString('en-US');
}

export function compact(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  return value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: value < 1000 ? 0 : 2 });
}

/** `+1.20`, `−0.35`: the sign says what the colour says. */
export function signed(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined) return DASH;
  const text = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  if (Number(text.replaceAll(',', '')) === 0) return text;
  return `${value < 0 ? MINUS : '+'}${text}`;
}

export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : `${signed(value)} %`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** `24 Nov 2026` of `2026-11-24`. */
export function day(date: string | null | undefined): string {
  if (date === null || date === undefined) return DASH;
  const [year = '', month = '', dayOfMonth = ''] = date.split('-');
  return `${Number(dayOfMonth)} ${MONTHS[Number(month) - 1] ?? month} ${year}`;
}

/** `Tue 24 Nov 2026`. */
export function weekdayAndDay(date: string): string {
  return `${WEEKDAYS[weekdayOf(date)] ?? ''} ${day(date)}`;
}

/** 0 is Sunday. */
export function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

export function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Years earlier, by the calendar; 29 February becomes 1 March. */
export function minusMonths(date: string, months: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCMonth(at.getUTCMonth() - months);
  return at.toISOString().slice(0, 10);
}

/** An instant on the reader's own clock: `24 Nov 2026, 21:05`. */
export function instant(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return DASH;
  const at = new Date(ms);
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ''} ${at.getFullYear()}, ${clock(ms)}`;
}

export function clock(ms: number): string {
  const at = new Date(ms);
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
}

/** `320 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}
