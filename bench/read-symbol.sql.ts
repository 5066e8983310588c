import { sqlPath, sqlText } from '#lake/sql-text.ts';

/** Writes the rows of one of our files in the layout of version 0.1: DuckDB's default row groups, with Bloom filters. */
export function copyFormerLayout(file: string, target: string): string {
  return `COPY (FROM read_parquet(${sqlPath(file)}, hive_partitioning = false)) TO ${sqlText(target)}
    (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 2000)`;
}

/** Byte ranges, and bytes, that one symbol needs from an object store: each footer, and each row group that may hold it. */
export function rangesOfSymbol(files: readonly string[], symbol: string): string {
  const list = `[${files.map(sqlPath).join(', ')}]`;
  return `WITH held AS (
      SELECT file_name, row_group_id FROM parquet_metadata(${list})
      WHERE path_in_schema = 'symbol' AND ${sqlText(symbol)} BETWEEN stats_min_value AND stats_max_value
    ), parts AS (
      SELECT sum(total_compressed_size) AS bytes FROM parquet_metadata(${list}) JOIN held USING (file_name, row_group_id)
      GROUP BY file_name, row_group_id
      UNION ALL
      SELECT footer_size FROM parquet_file_metadata(${list})
    )
    SELECT count(*)::INTEGER AS ranges, sum(bytes)::DOUBLE AS bytes FROM parts`;
}

/** One symbol's rows straight from the files, by DuckDB alone. The fastest union is the yardstick. */
export function oneSymbol(files: readonly string[], symbol: string): string {
  return `SELECT symbol, session, open, high, low, close, volume, vwap, trades, source, fetched_at
    FROM read_parquet([${files.map(sqlPath).join(', ')}], hive_partitioning = false)
    WHERE symbol = ${sqlText(symbol)} ORDER BY session`;
}
