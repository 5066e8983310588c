import { join } from 'node:path';
import { FsPageFiles } from '#adapters/fs/page-files.ts';

/** Opens the built web page of a checkout or of the installed package. */
export function openPageFiles(): FsPageFiles {
  const here = import.meta.dirname;
  // In the package this file is dist/src/runtime/local/page-files.js and the page is dist/web; in a checkout it is web/dist.
  const isCompiled = import.meta.filename.endsWith('.js');
  return new FsPageFiles(join(here, isCompiled ? '../../../web' : '../../../web/dist'));
}
