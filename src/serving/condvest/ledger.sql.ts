import { sqlName } from '#lake/sql-text.ts';

/** Questions to the small tables. `rows` is SQL text of a relation (`scanSql`); every value from outside is bound. */

/** The ledger of daily bars, and the horizons of sources: rows `dataset`, `session` and what is known of it. */
export function ledgerSql(rows: string): string {
  return `
    SELECT dataset, session, state, rows, expected, counted, attempts, first_fetch, last_fetch, table_version FROM (${rows})
    WHERE dataset = 'daily_bars' OR starts_with(dataset, 'horizon:') ORDER BY session`;
}

/** `$1` reason, `$2` date of the row itself as far as it tells one, `$3` rows wanted, `$4` rows to pass over. */
export function quarantineSql(rows: string): string {
  const date = `try_cast(coalesce(json_extract_string("row", '$.session'), json_extract_string("row", '$.date')) AS DATE)`;
  return `
    SELECT dataset, "row", reason, source_digest, row_number, source, seen_at AS seen_at_ms FROM (${rows})
    WHERE ($1::VARCHAR IS NULL OR reason = $1) AND ($2::VARCHAR IS NULL OR ${date} = $2::DATE)
    ORDER BY seen_at DESC, source_digest, row_number LIMIT $3::BIGINT OFFSET $4::BIGINT`;
}

/** `$1` symbol, `$2` and `$3` first and last session, `$4` kind, `$5` rows wanted, `$6` rows to pass over. */
export function restatementsSql(rows: string): string {
  return `
    SELECT symbol, session, version, kind, field, old, ${sqlName('new')}, seen_at AS seen_at_ms FROM (${rows})
    WHERE ($1::VARCHAR IS NULL OR symbol = $1) AND ($2::VARCHAR IS NULL OR session >= $2::DATE)
      AND ($3::VARCHAR IS NULL OR session <= $3::DATE) AND ($4::VARCHAR IS NULL OR kind = $4)
    ORDER BY version DESC, symbol, session, field LIMIT $5::BIGINT OFFSET $6::BIGINT`;
}

export function countSql(rows: string): string {
  return `SELECT count(*)::INTEGER AS rows FROM (${rows})`;
}
