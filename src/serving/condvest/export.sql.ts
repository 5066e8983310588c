import type { TableDefinition } from '#lake/schema.ts';
import { sqlName, sqlText } from '#lake/sql-text.ts';

/** The columns by which rows of a table are chosen: those that say whose and when a row is. */
export interface ExportColumns {
  readonly symbol: string | undefined;
  /** A row belongs to the range where its time, `first` to `last`, touches it. An open end is null. */
  readonly time: { readonly first: string; readonly last: string } | undefined;
}

export interface ExportWanted {
  /** In this order; each is a column of the table. */
  readonly columns: readonly string[];
  /** Number of bound symbols, from `$3` on; 0 means any. */
  readonly symbols: number;
}

/**
 * Rows of a table. `rows` is SQL text of a relation (`scanSql`); `$1` and `$2` are the first and last day, or null.
 * With symbols the rows are in the table's order; otherwise in the order of the files, which nothing has to hold in
 * memory to keep.
 */
export function exportSql(rows: string, definition: TableDefinition, by: ExportColumns, wanted: ExportWanted): string {
  const order = wanted.symbols === 0 ? '' : ` ORDER BY ${definition.sortBy.map(sqlName).join(', ')}`;
  return `SELECT ${wanted.columns.map(sqlName).join(', ')} FROM (${rows}) WHERE ${conditionsSql(by, wanted)}${order}`;
}

export function exportCountSql(rows: string, by: ExportColumns, wanted: ExportWanted): string {
  return `SELECT count(*) AS count FROM (${rows}) WHERE ${conditionsSql(by, wanted)}`;
}

export function copyToParquetSql(select: string, path: string): string {
  return `COPY (${select}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`;
}

function conditionsSql({ symbol, time }: ExportColumns, wanted: ExportWanted): string {
  const conditions = ['($1::VARCHAR IS NULL OR $2::VARCHAR IS NULL OR $1::DATE <= $2::DATE)'];
  if (time !== undefined) {
    const [first, last] = [sqlName(time.first), sqlName(time.last)];
    conditions.push(`($1::VARCHAR IS NULL OR ${last} IS NULL OR ${last} >= $1::DATE)`);
    conditions.push(`($2::VARCHAR IS NULL OR ${first} <= $2::DATE)`);
  }
  if (symbol !== undefined && wanted.symbols > 0) {
    const places = Array.from({ length: wanted.symbols }, (_, index) => `$${index + 3}`);
    conditions.push(`${sqlName(symbol)} IN (${places.join(', ')})`);
  }
  return conditions.join(' AND ');
}
