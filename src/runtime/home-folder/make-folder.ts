import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder and its missing parents; rejects with the file system's error. Node's own recursive `mkdir` never
 * returns on a file system that denies an existing parent, such as `/proc`.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const parent = dirname(path);
    if (code === 'EEXIST' && (await isFolder(path))) return;
    if (code !== 'ENOENT') throw cause;
    if (!(await isFolder(parent))) await makeFolder(parent);
    // Another process may have created the parent, or the folder itself, in the meantime.
    await mkdir(path).catch(async (again: unknown) => {
      if (!(await isFolder(path))) throw again;
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}
