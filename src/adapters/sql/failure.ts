import { AssertionError } from '#base/assert.ts';
import { CondvestError } from '#base/errors.ts';

/** Classifies database failures: which are retried, and which error each becomes. */

/** PostgreSQL: serialization failure, deadlock. Aurora DSQL: conflicting commits, a schema that moved. */
const CONFLICT_STATES = new Set(['40001', '40P01', 'OC000', 'OC001']);
/**
 * PostgreSQL, when two sessions create one table at once, since `if not exists` checks first and creates afterwards:
 * type exists, table exists, catalog row exists or was changed.
 */
const CREATED_STATES = new Set(['42710', '42P07', '23505', 'XX000']);
/** PostgreSQL error classes that a retry would meet again: data, constraint, name or syntax, feature. */
const REFUSED_CLASSES = new Set(['0A', '22', '23', '42']);
const UNIQUE_STATE = '23505';

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOT_A_DATABASE = 26;
const BUGS = [AssertionError, TypeError, RangeError, ReferenceError, SyntaxError];

/** SQLite errors that a retry would meet again: error in the statement, too big, constraint, mismatch, range. */
const SQLITE_REFUSED = new Set([1, 18, 19, 20, 25]);
/** SQLite extended codes: primary key, unique index, row id. */
const SQLITE_UNIQUE = new Set([1555, 2067, 2579]);

interface Failure {
  /** SQLSTATE of PostgreSQL, five characters. */
  readonly state: string | undefined;
  /** Extended result code of SQLite. */
  readonly sqlite: number | undefined;
}

function failureOf(cause: unknown): Failure {
  const { code, errcode } = (cause ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  return {
    state: typeof code === 'string' && code.length === 5 ? code : undefined,
    sqlite: typeof errcode === 'number' ? errcode : undefined,
  };
}

function primaryOf({ sqlite }: Failure): number | undefined {
  return sqlite === undefined ? undefined : sqlite & 0xff;
}

/** Returns whether the transaction conflicted with another one and may succeed when retried. */
export function isConflict(cause: unknown): boolean {
  const failure = failureOf(cause);
  const primary = primaryOf(failure);
  return CONFLICT_STATES.has(failure.state ?? '') || primary === SQLITE_BUSY || primary === SQLITE_LOCKED;
}

/** Returns whether a row with that key already exists. */
export function isDuplicate(cause: unknown): boolean {
  const { state, sqlite } = failureOf(cause);
  return state === UNIQUE_STATE || (sqlite !== undefined && SQLITE_UNIQUE.has(sqlite));
}

/** Returns whether another session created the table between the check and the creation. */
export function isConcurrentlyCreated(cause: unknown): boolean {
  return CREATED_STATES.has(failureOf(cause).state ?? '');
}

/**
 * Returns the error to throw for a failure. Bugs pass unchanged; every failure of the database or its connection
 * becomes a `CondvestError`. `place` never contains a password.
 */
export function thrownFor(cause: unknown, place: string): unknown {
  if (cause instanceof CondvestError || isBug(cause)) return cause;
  const failure = failureOf(cause);
  const primary = primaryOf(failure);
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? cause);
  const found = `${place} (${text})`;
  if (primary === SQLITE_CORRUPT || primary === SQLITE_NOT_A_DATABASE) {
    return new CondvestError({
      code: 'operations-corrupt',
      kind: 'corrupt',
      message: 'The file of the operational store is damaged, or is not an SQLite database',
      found,
      action: 'Move it away and start again: it contains no market data, only runs, notices and API keys',
      cause,
    });
  }
  if (REFUSED_CLASSES.has(failure.state?.slice(0, 2) ?? '') || (primary !== undefined && SQLITE_REFUSED.has(primary))) {
    return new CondvestError({
      code: 'operations-refused',
      kind: 'permanent',
      message: 'The operational store rejected a statement',
      found,
      action: 'If its tables were changed by hand, undo the change; otherwise report this as a bug in Condvest',
      cause,
    });
  }
  return new CondvestError({
    code: 'operations-unavailable',
    // A read-only file stays read-only; a file that cannot be opened may only lack a free descriptor.
    kind: primary === SQLITE_READONLY ? 'permanent' : 'transient',
    message: 'The operational store is unavailable',
    found,
    action:
      primary === SQLITE_READONLY || primary === SQLITE_CANTOPEN
        ? 'Check that this user may write to the file and its folder'
        : 'Check that it is running, and its address and credentials',
    cause,
  });
}

/** Returns whether the error is a bug: drivers throw such errors for a wrong argument. */
function isBug(cause: unknown): boolean {
  return !(cause instanceof Error) || BUGS.some((bug) => cause instanceof bug);
}
