import { AssertionError } from '#base/assert.ts';
import { CondvestError } from '#base/errors.ts';

/** Failures of a database as the program knows them, and which of them are worth another try. */

/** PostgreSQL: serialization failure, deadlock. Aurora DSQL: conflicting commits, a schema that moved. */
const AGAIN_STATES = new Set(['40001', '40P01', 'OC000', 'OC001']);
/**
 * PostgreSQL, when two make one table at once: `if not exists` looks first and creates afterwards. Type exists, table exists,
 * a row of its catalogue exists or was changed.
 */
const MADE_MEANWHILE_STATES = new Set(['42710', '42P07', '23505', 'XX000']);
/** PostgreSQL's classes of what the same call will meet again: data, constraint, name or syntax, feature. */
const REFUSED_CLASSES = new Set(['0A', '22', '23', '42']);
const UNIQUE_STATE = '23505';

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_CORRUPT = 11;
const SQLITE_NOT_A_DATABASE = 26;
const MISTAKES = [AssertionError, TypeError, RangeError, ReferenceError, SyntaxError];

/** SQLite's own failures that the same call will meet again: error in the statement, too big, constraint, mismatch, range. */
const SQLITE_REFUSED = new Set([1, 18, 19, 20, 25]);
/** Extended codes: primary key, unique index, row id. */
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

/** Another transaction was in the way: the same one may succeed now. */
export function isConflict(cause: unknown): boolean {
  const failure = failureOf(cause);
  const primary = primaryOf(failure);
  return AGAIN_STATES.has(failure.state ?? '') || primary === SQLITE_BUSY || primary === SQLITE_LOCKED;
}

/** A row of that key is there already. */
export function isDuplicate(cause: unknown): boolean {
  const { state, sqlite } = failureOf(cause);
  return state === UNIQUE_STATE || (sqlite !== undefined && SQLITE_UNIQUE.has(sqlite));
}

/** A table was made by somebody else between the look and the making. */
export function isMadeMeanwhile(cause: unknown): boolean {
  return MADE_MEANWHILE_STATES.has(failureOf(cause).state ?? '');
}

/**
 * What is thrown for a failure. A mistake of the program passes as it is; all that a database or the way to it can do becomes
 * a `CondvestError`. `place` never holds a password.
 */
export function thrownFor(cause: unknown, place: string): unknown {
  if (cause instanceof CondvestError || isMistake(cause)) return cause;
  const failure = failureOf(cause);
  const primary = primaryOf(failure);
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? cause);
  const found = `${place} (${text})`;
  if (primary === SQLITE_CORRUPT || primary === SQLITE_NOT_A_DATABASE) {
    return new CondvestError({
      code: 'operations-corrupt',
      kind: 'corrupt',
      message: 'The file of runs and notices is damaged or no SQLite database',
      found,
      action: 'Move it away and start again: no market data is in it, only the history of runs and notices',
      cause,
    });
  }
  if (REFUSED_CLASSES.has(failure.state?.slice(0, 2) ?? '') || (primary !== undefined && SQLITE_REFUSED.has(primary))) {
    return new CondvestError({
      code: 'operations-refused',
      kind: 'permanent',
      message: 'The store of runs and notices refused a statement',
      found,
      action: 'If its tables were changed by hand, undo that; if not, report this as a fault of Condvest',
      cause,
    });
  }
  return new CondvestError({
    code: 'operations-unavailable',
    kind: 'transient',
    message: 'The store of runs and notices cannot be used',
    found,
    action: 'See that it runs and that its address and access are right',
    cause,
  });
}

/** Errors that are thrown for a program's own fault; a driver given a wrong argument throws one of them. */
function isMistake(cause: unknown): boolean {
  return !(cause instanceof Error) || MISTAKES.some((mistake) => cause instanceof mistake);
}
