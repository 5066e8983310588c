import { sqlText } from '#lake/engine.ts';

/** Questions to the typed rows of an import of daily bars, each answered in one pass. */

export const BAR_VALUES: readonly string[] = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'];

/** Rows by file, session and reason (null: accepted). */
export function surveySql(rows: string, reason: string): string {
  return `
    SELECT file_index, session, reason, count(*) AS rows FROM (SELECT *, ${reason} AS reason FROM (${rows}))
    GROUP BY file_index, session, reason ORDER BY file_index, session, reason`;
}

/** The rows that were accepted, as they go into the table. `reason` undefined: all of them were. */
export function acceptedSql(rows: string, reason: string | undefined): string {
  const where = reason === undefined ? '' : ` WHERE (${reason}) IS NULL`;
  const values = BAR_VALUES.map((name) => (name === 'trades' ? 'trades::BIGINT AS trades' : name)).join(', ');
  return `SELECT symbol, session, ${values} FROM (${rows})${where}`;
}

/**
 * How many rows do not come after the row before them, by symbol and session. None: the rows are sorted and no key
 * occurs twice. The window has no order of its own, so DuckDB streams it over the rows as they come.
 */
export function disorderSql(accepted: string): string {
  return `
    SELECT count(*) AS rows FROM (
      SELECT symbol, session, lag(symbol) OVER () AS symbol_before, lag(session) OVER () AS session_before
      FROM (${accepted})
    ) WHERE symbol < symbol_before OR (symbol = symbol_before AND session <= session_before)`;
}

/**
 * How many symbol-years hold a session twice. A bit a day of the year for each symbol and year is exact and takes a
 * fraction of the memory of grouping by key.
 */
function crowdedSql(accepted: string): string {
  return `
    SELECT symbol, year(session) AS year FROM (${accepted}) GROUP BY ALL
    HAVING count(*) <> bit_count(bitstring_agg(dayofyear(session)::INTEGER, 1, 366))`;
}

export function crowdedCountSql(accepted: string): string {
  return `SELECT count(*) AS groups FROM (${crowdedSql(accepted)})`;
}

/** The keys that occur more than once: copies, variants (different values), and the values of one of them. */
export function duplicatesSql(accepted: string): string {
  const struct = `{${BAR_VALUES.map((name) => `'${name}': ${name}`).join(', ')}}`;
  return `
    SELECT symbol, session, count(*) AS copies, count(DISTINCT ${struct}) AS variants,
      ${BAR_VALUES.map((name) => `any_value(${name}) AS ${name}`).join(', ')}
    FROM (SELECT * FROM (SELECT *, year(session) AS year FROM (${accepted})) SEMI JOIN (${crowdedSql(accepted)}) USING (symbol, year))
    GROUP BY symbol, session HAVING count(*) > 1 ORDER BY symbol, session`;
}

/** Rows that duplicates cost: equal ones collapse into one, different ones are all refused. */
export function duplicateCountsSql(duplicatesPath: string): string {
  return `
    SELECT coalesce(sum(copies - 1) FILTER (variants = 1), 0)::BIGINT AS collapsed,
      coalesce(sum(copies) FILTER (variants > 1), 0)::BIGINT AS refused
    FROM ${readSql(duplicatesPath)}`;
}

/** The accepted rows with each key once. */
export function uniqueSql(accepted: string, duplicatesPath: string): string {
  const columns = `symbol, session, ${BAR_VALUES.join(', ')}`;
  return `
    SELECT ${columns} FROM (${accepted}) ANTI JOIN ${readSql(duplicatesPath)} USING (symbol, session)
    UNION ALL SELECT ${columns} FROM ${readSql(duplicatesPath)} WHERE variants = 1`;
}

/** SQL of the reason for which a row is refused once duplicates are known: its own, or theirs. */
export function duplicateReasonSql(reason: string, duplicatesPath: string, duplicateReason: string): string {
  const key = `SELECT symbol, session FROM ${readSql(duplicatesPath)} WHERE variants > 1`;
  return `coalesce(${reason}, CASE WHEN (symbol, session) IN (${key}) THEN ${sqlText(duplicateReason)} END)`;
}

function readSql(path: string): string {
  return `read_parquet(${sqlText(path)}, hive_partitioning = false)`;
}
