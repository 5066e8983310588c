/** Queries of the typed rows of an import of splits, dividends or listings. */

/** Counts rows by file and reason (null: accepted). */
export function countsByReasonSql(rows: string, reason: string): string {
  return `
    SELECT file_index, reason, count(*) AS rows FROM (SELECT *, ${reason} AS reason FROM (${rows}))
    GROUP BY file_index, reason ORDER BY file_index, reason`;
}

/** Stores a ratio r as 1 and r, unrounded. Both numbers take precedence over a ratio next to them. */
export function splitTermsSql(rows: string): string {
  return `
    SELECT * REPLACE (
      CASE WHEN split_from IS NULL AND split_to IS NULL AND ratio IS NOT NULL THEN 1::DOUBLE ELSE split_from END AS split_from,
      CASE WHEN split_from IS NULL AND split_to IS NULL THEN ratio ELSE split_to END AS split_to)
    FROM (${rows})`;
}

/** A dividend without a kind is regular cash. */
export function dividendKindSql(rows: string): string {
  return `SELECT * REPLACE (coalesce(kind, 'CD') AS kind) FROM (${rows})`;
}

/** Selects accepted rows, equal ones once. */
export function acceptedEventsSql(rows: string, reason: string, columns: readonly string[]): string {
  return `SELECT DISTINCT ${columns.join(', ')} FROM (${rows}) WHERE (${reason}) IS NULL`;
}

/** Counts accepted rows, and those equal to an earlier one. */
export function duplicateEventsSql(rows: string, reason: string, columns: readonly string[]): string {
  const list = columns.join(', ');
  return `
    SELECT coalesce(sum(copies), 0)::BIGINT AS accepted, coalesce(sum(copies - 1), 0)::BIGINT AS collapsed
    FROM (SELECT ${list}, count(*) AS copies FROM (${rows}) WHERE (${reason}) IS NULL GROUP BY ${list})`;
}
