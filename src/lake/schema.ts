/** Column types of our tables and their names in the Delta protocol ("Schema Serialization Format"). */

export type ColumnType = 'string' | 'date' | 'double' | 'long' | 'integer' | 'boolean' | 'timestamp';

/** The SQL type that holds a column in DuckDB. An instant has a zone there: a zoneless one would need Delta reader 3. */
export const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'VARCHAR',
  date: 'DATE',
  double: 'DOUBLE',
  long: 'BIGINT',
  integer: 'INTEGER',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMPTZ',
};

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Shown by `condvest tables` and written into the Delta schema as the column's comment. */
  readonly comment: string;
}

/**
 * One table of the lake. All columns are nullable in the Delta schema, as the data model asks.
 *
 * A *unit* is what a write puts as a whole: a session of daily bars, a window of an N-session table (named by its first
 * session). Tables without a unit column are small and are rewritten or appended to as a whole.
 */
export interface TableDefinition {
  /** Folder under the lake's root, such as `bronze/daily_bars`. Its view in SQL is `bronze.daily_bars`. */
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly Column[];
  /** The columns that are unique together in every version; empty where rows have no identity. */
  readonly key: readonly string[];
  /** Order of rows inside each file. */
  readonly sortBy: readonly string[];
  /** Partition columns, computed from the row: only `year` of `unitColumn` so far. */
  readonly partitionBy: readonly string[];
  /** The date column that names a row's unit. */
  readonly unitColumn?: string;
}

/** Version of our own conventions on top of Delta, kept in the table's configuration as `condvest.layout`. */
export const LAYOUT_VERSION = 1;
