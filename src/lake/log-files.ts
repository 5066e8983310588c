import { assert } from '#base/assert.ts';

/**
 * Names of the files in a table's `_delta_log` (protocol, "Delta Log Entries" and "Checkpoints"). Versions are padded
 * to 20 digits so that names sort by version.
 */

export const LOG_FOLDER = '_delta_log';

export type LogFile =
  | { readonly kind: 'commit'; readonly version: number }
  /** `parts` is 1 for the classic single-file checkpoint. */
  | { readonly kind: 'checkpoint'; readonly version: number; readonly part: number; readonly parts: number };

/**
 * Object in a table's folder while its first data files are there and its first commit is not. Without it, data files
 * without a log mean that the log was lost. Other programs skip names that begin with an underscore.
 */
export const CREATING_NAME = '_condvest_creating';

export function logKey(table: string, name: string): string {
  return `${table}/${LOG_FOLDER}/${name}`;
}

export function commitName(version: number): string {
  return `${padded(version)}.json`;
}

export function checkpointName(version: number): string {
  return `${padded(version)}.checkpoint.parquet`;
}

/** Returns the names of a checkpoint's files, in order. */
export function checkpointNames(version: number, parts: number): string[] {
  if (parts === 1) return [checkpointName(version)];
  return Array.from({ length: parts }, (_, i) => {
    const part = String(i + 1).padStart(10, '0');
    return `${padded(version)}.checkpoint.${part}.${String(parts).padStart(10, '0')}.parquet`;
  });
}

export const LAST_CHECKPOINT_NAME = '_last_checkpoint';

/** Returns a name that sorts before the files of `version` and after those of all earlier versions. */
export function firstNameOf(version: number): string {
  return padded(version);
}

const COMMIT = /^(\d{20})\.json$/;
const CHECKPOINT = /^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$/;

/** Parses a name in the log folder; undefined for files that we don't use (temporary files, checksums, …). */
export function parseLogName(name: string): LogFile | undefined {
  const commit = COMMIT.exec(name);
  if (commit !== null) return { kind: 'commit', version: Number(commit[1]) };
  const checkpoint = CHECKPOINT.exec(name);
  if (checkpoint === null) return undefined;
  const [, version, part = '1', parts = '1'] = checkpoint;
  return { kind: 'checkpoint', version: Number(version), part: Number(part), parts: Number(parts) };
}

function padded(version: number): string {
  assert(Number.isSafeInteger(version) && version >= 0, `not a version: ${version}`);
  return String(version).padStart(20, '0');
}
