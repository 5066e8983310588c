import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';

import { firstJsonSql, jsonKeysSql } from './source-file.sql.ts';
import type { SourceFile } from './source-file.ts';

/** Fields that hold the records of a response saved as a file: the vendor's, Condvest's own, and other APIs'. */
const RECORD_FIELDS: readonly string[] = ['results', 'bars', 'data', 'historical', 'values'];

/**
 * Inspects a JSON file: an array of records, one record per line, or a response with its records in one field.
 * @throws UsageError `import-file-format`, `import-file-empty`.
 */
export async function inspectJson(lake: Lake, path: string): Promise<Omit<SourceFile, 'path' | 'sizeBytes' | 'gzip'>> {
  const [first] = await readable(path, () => lake.rows<{ type: string; json: string }>(firstJsonSql(path)));
  if (first === undefined)
    throw new UsageError({ code: 'import-file-empty', message: 'The file is empty', found: path });
  if (first.type !== 'OBJECT') throw notRecords(path);
  const object = JSON.parse(first.json) as Readonly<Record<string, unknown>>;
  const recordsIn = RECORD_FIELDS.find((name) => Array.isArray(object[name]));
  const keys = await readable(path, () => lake.rows<{ name: string }>(jsonKeysSql(path, recordsIn)));
  if (keys.length === 0) {
    throw new UsageError({ code: 'import-file-empty', message: 'The file has no rows', found: path });
  }
  const header = keys.map(({ name }) => name);
  const envelope = Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value !== 'object'));
  return {
    format: 'json',
    delimiter: '',
    header,
    readNames: header.map((_, index) => `c${index}`),
    types: header.map(() => 'VARCHAR'),
    ...(recordsIn === undefined ? {} : { recordsIn, envelope }),
  };
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof Error && /JSON|json/.test(`${cause.message} ${String(cause.cause)}`))) throw cause;
    throw new UsageError({
      code: 'import-file-format',
      message: 'The file begins like JSON, but cannot be read as JSON',
      found: path,
      action: 'Download or write it again',
      cause,
    });
  }
}

function notRecords(path: string): UsageError {
  return new UsageError({
    code: 'import-file-format',
    message: 'The JSON file is not made of records',
    found: path,
    allowed: `an array of objects, one object per line, or an object with an array of them in ${RECORD_FIELDS.join(', ')}`,
  });
}
