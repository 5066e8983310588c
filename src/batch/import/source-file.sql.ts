import { sqlText } from '#lake/engine.ts';

/** Escapes `*`, `?` and `[` in a path, which DuckDB would take for a pattern. */
export function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[*?[]/g, (char) => `[${char}]`));
}

/** Describes the columns of a Parquet file with the names and types that DuckDB gives them. */
export function describeParquetSql(path: string): string {
  return `DESCRIBE SELECT * FROM read_parquet(${sqlPath(path)}, hive_partitioning = false)`;
}

/** Selects the elements of a Parquet schema, depth first from its root. */
export function parquetElementsSql(path: string): string {
  return `SELECT name, num_children::INTEGER AS num_children FROM parquet_schema(${sqlPath(path)})`;
}
