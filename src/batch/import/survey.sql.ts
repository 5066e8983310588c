import { recordName } from '#lake/records.ts';
import { sqlText } from '#lake/sql-text.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import { JUMP_DOWN, JUMP_UP } from '#market/quality.ts';

/** Queries of the typed rows of an import of daily bars, each in one pass. */

const BAR_VALUES: readonly string[] = BAR_FIELDS;

/**
 * Counts rows, those without volume and those with a padded symbol, by file, session and reason (null: accepted), with the
 * least and greatest symbol and the lowest close.
 */
export function surveySql(rows: string, reason: string): string {
  return `
    SELECT file_index, session, reason, count(*) AS rows, count(*) FILTER (volume = 0) AS without_volume,
      count(*) FILTER (padded) AS padded, min(symbol) AS first_symbol, max(symbol) AS last_symbol, min(close) AS lowest_close
    FROM (SELECT *, ${reason} AS reason FROM (${rows}))
    GROUP BY file_index, session, reason ORDER BY file_index, session, reason`;
}

/** Selects accepted rows in the table's form. An undefined `reason` accepts all. */
export function acceptedSql(rows: string, reason: string | undefined): string {
  const where = reason === undefined ? '' : ` WHERE (${reason}) IS NULL`;
  const values = BAR_VALUES.map((name) => (name === 'trades' ? 'trades::BIGINT AS trades' : name)).join(', ');
  return `SELECT symbol, session, ${values} FROM (${rows})${where}`;
}

/** Selects the distinct sessions, valid or not. */
export function occurringSessionsSql(rows: string): string {
  return `SELECT DISTINCT session FROM (${rows}) WHERE session IS NOT NULL`;
}

/**
 * Walks once over the rows in their order. `by_symbol` and `by_year` count the rows that do not follow the previous one
 * by symbol and session, or by year, symbol and session. If either is 0, no key occurs twice and the rows of each year
 * are sorted. `jumps` lists the first jumps of the close between consecutive rows of a symbol as JSON, which is
 * meaningful for sorted rows. The window functions have no order of their own, so DuckDB streams them.
 */
