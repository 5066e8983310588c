import { sqlText } from '#lake/sql-text.ts';

/** Published sessions in which a symbol has no bar. `bars`: rows of daily bars; `published`: a table (session). */

/**
 * Spans in which symbols should have bars: symbol, first_session, last_session. A listing that a source's list began says since
 * when the symbol was seen there, and not since when it traded: the first listing of a symbol reaches back to its first bar.
 */
function spansSql(bars: string, listings: string): string {
  return `
    SELECT l.symbol, coalesce(last_session, DATE '9999-12-31') AS last_session,
      CASE WHEN row_number() OVER (PARTITION BY l.symbol ORDER BY first_session) = 1
        THEN least(first_session, coalesce(first_bar, first_session)) ELSE first_session END AS first_session
    FROM (${listings}) l LEFT JOIN (SELECT symbol, min(session) AS first_bar FROM (${bars}) GROUP BY symbol) b
      ON b.symbol = l.symbol`;
}

/** Listings with such sessions, most of them first: symbol, first_session, missing, sessions. */
export function symbolGapsSql(bars: string, listings: string, limit: number): string {
  return `
    WITH spans AS (${spansSql(bars, listings)}), held AS (
      SELECT s.symbol, s.first_session, count(*) AS bars
      FROM (SELECT symbol, session FROM (${bars})) b JOIN spans s
        ON b.symbol = s.symbol AND b.session BETWEEN s.first_session AND s.last_session
      GROUP BY ALL
    ), expected AS (
      SELECT symbol, first_session, last_session,
        (SELECT count(*) FROM published p WHERE p.session BETWEEN s.first_session AND s.last_session) AS sessions
      FROM spans s
    )
    SELECT symbol, first_session, sessions - coalesce(bars, 0) AS missing, sessions
    FROM expected LEFT JOIN held USING (symbol, first_session)
    WHERE sessions > coalesce(bars, 0) ORDER BY missing DESC, symbol, first_session LIMIT ${limit}`;
}

/** The sessions that one symbol is missing from, newest first; between its bars where there is no listing of it. */
export function gapsOfSymbolSql(bars: string, listings: string, symbol: string, limit: number): string {
  const name = sqlText(symbol);
  const own = `SELECT * FROM (${bars}) WHERE symbol = ${name}`;
  return `
    WITH own AS (${own}), listed AS (${spansSql('FROM own', `SELECT * FROM (${listings}) WHERE symbol = ${name}`)}),
    spans AS (
      SELECT first_session, last_session FROM listed
      UNION ALL SELECT min(session), max(session) FROM own HAVING NOT EXISTS (FROM listed)
    )
    SELECT p.session FROM published p
    WHERE EXISTS (FROM spans s WHERE p.session BETWEEN s.first_session AND s.last_session)
      AND p.session NOT IN (SELECT session FROM own)
    ORDER BY 1 DESC LIMIT ${limit}`;
}
