import { sqlText } from '#lake/sql-text.ts';

export function copyScratchSql(select: string, localPath: string): string {
  return `COPY (${select}) TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION lz4)`;
}

export function readScratchSql(localPaths: readonly string[]): string {
  return `SELECT * FROM read_parquet([${localPaths.map(sqlText).join(', ')}], hive_partitioning = false)`;
}
