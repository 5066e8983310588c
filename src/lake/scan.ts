import { assert } from '#base/assert.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import type { Engine } from './engine.ts';
import { columnsOf, DataFile, type NewFile } from './files.ts';
import { readFileColumns, type ScanGroup, selectGroups } from './scan.sql.ts';
import type { Column, TableDefinition } from './schema.ts';

export interface ScanDeps {
  readonly store: ObjectStore;
  readonly engine: Engine;
}

export interface ScanOptions {
  /** Columns to read; default: those of the definition. A column that a file lacks is null in its rows. */
  readonly columns?: readonly Column[];
}

/**
 * Returns a SELECT over the rows of these files, with the table's columns in order and type, including partition
 * columns; for no files, a typed relation without rows. Use it as `FROM (${await scanSql(…)})`: filters and column
 * selection are pushed down into the files.
 */
export async function scanSql(
  deps: ScanDeps,
  definition: TableDefinition,
  files: readonly (DataFile | NewFile)[],
  options: ScanOptions = {},
): Promise<string> {
  const { columns = definition.columns } = options;
  const located = await locate(deps, definition, files);
  const groups = new Map<string, ScanGroup & { localPaths: string[] }>();
  const byPath = definition.partitionBy.length > 0 && located.every((file) => pathTells(file, definition.partitionBy));
  for (const { file, localPath, held, foreign } of located) {
    // Names sort the same in every file, whatever the order of its columns.
    const key = [
      foreign ? 'foreign' : [...held].sort().join('\n'),
      ...(byPath ? [] : definition.partitionBy.map((name) => file.partitionValues[name] ?? '')),
    ].join('\n\n');
    const group = groups.get(key);
    if (group !== undefined) {
      group.localPaths.push(localPath);
      // One `read_parquet` by name returns null for columns that only some of its files have.
      if (foreign) groups.set(key, { ...group, held: new Set([...group.held, ...held]) });
      continue;
    }
    const partition = byPath ? undefined : file.partitionValues;
    groups.set(key, { localPaths: [localPath], held, partition, mixed: foreign });
  }
  return selectGroups(columns, definition.partitionBy, [...groups.values()]);
}

interface LocatedFile {
  readonly file: DataFile | NewFile;
  readonly localPath: string;
  readonly held: ReadonlySet<string>;
  /** Whether the file may be foreign, so that its types are uncertain. */
  readonly foreign: boolean;
}

async function locate(
  deps: ScanDeps,
  definition: TableDefinition,
  files: readonly (DataFile | NewFile)[],
): Promise<LocatedFile[]> {
  const localPaths = await Promise.all(files.map((file) => deps.store.localPath(`${definition.name}/${file.path}`)));
  const unknown = new Map<string, DataFile>();
  const located = files.map((file, index) => {
    const localPath = localPaths[index] ?? '';
    const held = file instanceof DataFile ? file.columns : columnsOf(file.stats);
    if (held === undefined && file instanceof DataFile && file.readColumns === undefined) unknown.set(localPath, file);
    return { file, localPath, held };
  });
  if (unknown.size > 0) {
    const found = await deps.engine.rows<{ path: string; columns: string[] }>(readFileColumns([...unknown.keys()]));
    for (const { path, columns } of found) {
      const file = unknown.get(path);
      if (file !== undefined) file.readColumns = new Set(columns);
    }
  }
  return located.map(({ file, localPath, held }) => {
    if (held !== undefined) return { file, localPath, held, foreign: false };
    const read = file instanceof DataFile ? file.readColumns : undefined;
    assert(read !== undefined, `the columns of ${file.path} were read`);
    return { file, localPath, held: read, foreign: true };
  });
}

/** Returns whether a file is in the folder of its partition values, so that DuckDB can read them from the path. */
function pathTells({ file, localPath }: LocatedFile, partitionBy: readonly string[]): boolean {
  return partitionBy.every((name) => {
    const value = file.partitionValues[name];
    const found = localPath.split('/').filter((part) => part.startsWith(`${name}=`));
    return found.length === 1 && /^[\w-]+$/.test(value ?? '') && found[0] === `${name}=${value}`;
  });
}