export function walkSql(rows: string, jumpsMax: number): string {
  return `
    SELECT count(*) FILTER (disorder) AS by_symbol,
      count(*) FILTER (year(session) < year(session_before) OR (year(session) = year(session_before) AND disorder)) AS by_year,
      to_json(min({${STEP.map((name) => `'${recordName(name, false)}': ${name}`).join(', ')}}, ${jumpsMax})
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
 * Selects the symbol-years in which a session occurs twice. One bit per day of the year, for each symbol and year, is
 * exact and takes a fraction of the memory of grouping by key.
 */
function crowdedSql(accepted: string): string {
  return `
    SELECT symbol, year(session) AS year FROM (${accepted}) GROUP BY ALL
    HAVING count(*) <> bit_count(bitstring_agg(dayofyear(session)::INTEGER, 1, 366))`;
}

export function crowdedCountSql(accepted: string): string {
  return `SELECT count(*) AS groups FROM (${crowdedSql(accepted)})`;
}

/** Selects keys that occur more than once: copies, variants (different values), and the values of one of them. */
export function duplicatesSql(accepted: string): string {
  const struct = `{${BAR_VALUES.map((name) => `'${name}': ${name}`).join(', ')}}`;
  return `
    SELECT symbol, session, count(*) AS copies, count(DISTINCT ${struct}) AS variants,
      ${BAR_VALUES.map((name) => `any_value(${name}) AS ${name}`).join(', ')}
    FROM (SELECT * FROM (SELECT *, year(session) AS year FROM (${accepted})) SEMI JOIN (${crowdedSql(accepted)}) USING (symbol, year))
    GROUP BY symbol, session HAVING count(*) > 1 ORDER BY symbol, session`;
}

/** Counts equal rows beyond the first of their key. */
export function duplicateCountsSql(duplicatesPath: string): string {
  return `
    SELECT coalesce(sum(copies - 1) FILTER (variants = 1), 0)::BIGINT AS collapsed FROM ${readSql(duplicatesPath)}`;
}

/** Counts, by file, accepted rows that share a key with rows of other values. */
export function duplicateCountsByFileSql(rows: string, reason: string, duplicatesPath: string): string {
  return `
    SELECT file_index, count(*) AS rows FROM (SELECT * FROM (${rows}) WHERE (${reason}) IS NULL)
    SEMI JOIN (SELECT symbol, session FROM ${readSql(duplicatesPath)} WHERE variants > 1) USING (symbol, session)
    GROUP BY file_index`;
}

/** Selects the accepted rows with each key once. */
export function uniqueSql(accepted: string, duplicatesPath: string): string {
  const columns = `symbol, session, ${BAR_VALUES.join(', ')}`;
  return `
    SELECT ${columns} FROM (${accepted}) ANTI JOIN ${readSql(duplicatesPath)} USING (symbol, session)
    UNION ALL SELECT ${columns} FROM ${readSql(duplicatesPath)} WHERE variants = 1`;
}

/** Returns SQL of the reason for rejecting a row once duplicates are known. */
export function duplicateReasonSql(reason: string, duplicatesPath: string, duplicateReason: string): string {
  const key = `SELECT symbol, session FROM ${readSql(duplicatesPath)} WHERE variants > 1`;
  return `coalesce(${reason}, CASE WHEN (symbol, session) IN (${key}) THEN ${sqlText(duplicateReason)} END)`;
}

/** A close, and the previous one of the same symbol. */
const STEP: readonly string[] = ['symbol', 'session', 'close', 'session_before', 'close_before'];
const IS_JUMP = `close > ${JUMP_UP} * close_before OR close < ${JUMP_DOWN} * close_before`;

/** Selects the jumps of unsorted rows. */
export function jumpsSql(rows: string, limit: number): string {
  return `
    SELECT ${STEP.join(', ')} FROM (
      SELECT symbol, session, close, lag(session) OVER steps AS session_before, lag(close) OVER steps AS close_before
      FROM (${rows}) WINDOW steps AS (PARTITION BY symbol ORDER BY session)
    ) WHERE ${IS_JUMP} ORDER BY symbol, session LIMIT ${limit}`;
}

/** Selects the jumps between years, for rows that are sorted within each year only. */
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

/** Selects the rows from a session on; all rows by default. */
export function sinceSql(rows: string, from: string | undefined): string {
  return from === undefined ? rows : `SELECT * FROM (${rows}) WHERE session >= DATE ${sqlText(from)}`;
}

/** Selects incoming rows, and stored rows of the same symbols that stay: symbol, session, close, volume. */
export function besideStoredSql(rows: string, stored: string): string {
  return `
    SELECT symbol, session, close, volume FROM (${rows})
    UNION ALL
    SELECT symbol, session, close, volume FROM (${stored})
    SEMI JOIN (${rows}) AS n USING (symbol) ANTI JOIN (${rows}) AS m USING (symbol, session)`;
}

/** Selects the first rows without volume. */
export function withoutVolumeSql(rows: string, limit: number): string {
  return `SELECT symbol, session FROM (${rows}) WHERE volume = 0 ORDER BY symbol, session LIMIT ${limit}`;
}

/**
 * Selects the last bar before and the first bar from the ex-date of each split in a table (symbol, ex_date). `by`: further
 * columns to group by, each followed by a comma.
 */
export function barsAroundSql(rows: string, splits: string, by = ''): string {
  return `
    SELECT ${by}symbol, ex_date, max(session) FILTER (session < ex_date) AS session_before,
      arg_max(close, session) FILTER (session < ex_date) AS close_before,
      min(session) FILTER (session >= ex_date) AS session, arg_min(close, session) FILTER (session >= ex_date) AS close
    FROM (${rows}) JOIN ${splits} USING (symbol)
    WHERE session BETWEEN ex_date - ${AROUND_DAYS} AND ex_date + ${AROUND_DAYS}
    GROUP BY ${by}symbol, ex_date HAVING session IS NOT NULL AND session_before IS NOT NULL`;
}

/** Selects the first and last session of each symbol of each file. */
export function spansOfSymbolsSql(rows: string): string {
  return `
    SELECT file_index, symbol, min(session) AS first, max(session) AS last FROM (${rows})
    WHERE symbol IS NOT NULL AND session IS NOT NULL GROUP BY file_index, symbol ORDER BY file_index, symbol`;
}

/** Selects rows with prices multiplied, and volumes divided, by the factor of their file, symbol and span of sessions. */
export function undoSplitsSql(rows: string, factorsPath: string): string {
  const prices = ['open', 'high', 'low', 'close', 'vwap'].map((name) => `r.${name} * coalesce(f.factor, 1) AS ${name}`);
  return `
    SELECT r.* REPLACE (${prices.join(', ')}, r.volume / coalesce(f.factor, 1) AS volume)
    FROM (${rows}) AS r LEFT JOIN ${readSql(factorsPath)} AS f
      ON f.file_index = r.file_index AND f.symbol = r.symbol AND r.session BETWEEN f.first_session AND f.last_session`;
}

/** Longest halt around a split that is bridged. */
const AROUND_DAYS = 60;

function readSql(path: string): string {
  return `read_parquet(${sqlText(path)}, hive_partitioning = false)`;
}
