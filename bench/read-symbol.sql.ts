import { sqlPath, sqlText } from '#lake/engine.ts';

/** One symbol's rows straight from the files, by DuckDB alone. The fastest union is the yardstick. */
export function oneSymbol(files: readonly string[], symbol: string): string {
  return `SELECT symbol, session, open, high, low, close, volume, vwap, trades, source, fetched_at
    FROM read_parquet([${files.map(sqlPath).join(', ')}], hive_partitioning = false)
    WHERE symbol = ${sqlText(symbol)} ORDER BY session`;
}
