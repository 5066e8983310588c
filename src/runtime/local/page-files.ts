import { fileURLToPath } from 'node:url';
import { FsPageFiles } from '#adapters/fs/page-files.ts';

/** Opens the built web page of a checkout or of the installed package. */
export function openPageFiles(): FsPageFiles {
  // In the package this file is dist/src/runtime/local/page-files.js and the page is dist/web; in a checkout it is web/dist.
  const isCompiled = import.meta.url.endsWith('.js');
  return new FsPageFiles(fileURLToPath(new URL(isCompiled ? '../../../web' : '../../../web/dist', import.meta.url)));
}
