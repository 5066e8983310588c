import { printable } from '#base/printable.ts';
import type { OperationParameters } from '#lake/write-plan.ts';

/** Provenance of the commits that bring facts into bronze, as the history of a table shows it. */

const FILE_NAME_MAX = 100;
/** Hex digits of a file's SHA-256 that identify it. */
const DIGEST_DIGITS = 12;

/** Describes commits of a fetch. */
export function fetchOrigin(source: string): OperationParameters {
  return { command: 'fetch', source };
}

/** Describes commits of an import by its first file, whose name comes without its folder. */
export function importOrigin(of: {
  readonly source: string;
  /** Number of files. */
  readonly files: number;
  readonly path: string;
  /** SHA-256, hex. */
  readonly digest: string;
}): OperationParameters {
  const { source, files, path, digest } = of;
  const name = path.split(/[\\/]/).at(-1) ?? '';
  return {
    command: 'import',
    source,
    files,
    file: printable(name, FILE_NAME_MAX),
    digest: digest.slice(0, DIGEST_DIGITS),
  };
}
