import { compare } from '#base/compare.ts';
import { UsageError } from '#base/errors.ts';
import type { LocalFiles } from '#ports/local-files.ts';

import { isDataFile } from './path-facts.ts';

/** Files of one import. More belong in several imports. */
const FILES_MAX = 100_000;

export interface Expanded {
  /** Paths of files, each once. */
  readonly paths: readonly string[];
  /** Files in folders that are not data by their names, such as `README.md`. */
  readonly otherFiles: number;
}

/**
 * Expands folders and patterns into files. A path that exists is taken literally, even if it looks like a pattern. Files and
 * folders whose names begin with a dot or an underscore are skipped inside folders, as by other readers.
 * @throws UsageError `import-file-missing`, `import-folder-empty`, `import-folder-is-table`, `import-files-too-many`.
 */
export async function expandOperands(files: LocalFiles, operands: readonly string[]): Promise<Expanded> {
  const paths = new Set<string>();
  let otherFiles = 0;
  for (const operand of operands) {
    const info = await files.inspect(operand);
    if (info?.kind !== 'folder' && info !== undefined) {
      add(paths, operand);
      continue;
    }
    const isPattern = info === undefined && /[*?[]/.test(operand);
    if (info === undefined && !isPattern) {
      throw new UsageError({ code: 'import-file-missing', message: 'No such file', found: operand });
    }
    const found: string[] = [];
    for await (const path of isPattern ? files.match(operand) : files.walk(operand)) {
      if (!isPattern && /[/\\]_delta_log[/\\]/.test(path.slice(operand.length))) throw deltaTable(operand);
      if (!isPattern && isHidden(path.slice(operand.length))) continue;
      if (isPattern || isDataFile(path)) found.push(path);
      else otherFiles += 1;
      checkCount(paths.size + found.length, operand);
    }
    if (found.length === 0) {
      throw new UsageError({
        code: 'import-folder-empty',
        message: isPattern ? 'No file matches the pattern' : 'The folder has no data files',
        found: operand,
        allowed: 'Parquet, CSV or JSON files, also compressed with gzip',
      });
    }
    for (const path of found.sort(compare)) add(paths, path);
  }
  return { paths: [...paths], otherFiles };
}

function add(paths: Set<string>, path: string): void {
  paths.add(path);
  checkCount(paths.size, path);
}

/** Only the log tells which of its files count: the others hold rows that were replaced. */
function deltaTable(folder: string): UsageError {
  return new UsageError({
    code: 'import-folder-is-table',
    message: 'The folder has a Delta table, whose files include rows that were replaced',
    found: folder,
    action: 'Export its rows to a file first, for example with Polars: pl.read_delta(FOLDER).write_parquet(FILE)',
  });
}

function isHidden(below: string): boolean {
  return below.split(/[/\\]/).some((name) => name.startsWith('.') || name.startsWith('_'));
}

function checkCount(count: number, operand: string): void {
  if (count <= FILES_MAX) return;
  throw new UsageError({
    code: 'import-files-too-many',
    message: 'Too many files for one import',
    found: operand,
    allowed: `up to ${FILES_MAX} files`,
    action: 'Import them in several runs: what is stored already changes nothing',
  });
}
