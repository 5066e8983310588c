import { sqlText } from '#lake/sql-text.ts';

/** The statements behind the directory of tickers. `rows` is SQL text of a relation (`scanSql`). */

export function listedTickers(rows: string): string {
  return `SELECT security_id, symbol, first_session, last_session, name, type, exchange, figi, seen_at FROM (${rows})
    WHERE symbol IS NOT NULL AND first_session IS NOT NULL ORDER BY symbol, first_session`;
}

export function tradedSymbols(rows: string, until: string | undefined): string {
  const inTime = until === undefined ? '' : `AND session <= DATE ${sqlText(until)}`;
  return `SELECT symbol, min(session) AS first_session, max(session) AS last_session FROM (${rows})
    WHERE symbol IS NOT NULL ${inTime} GROUP BY symbol ORDER BY symbol`;
}
