import type { z } from '@hono/zod-openapi';
import { UsageError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import { isSoundText } from '#base/sound-text.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { LakeView } from '../read/view.ts';
import { requesterOf, type Serving, type ServingContext } from './serving.ts';

/**
 * Where the next page goes on. A cursor carries the versions that page one was made from, and the instant when it was made, so
 * that all pages agree whatever is committed meanwhile. To clients it is opaque: base64url without padding.
 */
export interface Cursor {
  readonly versions: Readonly<Record<string, number>>;
  /** When page one was made, epoch milliseconds: for people who look inside. */
  readonly atMs: number;
  /** The request of page one, and where this page begins: whatever the route needs, texts by name. */
  readonly position: Readonly<Record<string, string>>;
}

/** Longer ones are not ours. */
export const CURSOR_LENGTH_MAX = 4096;

export function encodeCursor({ versions, atMs, position }: Cursor): string {
  return Buffer.from(JSON.stringify({ v: versions, t: atMs, p: position })).toString('base64url');
}

/** Throws `cursor-invalid` for a text that is not one of ours. */
export function decodeCursor(text: string): Cursor {
  try {
    if (text.length > CURSOR_LENGTH_MAX) throw new RangeError('too long');
    const read: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!isRecord(read)) throw new TypeError('no object');
    const { v: versions, t: atMs, p: position } = read;
    if (!isRecord(versions) || !Object.values(versions).every((version) => Number.isSafeInteger(version)))
      throw new TypeError('no versions');
    if (!Number.isSafeInteger(atMs)) throw new TypeError('no instant');
    if (
      !isRecord(position) ||
      !Object.values(position).every((value) => typeof value === 'string' && isSoundText(value))
    )
      throw new TypeError('no position');
    return { versions, atMs, position } as Cursor;
  } catch (cause) {
    throw new UsageError({
      code: 'cursor-invalid',
      message: 'This is not a cursor of this server',
      found: text.slice(0, 80),
      action: 'Follow next_url unchanged, or start over without a cursor',
      cause,
    });
  }
}

/**
 * A cursor and where its page begins. Clients can put anything into a cursor, so its position is parsed like any
 * parameter. Throws `cursor-invalid`, also for a cursor of another route.
 */
export function readCursor<Position>(
  text: string,
  schema: z.ZodType<Position>,
): { readonly cursor: Cursor; readonly position: Position } {
  const cursor = decodeCursor(text);
  const read = schema.safeParse(cursor.position);
  const hasBars = cursor.versions[DAILY_BARS.name] !== undefined;
  if (read.success && hasBars) return { cursor, position: read.data };
  const issue = read.error?.issues[0];
  throw new UsageError({
    code: 'cursor-invalid',
    message: 'This is not a cursor of this route',
    found: issue === undefined ? `no version of ${DAILY_BARS.name}` : issue.path.join('.'),
    ...(issue === undefined ? {} : { allowed: issue.message }),
    action: 'Follow next_url unchanged, or start over without a cursor',
  });
}

/** The view of a cursor's page one. Throws `cursor-expired` where vacuum has deleted its versions. */
export async function viewOfCursor(
  c: ServingContext,
  { views }: Pick<Serving, 'views'>,
  cursor: Cursor,
): Promise<LakeView> {
  try {
    return await views.ofVersions(cursor.versions, requesterOf(c));
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new UsageError({
      code: 'cursor-expired',
      message: 'The version of the lake that this cursor refers to no longer exists',
      found: cause.message,
      action: 'Start over without a cursor',
      cause,
    });
  }
}
