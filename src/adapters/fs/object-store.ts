import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { CondvestError } from '#base/errors.ts';
import type { ObjectInfo, ObjectStore, PublishedObject, PutIfAbsentOutcome } from '#ports/object-store.ts';

import { hasErrno, storeFailure } from './failure.ts';

/** Folder under the root for unfinished files, outside the key space and outside every table. */
const SCRATCH_FOLDER = '.scratch';

/** Number of files checked concurrently while listing. */
const PARALLEL_LOOKS = 32;

/** Number of bytes read at a time to take a checksum. */
const CHECKSUM_BYTES = 1 << 20;

export interface FsObjectStoreOptions {
  /** The lake's folder; created on the first write. */
  readonly root: string;
  /**
   * Folder for scratch files; default `.scratch` under the root. On a different file system than the root, publishing
   * costs a copy.
   */
  readonly scratchFolder?: string;
}

/**
 * A local folder as an object store. An object is a file; its key is its path under the root.
 *
 * Every new file is written under a scratch name, synced, and only then linked to its key. `link(2)` is atomic and
 * fails if the name is taken, which gives "whole or absent" and "first wins" between processes. The folder is synced
 * before a call resolves, and so is each parent that this process has not synced yet.
 */
export class FsObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #scratch: string;
  /** Folder on the root's file system for files about to be linked to their key. */
  readonly #staging: string;
  /** Folders whose names are known to be durable, up to the root. */
  readonly #durableFolders = new Set<string>();

  constructor(options: FsObjectStoreOptions) {
    this.#root = resolve(options.root);
    this.#staging = join(this.#root, SCRATCH_FOLDER);
    this.#scratch = options.scratchFolder === undefined ? this.#staging : resolve(options.scratchFolder);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(key);
    try {
      return await readFile(path);
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw storeFailure('read', path, cause);
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    return this.#info(key, this.#pathOf(key));
  }

  async *list(prefix: string, options: { readonly startAfter?: string } = {}): AsyncIterable<ObjectInfo> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') this.#pathOf(folder.slice(0, -1));
    yield* this.#walk(folder, prefix, options.startAfter ?? '');
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    const staged = await this.#stage(bytes);
    try {
      await this.#inFolderOf(path, () => rename(staged, path));
    } catch (cause) {
      await rm(staged, { force: true });
      throw storeFailure('write', path, cause);
    }
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<PutIfAbsentOutcome> {
    const path = this.#pathOf(key);
    // Avoids writing and syncing a file when the race is already lost; the link below decides.
    if ((await this.#info(key, path)) !== undefined) return 'exists';
    const staged = await this.#stage(bytes);
    try {
      await this.#inFolderOf(path, () => link(staged, path));
      return 'stored';
    } catch (cause) {
      if (hasErrno(cause, 'EEXIST')) return 'exists';
      throw storeFailure('write', path, cause);
    } finally {
      await rm(staged, { force: true });
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const path = this.#pathOf(key);
      try {
        await unlink(path);
      } catch (cause) {
        if (!isAbsent(cause)) throw storeFailure('delete', path, cause);
      }
    }
  }

  async publish(localPath: string, key: string): Promise<PublishedObject> {
    const path = this.#pathOf(key);
    let source = localPath;
    let sha256 = '';
    try {
      sha256 = await syncAndHash(source);
      try {
        await this.#inFolderOf(path, () => link(source, path));
      } catch (cause) {
        if (!hasErrno(cause, 'EXDEV')) throw cause;
        source = await this.#copyBesideRoot(localPath);
        await this.#inFolderOf(path, () => link(source, path));
      }
    } catch (cause) {
      if (source !== localPath) await rm(source, { force: true });
      if (!hasErrno(cause, 'EEXIST')) throw storeFailure('write', path, cause);
      throw new CondvestError({
        code: 'store-object-exists',
        kind: 'corrupt',
        message: 'A file that must be new already exists',
        found: path,
        cause,
      });
    }
    if (source !== localPath) await rm(source, { force: true });
    await rm(localPath, { force: true });
    const info = await this.#info(key, path);
    if (info !== undefined) return { ...info, sha256 };
    throw new CondvestError({
      code: 'store-object-gone',
      kind: 'corrupt',
      message: 'Another process deleted a file right after it was written',
      found: path,
    });
  }

  async sha256(key: string): Promise<string | undefined> {
    const path = this.#pathOf(key);
    try {
      const file = await open(path, 'r');
      try {
        return await hashOf(file);
      } finally {
        await file.close();
      }
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw storeFailure('read', path, cause);
    }
  }

  async localPath(key: string): Promise<string> {
    return this.#pathOf(key);
  }

  async scratchPath(suffix: string): Promise<string> {
    try {
      await mkdir(this.#scratch, { recursive: true });
    } catch (cause) {
      throw storeFailure('create', this.#scratch, cause);
    }
    return join(this.#scratch, `${randomUUID()}${suffix}`);
  }

  async discardScratch(localPath: string): Promise<void> {
    await rm(localPath, { force: true }).catch(() => undefined);
  }

  async sweepScratch(olderThanMs: number): Promise<void> {
    const before = Date.now() - olderThanMs;
    for (const folder of new Set([this.#scratch, this.#staging])) {
      for (const entry of await entriesOf(folder)) {
        const path = join(folder, entry.name);
        try {
          const { mtimeMs } = await stat(path);
          if (mtimeMs < before) await rm(path, { recursive: true, force: true });
        } catch (cause) {
          if (!isAbsent(cause)) throw storeFailure('delete', path, cause);
        }
      }
    }
  }

  /**
   * Returns the path of a key. Keys also come from table logs, which others can write, so they must not lead out of the
   * root.
   */
  #pathOf(key: string): string {
    const segments = key.split('/');
    const bad = segments.some((s) => s === '' || s === '.' || s === '..' || s.includes('\0') || s.includes('\\'));
    if (bad || segments[0] === SCRATCH_FOLDER) {
      throw new CondvestError({
        code: 'store-key-invalid',
        kind: 'permanent',
        message: 'This is not a valid file name inside the lake',
        found: JSON.stringify(key),
        allowed: 'names separated by "/", none of them empty, ".", ".." or the scratch folder',
      });
    }
    return join(this.#root, ...segments);
  }

  async #info(key: string, path: string): Promise<ObjectInfo | undefined> {
    try {
      const found = await stat(path);
      if (!found.isFile()) return undefined;
      return { key, sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) };
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw storeFailure('look at', path, cause);
    }
  }

  /** Yields the objects below `folder` (empty, or ending in "/") in key order. */
  async *#walk(folder: string, prefix: string, startAfter: string): AsyncIterable<ObjectInfo> {
    const keys: string[] = [];
    for (const entry of await entriesOf(join(this.#root, folder))) {
      if (folder === '' && entry.name === SCRATCH_FOLDER) continue;
      const isFolder = entry.isSymbolicLink()
        ? await leadsToFolder(join(this.#root, folder, entry.name))
        : entry.isDirectory();
      // With its "/", a folder sorts exactly where the keys inside it belong.
      const key = isFolder ? `${folder}${entry.name}/` : folder + entry.name;
      const mayMatch = key.startsWith(prefix) || (isFolder && prefix.startsWith(key));
      const mayFollow = key > startAfter || (isFolder && startAfter.startsWith(key));
      // Filter before sorting: callers want a log's newest files out of thousands.
      if (mayMatch && mayFollow) keys.push(key);
    }
    keys.sort((a, b) => (a < b ? -1 : 1));
    for (let start = 0; start < keys.length; start += PARALLEL_LOOKS) {
      const batch = keys.slice(start, start + PARALLEL_LOOKS);
      const infos = await Promise.all(
        batch.map((key) => (key.endsWith('/') ? undefined : this.#info(key, join(this.#root, key)))),
      );
      for (const [i, key] of batch.entries()) {
        const info = infos[i];
        if (key.endsWith('/')) yield* this.#walk(key, prefix, startAfter);
        else if (info !== undefined) yield info;
      }
    }
  }

  /** Writes and syncs a new file on the root's file system, under a name that is not a key. */
  async #stage(bytes: Uint8Array): Promise<string> {
    const path = join(this.#staging, randomUUID());
    try {
      await mkdir(this.#staging, { recursive: true });
      const file = await open(path, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      return path;
    } catch (cause) {
      await rm(path, { force: true }).catch(() => undefined);
      throw storeFailure('write', path, cause);
    }
  }

  async #copyBesideRoot(localPath: string): Promise<string> {
    await mkdir(this.#staging, { recursive: true });
    const copy = join(this.#staging, `${randomUUID()}-${basename(localPath)}`);
    try {
      await copyFile(localPath, copy, constants.COPYFILE_EXCL);
      // The copy's time is that of its bytes, whatever the original's times say.
      await utimes(copy, Date.now() / 1000, Date.now() / 1000);
      await syncFile(copy);
      return copy;
    } catch (cause) {
      await rm(copy, { force: true }).catch(() => undefined);
      throw cause;
    }
  }

  /**
   * Creates the name `path` with `nameIt`, creating its folder if needed, and makes the name and all its parents
   * durable.
   */
  async #inFolderOf(path: string, nameIt: () => Promise<void>): Promise<void> {
    const folder = dirname(path);
    if (!this.#durableFolders.has(folder)) await this.#makeFolder(folder);
    try {
      await nameIt();
    } catch (cause) {
      // Another process may have removed the empty folder since this process last wrote to it.
      if (!hasErrno(cause, 'ENOENT')) throw cause;
      await this.#makeFolder(folder);
      await nameIt();
    }
    await syncFolder(folder);
  }

  /**
   * Another process may have just created these folders without syncing them yet, so their existence is not enough:
   * each process syncs the whole chain once, up to the root or the topmost folder it created itself.
   */
  async #makeFolder(folder: string): Promise<void> {
    const made = await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      // Classified here, because to the callers EEXIST means that the object's own name is taken.
      throw storeFailure('create', folder, cause);
    });
    const top = made !== undefined && made.length < this.#root.length ? dirname(made) : this.#root;
    let parent = folder;
    while (parent.length > top.length) {
      parent = dirname(parent);
      await syncFolder(parent);
    }
    this.#durableFolders.add(folder);
  }
}

interface Entry {
  readonly name: string;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

async function entriesOf(folder: string): Promise<Entry[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw storeFailure('list', folder, cause);
  }
}

/** A table's folder may be a symbolic link to another disk. */
async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if (isAbsent(cause)) return false;
    throw storeFailure('look at', path, cause);
  }
}

/** Returns whether a file is missing, or its path runs through something that is not a folder. */
function isAbsent(cause: unknown): boolean {
  return hasErrno(cause, 'ENOENT', 'ENOTDIR', 'EISDIR');
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Syncs a file that was just written, so that it is read from memory, and returns its SHA-256. */
async function syncAndHash(path: string): Promise<string> {
  const file = await open(path, 'r+');
  try {
    const sha256 = await hashOf(file);
    await file.sync();
    return sha256;
  } finally {
    await file.close();
  }
}

async function hashOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHECKSUM_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHECKSUM_BYTES, null);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
