import type { SqlParameter } from './engine-session.ts';
import type { TableDefinition } from './schema.ts';

/** Records: rows with the program's names. `ex_date` is `exDate`, and an instant `seen_at` is `seenAtMs`. */

export function recordName(column: string, isInstant: boolean): string {
  const camelCase = column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return isInstant ? `${camelCase}Ms` : camelCase;
}

/** Returns the values of a record in the order of the table's columns; null where it has none. */
export function recordValues(definition: TableDefinition, record: object): SqlParameter[] {
  const values = new Map<string, SqlParameter>(Object.entries(record));
  return definition.columns.map(({ name, type }) => values.get(recordName(name, type === 'timestamp')) ?? null);
}
