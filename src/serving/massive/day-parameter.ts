import { z } from '@hono/zod-openapi';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import { newYorkMidnight } from '#market/calendar/new-york-midnight.ts';
import { DATE_OR_MS_PATTERN, optional, readDateOrMs } from '../http/parameters.ts';

const FIRST = '1900-01-01';
const LAST = '2199-12-31';

/** The day that a text means: a date, or an instant in epoch milliseconds, which stands for New York's date then. */
function readDay(text: string): IsoDate | undefined {
  const read = readDateOrMs(text);
  if (read === undefined) return undefined;
  const date = 'date' in read ? read.date : newYorkAt(read.ms).date;
  return date >= FIRST && date <= LAST ? date : undefined;
}

const ALLOWED = `a day as YYYY-MM-DD or in epoch milliseconds, from ${FIRST} to ${LAST}`;

export const dayParameter = z
  .string()
  .transform((text, context): IsoDate => {
    const date = readDay(text);
    if (date !== undefined) return date;
    context.addIssue({ code: 'custom', message: ALLOWED });
    return z.NEVER;
  })
  .openapi({
    type: 'string',
    pattern: DATE_OR_MS_PATTERN,
    example: '2024-01-02',
    description: 'A date, or epoch milliseconds',
  });

function readInstant(text: string): InstantMs | undefined {
  const [date, read] = [readDay(text), readDateOrMs(text)];
  if (date === undefined || read === undefined) return undefined;
  return 'ms' in read ? read.ms : newYorkMidnight(date);
}

/** An instant in epoch milliseconds, or the midnight in New York with which a day begins. */
export const optionalInstant = optional(readInstant, ALLOWED, undefined).openapi({
  type: 'string',
  pattern: DATE_OR_MS_PATTERN,
  description: 'A date, or epoch milliseconds',
});
