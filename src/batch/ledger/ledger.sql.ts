/** Rows a session. */
export function countsSql(rows: string): string {
  return `SELECT session, count(*) AS rows FROM (${rows}) GROUP BY session ORDER BY session`;
}

/** Rows of each session, and the last instant at which one of them was fetched. */
export function lastFetchesSql(select: string): string {
  return `SELECT session, count(*) AS rows, max(fetched_at) AS fetched_at FROM (${select}) GROUP BY session ORDER BY session`;
}
