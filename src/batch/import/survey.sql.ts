import { sqlText } from '#lake/engine.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import { JUMP_DOWN, JUMP_UP } from '#market/quality.ts';

/** Questions to the typed rows of an import of daily bars, each answered in one pass. */

const BAR_VALUES: readonly string[] = BAR_FIELDS;

/** Rows, and those of them without volume, by file, session and reason (null: accepted). */
export function surveySql(rows: string, reason: string): string {
  return `
    SELECT file_index, session, reason, count(*) AS rows, count(*) FILTER (volume = 0) AS without_volume
    FROM (SELECT *, ${reason} AS reason FROM (${rows}))
    GROUP BY file_index, session, reason ORDER BY file_index, session, reason`;
}

/** The rows that were accepted, as they go into the table. `reason` undefined: all of them were. */
export function acceptedSql(rows: string, reason: string | undefined): string {
  const where = reason === undefined ? '' : ` WHERE (${reason}) IS NULL`;
  const values = BAR_VALUES.map((name) => (name === 'trades' ? 'trades::BIGINT AS trades' : name)).join(', ');
  return `SELECT symbol, session, ${values} FROM (${rows})${where}`;
}

/** The sessions that occur, whatever they are. */
export function occurringSessionsSql(rows: string): string {
  return `SELECT DISTINCT session FROM (${rows}) WHERE session IS NOT NULL`;
}

/**
 * One walk over the rows as they come. `by_symbol`, `by_year`: how many do not come after the row before them by symbol
 * and session, by year, symbol and session; none, by either, means that no key occurs twice and that the rows of each
 * year are sorted. `jumps`: the first steps, as JSON, where the close jumps from that of the row before, which is of
 * the same symbol; meaningful in sorted rows. The windows have no order of their own, so DuckDB streams them.
 */
export function walkSql(rows: string, jumpsMax: number): string {
  return `
    SELECT count(*) FILTER (disorder) AS by_symbol,
      count(*) FILTER (year(session) < year(session_before) OR (year(session) = year(session_before) AND disorder)) AS by_year,
      to_json(min({${STEP.map((name) => `'${name}': ${name}`).join(', ')}}, ${jumpsMax})
        FILTER (symbol = symbol_before AND (${IS_JUMP})))::VARCHAR AS jumps
    FROM (
      SELECT *, symbol < symbol_before OR (symbol = symbol_before AND session <= session_before) AS disorder
      FROM (
        SELECT symbol, session, close, lag(symbol) OVER () AS symbol_before, lag(session) OVER () AS session_before,
          lag(close) OVER () AS close_before
        FROM (${rows})
      )
    )`;
}

/**
 * Counts the symbol-years that have a session twice. One bit per day of the year for each symbol and year is exact and
 * takes a fraction of the memory of grouping by key.
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

/** Equal rows that collapse: each beyond the first of its key. */
export function duplicateCountsSql(duplicatesPath: string): string {
  return `
    SELECT coalesce(sum(copies - 1) FILTER (variants = 1), 0)::BIGINT AS collapsed FROM ${readSql(duplicatesPath)}`;
}

/** Accepted rows by file that have a key in common with rows of other values. */
export function duplicateCountsByFileSql(rows: string, reason: string, duplicatesPath: string): string {
  return `
    SELECT file_index, count(*) AS rows FROM (SELECT * FROM (${rows}) WHERE (${reason}) IS NULL)
    SEMI JOIN (SELECT symbol, session FROM ${readSql(duplicatesPath)} WHERE variants > 1) USING (symbol, session)
    GROUP BY file_index`;
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

/** A close, and the close of the same symbol before it. */
const STEP: readonly string[] = ['symbol', 'session', 'close', 'session_before', 'close_before'];
const IS_JUMP = `close > ${JUMP_UP} * close_before OR close < ${JUMP_DOWN} * close_before`;

/** The jumps of rows that are not sorted. */
export function jumpsSql(rows: string, limit: number): string {
  return `
    SELECT ${STEP.join(', ')} FROM (
      SELECT symbol, session, close, lag(session) OVER steps AS session_before, lag(close) OVER steps AS close_before
      FROM (${rows}) WINDOW steps AS (PARTITION BY symbol ORDER BY session)
    ) WHERE ${IS_JUMP} ORDER BY symbol, session LIMIT ${limit}`;
}

/** The jumps from one year to the next, of rows that are sorted within each year only. */
export function jumpsOverYearsSql(rows: string, limit: number): string {
  return `
    SELECT ${STEP.join(', ')} FROM (
      SELECT symbol, first_session AS session, first_close AS close,
        lag(last_session) OVER years AS session_before, lag(last_close) OVER years AS close_before
      FROM (
        SELECT symbol, min(session) AS first_session, max(session) AS last_session,
          arg_min(close, session) AS first_close, arg_max(close, session) AS last_close
        FROM (${rows}) GROUP BY symbol, year(session)
      )
      WINDOW years AS (PARTITION BY symbol ORDER BY first_session)
    ) WHERE ${IS_JUMP} ORDER BY symbol, session LIMIT ${limit}`;
}

/** The rows from a session on; all of them where it is undefined. */
export function sinceSql(rows: string, from: string | undefined): string {
  return from === undefined ? rows : `SELECT * FROM (${rows}) WHERE session >= DATE ${sqlText(from)}`;
}

/**
 * Rows to be, and beside them what is stored of the same symbols and is not replaced: symbol, session, close, volume.
 */
export function besideStoredSql(rows: string, stored: string): string {
  return `
    SELECT symbol, session, close, volume FROM (${rows})
    UNION ALL
    SELECT symbol, session, close, volume FROM (${stored})
    SEMI JOIN (${rows}) AS n USING (symbol) ANTI JOIN (${rows}) AS m USING (symbol, session)`;
}

/** The first rows without volume. */
export function withoutVolumeSql(rows: string, limit: number): string {
  return `SELECT symbol, session FROM (${rows}) WHERE volume = 0 ORDER BY symbol, session LIMIT ${limit}`;
}

/** The bars around each of some splits, given as a table (symbol, ex_date): the last before, the first from it on. */
export function barsAroundSql(rows: string, splits: string): string {
  return `
    SELECT symbol, ex_date, max(session) FILTER (session < ex_date) AS session_before,
      arg_max(close, session) FILTER (session < ex_date) AS close_before,
      min(session) FILTER (session >= ex_date) AS session, arg_min(close, session) FILTER (session >= ex_date) AS close
    FROM (${rows}) JOIN ${splits} USING (symbol)
    WHERE session BETWEEN ex_date - ${AROUND_DAYS} AND ex_date + ${AROUND_DAYS}
    GROUP BY symbol, ex_date HAVING session IS NOT NULL AND session_before IS NOT NULL`;
}

/** A halt over a split that is longer than this is not looked across. */
const AROUND_DAYS = 60;

function readSql(path: string): string {
  return `read_parquet(${sqlText(path)}, hive_partitioning = false)`;
}
