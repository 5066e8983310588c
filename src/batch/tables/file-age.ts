import type { DataFile } from '#lake/files.ts';

/** The file, or those that it was proved to hold the rows of, were looked at before. */
export function isOlder(file: DataFile, sinceMs: number | undefined): boolean {
  return sinceMs !== undefined && (file.modifiedMs < sinceMs || file.isProved);
}
