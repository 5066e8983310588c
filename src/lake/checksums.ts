import { CondvestError } from '#base/errors.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import type { DataFile } from './files.ts';
import type { TableDefinition } from './schema.ts';

/**
 * Throws unless these files have the bytes that were written: rows that are copied from a damaged file into a new one would
 * be beyond detection. Files without a checksum pass, and so do those that are gone: reading them tells. Each file is
 * hashed once per process.
 * @throws CondvestError `lake-file-damaged`.
 */
export async function checkIntact(
  deps: { readonly store: ObjectStore },
  { name: table }: TableDefinition,
  files: readonly DataFile[],
): Promise<void> {
  for (const file of files) {
    if (file.isIntact || file.sha256 === undefined) continue;
    const sha256 = await deps.store.sha256(`${table}/${file.path}`);
    if (sha256 !== undefined && sha256 !== file.sha256) throw damaged(table, file);
    file.isIntact = sha256 !== undefined;
  }
}

function damaged(table: string, { path }: DataFile): CondvestError {
  return new CondvestError({
    code: 'lake-file-damaged',
    kind: 'corrupt',
    message: `A file of table ${table} has other bytes than were written`,
    found: path,
    action: 'Copy it back from a backup, or run: condvest repair --damaged',
  });
}
