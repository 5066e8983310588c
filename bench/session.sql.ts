import { sqlPath } from '#lake/sql-text.ts';

const COLUMNS = 'symbol, open, high, low, close, volume, vwap, trades';

function sessionOf(files: readonly string[], session: string): string {
  return `FROM read_parquet([${files.map(sqlPath).join(', ')}], hive_partitioning = false) WHERE session = DATE '${session}'`;
}

/** One session's rows straight from the files that hold it, by DuckDB alone. */
export function oneSession(files: readonly string[], session: string): string {
  return `SELECT ${COLUMNS} ${sessionOf(files, session)} ORDER BY symbol`;
}

/** The same rows as one JSON text, written by DuckDB. */
export function oneSessionAsJson(files: readonly string[], session: string): string {
  return `SELECT to_json(list({T: symbol, v: volume, vw: vwap, o: open, c: close, h: high, l: low, n: trades}
    ORDER BY symbol))::VARCHAR AS json ${sessionOf(files, session)}`;
}

/** One listing for each of a number of symbols of the dataset. */
export function listingsOf(symbols: number): string {
  return `SELECT symbol AS security_id, symbol, DATE '2000-01-03' AS first_session, NULL AS last_session,
      'Company ' || symbol AS name, 'CS' AS type, 'XNYS' AS exchange, NULL AS figi, 'simulated' AS source,
      TIMESTAMPTZ '2024-01-01' AS seen_at
    FROM (SELECT 'S' || lpad(s::VARCHAR, 6, '0') AS symbol FROM range(${symbols}) t(s)) ORDER BY symbol`;
}
