import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { InstantMs } from '#base/dates.ts';
import { makeFolder } from './make-folder.ts';

/** Folders for large temporary files, one per process. Each process removes its own, and those of killed processes. */

export interface TempFolderOwner {
  readonly pid: number;
  /** Makes the folder unique. */
  readonly id: string;
}

/** Folders removed per start, so that a start is never slow. */
const SWEPT_MAX = 20;

/**
 * Creates a folder. Its name includes the host, since processes of another container are invisible here but may be
 * alive.
 */
export async function makeTempFolder(root: string, { pid, id }: TempFolderOwner): Promise<string> {
  const folder = join(root, `${hostname()}-${pid}-${id}`);
  await makeFolder(folder);
  return folder;
}

/** Removes folders of dead processes that were not written to since an instant. Returns the number removed. */
export async function sweepTempFolders(root: string, untouchedSinceMs: InstantMs): Promise<number> {
  let swept = 0;
  for (const name of await namesIn(root)) {
    if (swept >= SWEPT_MAX) break;
    const pid = pidOf(name);
    if (pid === undefined || isAlive(pid)) continue;
    const folder = join(root, name);
    try {
      if ((await stat(folder)).mtimeMs >= untouchedSinceMs) continue;
      await rm(folder, { recursive: true, force: true });
      swept += 1;
    } catch (cause) {
      // Another process removed it, or it belongs to another user, who will.
      if (!(cause instanceof Error && 'code' in cause)) throw cause;
    }
  }
  return swept;
}

async function namesIn(root: string): Promise<string[]> {
  try {
    return await readdir(root);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return [];
    throw cause;
  }
}

function pidOf(name: string): number | undefined {
  const prefix = `${hostname()}-`;
  const digits = name.startsWith(prefix) ? /^(\d+)-[0-9a-f]+$/.exec(name.slice(prefix.length))?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: the process belongs to another user and is alive.
    return !(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH');
  }
}
