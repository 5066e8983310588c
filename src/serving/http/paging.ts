import { UsageError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import { isSoundText } from '#base/sound-text.ts';
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
