import { CondvestError } from '#base/errors.ts';

import { isRecord } from '#base/is-record.ts';
import type { WireRecord } from './actions.ts';
import type { Column, ColumnType } from './schema.ts';

/**
 * Conversion between the `schemaString` of a table's metadata (protocol, "Schema Serialization Format") and our
 * columns.
 */

const OUR_TYPES: ReadonlySet<string> = new Set<ColumnType>([
  'string',
  'date',
  'double',
  'long',
  'integer',
  'boolean',
  'timestamp',
]);

/** Returns the schema of a new table. Every column is nullable, as the data model requires. */
export function schemaStringOf(columns: readonly Column[]): string {
  return JSON.stringify({ type: 'struct', fields: columns.map(fieldOf) });
}

/**
 * Returns the columns of a stored schema that have one of our types; others (of foreign writers) are left alone and not
 * read.
 */
export function columnsOf(schemaString: string, table: string): Column[] {
  const columns: Column[] = [];
  for (const field of fieldsOf(schemaString, table)) {
    const { name, type, metadata } = field;
    if (typeof name !== 'string' || typeof type !== 'string' || !OUR_TYPES.has(type)) continue;
    const comment = isRecord(metadata) && typeof metadata.comment === 'string' ? metadata.comment : '';
    columns.push({ name, type: type as ColumnType, comment });
  }
  return columns;
}

/**
 * Returns the stored schema with the columns that it lacks, or undefined if it lacks none. Columns that only the stored
 * schema has stay. Throws if a column has a different type than we write: no writer may change a type.
 */
export function schemaWithColumns(schemaString: string, columns: readonly Column[], table: string): string | undefined {
  const fields = fieldsOf(schemaString, table);
  const missing: WireRecord[] = [];
  for (const column of columns) {
    const stored = fields.find((field) => field.name === column.name);
    if (stored === undefined) missing.push(fieldOf(column));
    else if (stored.type !== column.type) {
      throw new CondvestError({
        code: 'lake-schema-mismatch',
        kind: 'permanent',
        message: `Column ${column.name} of table ${table} has a type that Condvest does not write`,
        found: JSON.stringify(stored.type),
        allowed: column.type,
        action: 'Was the folder created by another program? Use a new one, or rename the column',
      });
    }
  }
  if (missing.length === 0) return undefined;
  return JSON.stringify({ type: 'struct', fields: [...fields, ...missing] });
}

/** Returns whether a column has an invariant that a writer would have to check, which ours does not. */
export function hasInvariants(schemaString: string, table: string): boolean {
  return fieldsOf(schemaString, table).some(
    ({ metadata }) => isRecord(metadata) && metadata['delta.invariants'] !== undefined,
  );
}

function fieldOf(column: Column): WireRecord {
  const metadata = column.comment === '' ? {} : { comment: column.comment };
  return { name: column.name, type: column.type, nullable: true, metadata };
}

function fieldsOf(schemaString: string, table: string): WireRecord[] {
  let schema: unknown;
  try {
    schema = JSON.parse(schemaString);
  } catch {
    schema = undefined;
  }
  if (isRecord(schema) && Array.isArray(schema.fields)) return schema.fields.filter(isRecord);
  throw new CondvestError({
    code: 'lake-log-corrupt',
    kind: 'corrupt',
    message: `Cannot read the schema of table ${table}`,
    found: schemaString.slice(0, 200),
  });
}
