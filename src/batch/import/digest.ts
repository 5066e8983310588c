import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { UsageError } from '#base/errors.ts';
import type { LocalFiles } from '#ports/local-files.ts';

/**
 * Returns the SHA-256 of a file as hex, in bounded memory. A gzip file is decompressed on the way, because DuckDB accepts a
 * truncated one if it ends between two rows.
 * @throws UsageError `import-file-truncated`.
 */
export async function digestFile(files: LocalFiles, path: string, options: { gzip: boolean }): Promise<string> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncIterable<Uint8Array> {
    for await (const chunk of files.stream(path)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  if (!options.gzip) {
    for await (const _ of hashed());
    return hash.digest('hex');
  }
  try {
    await pipeline(hashed(), createGunzip(), async (chunks: AsyncIterable<unknown>) => {
      for await (const _ of chunks);
    });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_'))) throw cause;
    throw new UsageError({
      code: 'import-file-truncated',
      message: 'The gzip file is damaged or truncated',
      found: `${path} (${cause.message})`,
      action: 'Download or write it again',
      cause,
    });
  }
  return hash.digest('hex');
}
