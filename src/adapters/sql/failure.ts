import { CondvestError } from '#base/errors.ts';

/** Failures of a database as the program knows them, and which of them are worth another try. */

/** PostgreSQL: serialization failure, deadlock. Aurora DSQL: conflicting commits, a schema that moved. */
const AGAIN_CODES = new Set(['40001', '40P01', 'OC000', 'OC001']);
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_CORRUPT = 11;
const SQLITE_NOT_A_DATABASE = 26;
const UNIQUE_CODES = new Set(['23505', 'SQLITE_CONSTRAINT']);
const SQLITE_CONSTRAINT = 19;

interface DatabaseFailure {
  readonly code?: unknown;
  readonly errcode?: unknown;
  readonly message?: unknown;
}

/** Another transaction was in the way: the same one may succeed now. */
export function isConflict(cause: unknown): boolean {
  const { code, errcode } = cause as DatabaseFailure;
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined;
  return AGAIN_CODES.has(String(code)) || primary === SQLITE_BUSY || primary === SQLITE_LOCKED;
}

/** A row of that key is there already. */
export function isDuplicate(cause: unknown): boolean {
  const { code, errcode } = cause as DatabaseFailure;
  return UNIQUE_CODES.has(String(code)) || (typeof errcode === 'number' && (errcode & 0xff) === SQLITE_CONSTRAINT);
}

/** Any other failure, with where it happened. `place` never holds a password. */
export function databaseError(cause: unknown, place: string): CondvestError {
  if (cause instanceof CondvestError) return cause;
  const { code, errcode, message } = cause as DatabaseFailure;
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined;
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? cause);
  if (primary === SQLITE_CORRUPT || primary === SQLITE_NOT_A_DATABASE) {
    return new CondvestError({
      code: 'operations-corrupt',
      kind: 'corrupt',
      message: 'The file of runs and notices is damaged or no SQLite database',
      found: `${place} (${text})`,
      action: 'Move it away and start again: no market data is in it, only the history of runs and notices',
      cause,
    });
  }
  return new CondvestError({
    code: 'operations-unavailable',
    kind: 'transient',
    message: 'The store of runs and notices cannot be used',
    found: `${place} (${text})`,
    action: 'See that it runs and that its address and access are right',
    cause,
  });
}
