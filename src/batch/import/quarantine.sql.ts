import { sqlText } from '#lake/engine.ts';

/** Refused rows as rows of `bronze/quarantine`. */
export function quarantineRowsSql(
  refused: string,
  of: { readonly dataset: string; readonly digest: string; readonly source: string; readonly seenAtMs: number },
): string {
  return `
    SELECT ${sqlText(of.dataset)} AS dataset, row, reason, ${sqlText(of.digest)} AS source_digest, row_number,
      ${sqlText(of.source)} AS source, make_timestamp(${of.seenAtMs} * 1000)::TIMESTAMPTZ AS seen_at
    FROM (${refused})`;
}

export function copyScratchSql(select: string, localPath: string): string {
  return `COPY (${select}) TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION lz4)`;
}

export function readScratchSql(localPaths: readonly string[]): string {
  return `SELECT * FROM read_parquet([${localPaths.map(sqlText).join(', ')}], hive_partitioning = false)`;
}

/** Rows that are not stored yet, by their key. */
export function unknownRowsSql(rows: string, stored: string): string {
  return `SELECT * FROM (${rows}) ANTI JOIN (SELECT source_digest, row_number FROM (${stored})) USING (source_digest, row_number)`;
}

export function firstRefusedSql(refused: string): string {
  return `SELECT row_number, reason, row FROM (${refused}) ORDER BY row_number LIMIT 1`;
}
