import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import type { PageFile, PageFiles } from '#ports/page-files.ts';
import { hasErrno } from './failure.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** Names as the build creates them: no leading dots, nothing that leads out of a folder. */
const NAME_PATTERN = /^(?!\.)[\w.-]+$/;
/** Files are few and fixed, and cached once read, up to this many. */
const FILES_MAX = 512;
const FILE_BYTES_MAX = 16 * 2 ** 20;

/** The page's files, from its build folder. */
export class FsPageFiles implements PageFiles {
  readonly #root: string;
  readonly #kept = new Map<string, PageFile>();

  constructor(root: string) {
    this.#root = root;
  }

  async read(path: string): Promise<PageFile | undefined> {
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept;
    const names = path.split('/');
    const contentType = CONTENT_TYPES[extname(path).toLowerCase()];
    if (contentType === undefined || !names.every((name) => NAME_PATTERN.test(name))) return undefined;
    const bytes = await this.#bytes(join(this.#root, ...names));
    if (bytes === undefined) return undefined;
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    const file = { bytes, contentType, etag };
    if (this.#kept.size < FILES_MAX) this.#kept.set(path, file);
    return file;
  }

  async #bytes(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      // A link that leads out of the folder is not followed.
      const real = await realpath(path);
      if (!real.startsWith(`${await realpath(this.#root)}${sep}`)) return undefined;
      const bytes = new Uint8Array(await readFile(real));
      return bytes.byteLength > FILE_BYTES_MAX ? undefined : bytes;
    } catch (cause) {
      if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG')) return undefined;
      throw cause;
    }
  }
}
