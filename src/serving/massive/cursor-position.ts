import type { z } from '@hono/zod-openapi';
import { UsageError } from '#base/errors.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { Cursor } from '../http/paging.ts';

/** Returns the position in a cursor. Clients can put anything into one, so it is parsed like any parameter. */
export function positionOf<T>(cursor: Cursor, schema: z.ZodType<T>): T {
  const read = schema.safeParse(cursor.position);
  const hasBars = cursor.versions[DAILY_BARS.name] !== undefined;
  if (read.success && hasBars) return read.data;
  const issue = read.error?.issues[0];
  throw new UsageError({
    code: 'cursor-invalid',
    message: 'This is not a cursor of this route',
    found: issue === undefined ? `no version of ${DAILY_BARS.name}` : issue.path.join('.'),
    ...(issue === undefined ? {} : { allowed: issue.message }),
    action: 'Follow next_url unchanged, or start over without a cursor',
  });
}
