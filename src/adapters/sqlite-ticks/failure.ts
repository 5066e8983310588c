import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AssertionError } from '#base/assert.ts';
import { CondvestError, type ErrorParts } from '#base/errors.ts';

/** Failures of files of ticks, as `CondvestError`. */

type Judgement = Pick<ErrorParts, 'code' | 'kind' | 'message' | 'action'>;

const NO_SPACE: Judgement = {
  code: 'ticks-no-space',
  kind: 'permanent',
  message: 'The disk is full, so no more ticks are kept',
  action: 'Free some space; nothing was left half-written, and keeping goes on by itself',
};
const OVER_BOUND: Judgement = {
  code: 'ticks-over-bound',
  kind: 'permanent',
  message: 'The ticks of one session have reached the bound of all kept ticks',
  action: 'Raise CONDVEST_TICK_BYTES, or listen to fewer topics',
};
const BUSY: Judgement = {
  code: 'ticks-busy',
  kind: 'transient',
  message: 'Another process is writing to the ticks',
};
const READ_ONLY: Judgement = {
  code: 'ticks-read-only',
  kind: 'permanent',
  message: 'The folder of the ticks is not writable',
  action: 'Choose a writable folder (CONDVEST_HOME), or fix its owner and permissions',
};
const UNAVAILABLE: Judgement = {
  code: 'ticks-unavailable',
  kind: 'permanent',
  message: 'The ticks cannot be opened',
  action: 'Check the owner and the permissions of the folder',
};
const FAILED: Judgement = {
  code: 'ticks-io',
  kind: 'permanent',
  message: 'The file system failed while ticks were read or written',
  action: 'Check the disk',
};
const DAMAGED: Judgement = {
  code: 'ticks-corrupt',
  kind: 'corrupt',
  message: 'A file of ticks is damaged, or is none',
  action: 'The program that writes it sets it aside as soon as it meets the damage; until then, move it away yourself',
};

/** Primary result codes of SQLite. */
const SQLITE_FULL = 13;
const SQLITE_IO = 10;
const SQLITE_CANNOT_OPEN = 14;
const SQLITE: Readonly<Record<number, Judgement>> = {
  3: UNAVAILABLE,
  5: BUSY,
  6: BUSY,
  8: READ_ONLY,
  [SQLITE_IO]: FAILED,
  11: DAMAGED,
  [SQLITE_FULL]: NO_SPACE,
  [SQLITE_CANNOT_OPEN]: UNAVAILABLE,
  26: DAMAGED,
};
const FILE_SYSTEM: Readonly<Record<string, Judgement>> = {
  ENOSPC: NO_SPACE,
  EDQUOT: NO_SPACE,
  EROFS: READ_ONLY,
  EACCES: READ_ONLY,
  EPERM: READ_ONLY,
};
const BUGS = [AssertionError, TypeError, RangeError, ReferenceError, SyntaxError];
/** A disk with less space than this is full: SQLite needs some pages at once. */
const FREE_BYTES_MIN = 256 * 1024;

/** Returns the error to throw for the failure of an action on a file. Bugs pass unchanged. */
export function ticksFailure(cause: unknown, path: string): unknown {
  if (cause instanceof CondvestError || !(cause instanceof Error)) return cause;
  if (BUGS.some((bug) => cause instanceof bug)) return cause;
  const judgement = judge(cause, path);
  return judgement === undefined
    ? cause
    : new CondvestError({ ...judgement, found: `${path} (${cause.message})`, cause });
}

export function ticksDamaged(path: string, reason: string): CondvestError {
  return new CondvestError({ ...DAMAGED, found: `${path} (${reason})` });
}

export function ticksBusy(found: string): CondvestError {
  return new CondvestError({ ...BUSY, found });
}

export function isDamage(cause: unknown): boolean {
  return cause instanceof CondvestError && cause.code === DAMAGED.code;
}

function judge(cause: Error, path: string): Judgement | undefined {
  const { code, errcode } = cause as { readonly code?: unknown; readonly errcode?: unknown };
  if (typeof errcode !== 'number') return typeof code === 'string' ? (FILE_SYSTEM[code] ?? FAILED) : undefined;
  const primary = errcode & 0xff;
  // The bound of a file and the end of the disk have one code, and a full disk may show as another failure.
  if (primary === SQLITE_FULL) return isDiskFull(path) ? NO_SPACE : OVER_BOUND;
  if (primary === SQLITE_IO && isDiskFull(path)) return NO_SPACE;
  if (primary === SQLITE_CANNOT_OPEN && !isWritable(dirname(path))) return READ_ONLY;
  return SQLITE[primary];
}

function isDiskFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize < FREE_BYTES_MIN;
  } catch {
    // The failure that is being judged says more than this one.
    return false;
  }
}

export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
