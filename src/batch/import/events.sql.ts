import { sqlText } from '#lake/sql-text.ts';

/** Queries of the typed rows of an import of splits, dividends or listings. */

/** Counts rows by file and reason (null: accepted), with the least and greatest symbol. */
export function countsByReasonSql(rows: string, reason: string): string {
  return `
    SELECT file_index, reason, count(*) AS rows, count(*) FILTER (padded) AS padded,
      min(symbol) AS first_symbol, max(symbol) AS last_symbol FROM (SELECT *, ${reason} AS reason FROM (${rows}))
    GROUP BY file_index, reason ORDER BY file_index, reason`;
}

/** `4:1`, `4/1` and `4-for-1`: new shares, then old ones. */
const RATIO = String.raw`([0-9.]+) *(?::|/|-? ?for ?-?) *([0-9.]+)`;

/**
 * Stores a ratio r as 1 and r, unrounded, and 4:1 as 1 and 4. Both numbers take precedence over a ratio next to them.
 */
export function splitTermsSql(rows: string): string {
  const text = `lower(trim(ratio))`;
  const part = (place: number): string => `try_cast(regexp_extract(${text}, ${sqlText(RATIO)}, ${place}) AS DOUBLE)`;
  const isPair = `regexp_full_match(${text}, ${sqlText(RATIO)})`;
  const number = `coalesce(CASE WHEN NOT contains(ratio, '_') THEN try_cast(ratio AS DOUBLE) END, 'nan'::DOUBLE)`;
  const useRatio = `split_from IS NULL AND split_to IS NULL AND ratio IS NOT NULL`;
  return `
    SELECT * REPLACE (
      CASE WHEN ${useRatio} THEN CASE WHEN ${isPair} THEN ${part(2)} ELSE 1 END ELSE split_from END AS split_from,
      CASE WHEN ${useRatio} THEN CASE WHEN ${isPair} THEN ${part(1)} ELSE ${number} END ELSE split_to END AS split_to)
    FROM (${rows})`;
}

/** Adjustment divides by a price in US dollars. Without a currency an amount is in dollars. */
const IS_FOREIGN = `coalesce(upper(currency), 'USD') <> 'USD'`;

/** Selects dividends in US dollars. One without a kind is regular cash. */
export function dividendKindSql(rows: string): string {
  return `SELECT * REPLACE (coalesce(kind, 'CD') AS kind) FROM (${rows}) WHERE NOT (${IS_FOREIGN})`;
}

/** Selects dividends in other currencies. */
export function foreignDividendsSql(rows: string): string {
  return `SELECT file_index, symbol, ex_date, cash_amount, currency FROM (${rows}) WHERE ${IS_FOREIGN}`;
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
