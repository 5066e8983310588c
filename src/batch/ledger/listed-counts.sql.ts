/** Rows of `bars` whose symbol is listed on their session, counted by session: session, rows. */
export function listedRowsSql(bars: string, listings: string): string {
  const spans = `SELECT symbol, first_session, coalesce(last_session, DATE '9999-12-31') AS last_session FROM (${listings})`;
  return `
    SELECT session, count(*) AS rows FROM (SELECT symbol, session FROM (${bars})) b
    SEMI JOIN (${spans}) l ON b.symbol = l.symbol AND b.session >= l.first_session AND b.session <= l.last_session
    GROUP BY session`;
}
