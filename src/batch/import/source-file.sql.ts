import { sqlText } from '#lake/engine.ts';

/** A path for DuckDB, which would take `*`, `?` and `[` in it for a pattern. */
export function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[*?[]/g, (char) => `[${char}]`));
}

/** Columns of a Parquet file as DuckDB names them, with its types. */
export function describeParquetSql(path: string): string {
  return `DESCRIBE SELECT * FROM read_parquet(${sqlPath(path)}, hive_partitioning = false)`;
}

/** The elements of a Parquet file's schema, depth first from its root. */
export function parquetElementsSql(path: string): string {
  return `SELECT name, num_children::INTEGER AS num_children FROM parquet_schema(${sqlPath(path)})`;
}
