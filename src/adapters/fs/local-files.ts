import { createReadStream } from 'node:fs';
import { glob, open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { CondvestError } from '#base/errors.ts';
import type { LocalFileInfo, LocalFiles } from '#ports/local-files.ts';

import { hasErrno } from './failure.ts';

/** Large enough that hashing is bound by the disk, not by calls. */
const CHUNK_BYTES = 1 << 20;

export class FsLocalFiles implements LocalFiles {
  async inspect(path: string): Promise<LocalFileInfo | undefined> {
    try {
      const info = await stat(path);
      return { kind: info.isFile() ? 'file' : info.isDirectory() ? 'folder' : 'other', sizeBytes: info.size };
    } catch (cause) {
      if (hasErrno(cause, 'ENOENT', 'ENOTDIR')) return undefined;
      throw unreadable(path, cause);
    }
  }

  async read(path: string, offset: number, length: number): Promise<Uint8Array> {
    try {
      await using file = await open(path, 'r');
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  async *stream(path: string): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) yield chunk as Uint8Array;
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  async *walk(folder: string): AsyncIterable<string> {
    const waiting = [folder];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      try {
        for await (const entry of await opendir(next)) {
          const path = join(next, entry.name);
          if (entry.isDirectory()) waiting.push(path);
          else yield path;
        }
      } catch (cause) {
        throw unreadable(next, cause);
      }
    }
  }

  async *match(pattern: string): AsyncIterable<string> {
    for await (const path of glob(pattern)) if ((await stat(path)).isFile()) yield path;
  }
}

function unreadable(path: string, cause: unknown): Error {
  if (!(cause instanceof Error) || !('code' in cause)) return cause instanceof Error ? cause : new Error(String(cause));
  return new CondvestError({
    code: 'file-unreadable',
    kind: 'permanent',
    message: 'Cannot read the file',
    found: `${path} (${String(cause.code)})`,
    action: 'Check its permissions and run the command again',
    cause,
  });
}
