import { CondvestError } from '#base/errors.ts';
import { printable } from '#base/printable.ts';

/** DuckDB quotes the statement; what follows this many characters is not shown anyway. */
const TEXT_MAX = 10_000;

/**
 * Classifies DuckDB's errors by what a user can do about them. DuckDB has no error codes, so this matches its messages.
 */
export function engineError(cause: unknown): CondvestError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const lines = text
    .slice(0, TEXT_MAX)
    .split('\n')
    .map((line) => line.trim());
  const [first = ''] = lines;
  if (/No space left on device|failed to offload|max_temp_directory_size/i.test(text)) {
    return new CondvestError({
      code: 'no-space',
      kind: 'permanent',
      message: 'The disk is full',
      found: first,
      action: 'Free some space and run the same command again; nothing was committed',
      cause,
    });
  }
  if (/^Out of Memory/i.test(text)) {
    return new CondvestError({
      code: 'engine-out-of-memory',
      kind: 'permanent',
      message: 'The memory limit was reached',
      found: first,
      action: 'Raise CONDVEST_MEMORY_LIMIT and run the same command again; nothing was committed',
      cause,
    });
  }
  if (/^INTERRUPT/i.test(text)) return interrupted(cause);
  if (DAMAGED_PARQUET.test(text)) {
    return new CondvestError({
      code: 'parquet-unreadable',
      kind: 'corrupt',
      message: 'A file is not readable as Parquet',
      found: printable(first),
      action: LIST_DAMAGE,
      cause,
    });
  }
  if (/^IO Error/i.test(text)) {
    return new CondvestError({
      code: 'engine-io',
      kind: 'permanent',
      message: 'Cannot read or write a file',
      found: first,
      action: ABSENT_FILE.test(text) ? LIST_DAMAGE : undefined,
      cause,
    });
  }
  return new CondvestError({
    code: 'engine-sql',
    kind: 'permanent',
    message: 'The statement failed',
    // A line with nothing but a caret points into the line before it.
    found: lines.filter((line) => line !== '' && line !== '^').join(' '),
    cause,
  });
}

export function interrupted(cause?: unknown): CondvestError {
  return new CondvestError({
    code: 'engine-interrupted',
    kind: 'transient',
    message: 'The statement was canceled',
    cause,
  });
}

const ABSENT_FILE = /No files found|No such file|does not exist/i;
/** Any file may be read, also one that a person names. */
const LIST_DAMAGE = 'If it is a file of the lake, list all damage with: condvest verify';

/** Messages about files that were cut off or overwritten, as provoked by changing random bytes of files. */
const DAMAGED_PARQUET = new RegExp(
  [
    ...['No magic bytes', 'too small to be a Parquet', 'Footer length', 'not a Parquet file', 'metadata length'],
    ...['Invalid Input Error: (File|No)', 'TProtocolException', "don't know what type", 'invalid TType'],
    ...['Failed to read file', 'Decompression failure', 'Could not read enough bytes', 'Corrupted file'],
    ...['Variable-length int over', 'Decode bit width too large', 'Out of buffer', 'is likely corrupted'],
    'Invalid string encoding found in Parquet',
  ].join('|'),
  'i',
);

/** Returns whether a read failed because a data file is damaged. */
export function isUnreadable(cause: unknown): boolean {
  return cause instanceof CondvestError && DAMAGED_FILE.has(cause.code);
}

const DAMAGED_FILE: ReadonlySet<string> = new Set(['parquet-unreadable', 'lake-file-damaged']);
