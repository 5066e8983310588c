import { sqlText } from '#lake/engine.ts';

/** Published sessions in which a listed symbol has no bar. `bars`: rows of daily bars; `published`: a table (session). */

/** Listings with such sessions, most of them first: symbol, missing, first_missing, last_missing. */
export function symbolGapsSql(bars: string, listings: string, limit: number): string {
  return `
    WITH spans AS (
      SELECT symbol, first_session, coalesce(last_session, DATE '9999-12-31') AS last_session FROM (${listings})
    ), held AS (
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

/** The sessions that one symbol is missing from, newest first. */
export function gapsOfSymbolSql(bars: string, listings: string, symbol: string, limit: number): string {
  const name = sqlText(symbol);
  return `
    SELECT p.session FROM published p
    WHERE EXISTS (FROM (${listings}) l WHERE l.symbol = ${name} AND p.session >= l.first_session
        AND (l.last_session IS NULL OR p.session <= l.last_session))
      AND p.session NOT IN (SELECT session FROM (${bars}) WHERE symbol = ${name})
    ORDER BY 1 DESC LIMIT ${limit}`;
}
