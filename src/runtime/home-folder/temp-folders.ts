import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { InstantMs } from '#base/dates.ts';
import { makeFolder } from './make-folder.ts';

/** Folders for large temporary files: one for each process, which removes its own, and those of others that were killed. */

export interface TempFolderOwner {
  readonly pid: number;
  /** Makes it unique. */
  readonly id: string;
}

/** Folders removed at one start: a start waits for no disk full of them. */
const SWEPT_MAX = 20;

/** The host is in the name: a process of another container cannot be seen from here, and may be alive. */
export async function makeTempFolder(root: string, { pid, id }: TempFolderOwner): Promise<string> {
  const folder = join(root, `${hostname()}-${pid}-${id}`);
  await makeFolder(folder);
  return folder;
}

/** Removes folders whose process is gone and that nobody has written into since an instant. Resolves with how many. */
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
      // Another one swept it, or it is another user's: whoever may remove it will.
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
    // Somebody else's process is alive as well.
    return !(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH');
  }
}
