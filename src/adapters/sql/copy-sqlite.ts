import { copyFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { thrownFor } from './failure.ts';

/** SQLite: the folder of a write-ahead log may not be written to; the log has no index beside it. */
const READONLY = 8;
const CANTOPEN = 14;

/**
 * Copies a database that this process may not write to; without a file, copies nothing. While another process has it
 * open, SQLite can read it and makes the copy. Otherwise nobody writes, and its files are copied as they are.
 */
export async function copySqlite(path: string, target: string): Promise<void> {
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(path, { readOnly: true });
    source.prepare('vacuum into ?').run(target);
  } catch (cause) {
    if (!isUnreadableHere(cause)) throw thrownFor(cause, path);
    await copyIfPresent(path, target);
    await copyIfPresent(`${path}-wal`, `${target}-wal`);
  } finally {
    if (source?.isOpen === true) source.close();
  }
}

function isUnreadableHere(cause: unknown): boolean {
  const code = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : undefined;
  return code === READONLY || code === CANTOPEN;
}

async function copyIfPresent(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw thrownFor(cause, from);
  }
}
