import { z } from '@hono/zod-openapi';
import { type InstantMs, type IsoDate, MS_PER_DAY, parseIsoDate } from '#base/dates.ts';
import { CURSOR_LENGTH_MAX } from './paging.ts';

/** Parameters that many routes have. The message of each is what is allowed. */

/** A symbol as a path or a query has it; case-sensitive, bounded, printable. */
export const symbolParameter = z
  .string()
  .regex(/^[!-~]{1,32}$/, 'a symbol: 1 to 32 printable characters')
  .openapi({ example: 'AAPL', description: 'Symbol, case-sensitive' });

/**
 * An optional parameter. `read` returns its value, or undefined if the text is not what is allowed. A blank text counts
 * as none.
 */
export function optional<T, Absent>(read: (text: string) => T | undefined, allowed: string, absent: Absent) {
  return z
    .string()
    .optional()
    .transform((given, context): T | Absent => {
      const text = given?.trim() ?? '';
      if (text === '') return absent;
      const value = read(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: allowed });
      return z.NEVER;
    });
}

/** True and false as clients write them: `true`, `True`, `1`. */
export function flag<Absent extends boolean | undefined>(absent: Absent) {
  const read = (text: string): boolean | undefined => {
    const lower = text.toLowerCase();
    if (lower === 'true' || lower === '1') return true;
    return lower === 'false' || lower === '0' ? false : undefined;
  };
  return optional(read, 'true or false', absent).openapi({ type: 'boolean', default: absent });
}

export function whole(bounds: { readonly min: number; readonly max: number; readonly default: number }) {
  const { min, max } = bounds;
  const read = (text: string): number | undefined => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };
  return optional(read, `a whole number from ${min} to ${max}`, bounds.default).openapi({
    type: 'integer',
    minimum: min,
    maximum: max,
    default: bounds.default,
  });
}

/**
 * The length of a page. A larger number than `max` is `max`, as at the vendor: clients that always send the same large
 * number get the longest page there is.
 */
export function pageLimit(bounds: { readonly max: number; readonly default: number }) {
  const { max } = bounds;
  const read = (text: string): number | undefined => {
    const value = /^\d+$/.test(text) ? Math.min(Number(text), max) : 0;
    return value >= 1 ? value : undefined;
  };
  return optional(read, 'a whole number from 1 on', bounds.default).openapi({
    type: 'integer',
    minimum: 1,
    default: bounds.default,
    description: `At most ${max}; a larger number is ${max}`,
  });
}

/** One of some words, whatever their case. */
export function choice<const T extends string>(words: readonly T[], defaultValue: T) {
  const read = (text: string): T | undefined => words.find((word) => word.toLowerCase() === text.toLowerCase());
  return optional(read, words.join(', '), defaultValue).openapi({
    type: 'string',
    enum: [...words],
    default: defaultValue,
  });
}

/** A date as `YYYY-MM-DD`. */
export const dateParameter = z
  .string()
  .transform((text, context): IsoDate => {
    const date = parseIsoDate(text.trim());
    if (date !== undefined) return date;
    context.addIssue({ code: 'custom', message: 'a date as YYYY-MM-DD' });
    return z.NEVER;
  })
  .openapi({ type: 'string', format: 'date', example: '2024-01-02' });

export const optionalDate = optional(parseIsoDate, 'a date as YYYY-MM-DD', undefined).openapi({
  type: 'string',
  format: 'date',
});

/** Instants beyond these are no dates of ours: years 1900 to 2200. */
const INSTANT_MIN = -70 * 366 * MS_PER_DAY;
const INSTANT_MAX = 231 * 366 * MS_PER_DAY;

/** So many digits are no milliseconds of those years: nanoseconds, as the vendor's Python client sends a `datetime`. */
const NANOSECONDS = /^\d{17,19}$/;
const NANOSECONDS_A_MS = 1_000_000;

/** The same in the OpenAPI document: a date, milliseconds, or nanoseconds. */
const DATE_OR_MS_TEXT = String.raw`\d{4}-\d{2}-\d{2}|-?\d{1,15}|\d{17,19}`;
export const DATE_OR_MS_PATTERN = `^(${DATE_OR_MS_TEXT})$`;

/** A date, or an instant in epoch milliseconds. */
export type DateOrMs = { readonly date: IsoDate } | { readonly ms: InstantMs };

export function readDateOrMs(text: string): DateOrMs | undefined {
  const date = parseIsoDate(text.trim());
  if (date !== undefined) return { date };
  const isNanoseconds = NANOSECONDS.test(text.trim());
  if (!isNanoseconds && !/^-?\d{1,15}$/.test(text.trim())) return undefined;
  // `20240102` is a date in another notation, not an instant a few hours into 1970.
  if (/^(19|2[01])\d{6}$/.test(text.trim())) return undefined;
  const ms = isNanoseconds ? Math.round(Number(text) / NANOSECONDS_A_MS) : Number(text);
  return ms >= INSTANT_MIN && ms <= INSTANT_MAX ? { ms } : undefined;
}

/** Where a list goes on. An empty one is none. */
export const cursorParameter = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text))
  .openapi({
    type: 'string',
    pattern: '^[A-Za-z0-9_-]*$',
    maxLength: CURSOR_LENGTH_MAX,
    description: 'From `next_url`; it overrides the other parameters with those of page one',
  });

const INSTANT_TEXT = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)`;
const INSTANT = new RegExp(`^${INSTANT_TEXT}$`);

function readInstant(text: string): InstantMs | undefined {
  const read = readDateOrMs(text);
  if (read !== undefined) return 'ms' in read ? read.ms : Date.parse(`${read.date}T23:59:59.999Z`);
  const ms = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  return ms >= INSTANT_MIN && ms <= INSTANT_MAX ? ms : undefined;
}

/** An instant to answer from: a date (its end in UTC), `2024-01-02T15:00:00Z`, or epoch milliseconds. */
export const asOfParameter = optional(
  readInstant,
  'a date, an instant as 2024-01-02T15:00:00Z, or epoch milliseconds',
  undefined,
).openapi({
  type: 'string',
  pattern: `^(${DATE_OR_MS_TEXT}|${INSTANT_TEXT})$`,
  description: 'Answer from what was known at this instant',
});

/** Texts separated by commas, spaces around them allowed; at most `max` of them. */
export function list(max: number) {
  const read = (text: string): readonly string[] | undefined => {
    const items = text.split(',').map((item) => item.trim());
    const given = items.filter((item) => item !== '');
    return given.length <= max ? [...new Set(given)] : undefined;
  };
  return optional(read, `at most ${max} items, separated by commas`, [] as readonly string[]).openapi({
    type: 'string',
    description: `Separated by commas, at most ${max}`,
  });
}
