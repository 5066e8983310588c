/** Column types of our tables and their names in the Delta protocol ("Schema Serialization Format"). */

export type ColumnType = 'string' | 'date' | 'double' | 'long' | 'integer' | 'boolean' | 'timestamp';

/** The SQL type of a column in DuckDB. An instant has a time zone there: without one, it would need Delta reader 3. */
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
  /** Shown by `condvest tables` and stored in the Delta schema as the column's comment. */
  readonly comment: string;
}

/**
 * A table of the lake. All columns are nullable in the Delta schema, as the data model requires.
 *
 * A *unit* is what a put replaces as a whole: a session of daily bars, or a window of an N-session table (named by its
 * first session). Tables without a unit column are small and are rewritten or appended to as a whole.
 */
export interface TableDefinition {
  /** Folder under the lake's root, such as `bronze/daily_bars`. Its SQL view is `bronze.daily_bars`. */
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly Column[];
  /** The columns that are unique together in every version; empty if rows have no identity. */
  readonly key: readonly string[];
  /** Row order within each file. */
  readonly sortBy: readonly string[];
  /** Partition columns, computed from the row: so far only `year` of `unitColumn`. */
  readonly partitionBy: readonly string[];
  /** The date column that identifies a row's unit. */
  readonly unitColumn?: string;
}

/** Version of our own conventions on top of Delta, stored in the table's configuration as `condvest.layout`. */
export const LAYOUT_VERSION = 1;
