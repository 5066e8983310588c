import { sqlName } from '#lake/sql-text.ts';

/** Statements about the lake as a whole. `bars` and `listings` are SQL text of relations (`scanSql`). */

/** One row a symbol: its bars, and what its newest listing says. `?` is bound to the search text, or to null. */
export function symbolsSql(bars: string, listings: string, limit: number): string {
  return `
    WITH traded AS (
      SELECT symbol, min(session) AS first_session, max(session) AS last_session, count(*) AS bars
      FROM (${bars}) GROUP BY symbol
    ), newest AS (
      SELECT symbol, arg_max(security_id, first_session) AS security_id, arg_max(name, first_session) AS name,
        arg_max(type, first_session) AS type, arg_max(exchange, first_session) AS exchange
      FROM (${listings}) GROUP BY symbol
    )
    SELECT traded.symbol, coalesce(security_id, traded.symbol) AS security_id, name, type, exchange, traded.first_session,
      traded.last_session, bars
    FROM traded LEFT JOIN newest USING (symbol)
    WHERE $1 IS NULL OR contains(upper(traded.symbol), upper($1)) OR contains(upper(coalesce(name, '')), upper($1))
    ORDER BY upper(traded.symbol) <> upper(coalesce($1, '')), traded.symbol LIMIT ${limit}`;
}

export function countSql(rows: string): string {
  return `SELECT count(*) AS count FROM (${rows})`;
}

export function boundsSql(rows: string, column: string): string {
  return `SELECT min(${sqlName(column)}) AS first, max(${sqlName(column)}) AS last FROM (${rows})`;
}
