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
const RATIO = `([0-9.]+) *(?::|/|-? ?for ?-?) *([0-9.]+)`;

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

/** Words and letters of vendors for a number of payments a year. */
const FREQUENCIES: Readonly<Record<number, readonly string[]>> = {
  0: ['irregular', 'ir', 'one-time', 'one time', 'special', 'other', 'none'],
  1: ['annual', 'annually', 'yearly', 'a'],
  2: ['semi-annual', 'semi-annually', 'semiannual', 'semiannually', 'bi-annual', 'bi-annually', 'biannual', 'sa'],
  4: ['quarterly', 'quarter', 'q'],
  12: ['monthly', 'month', 'm'],
  24: ['semi-monthly', 'bi-monthly', 'bm'],
  52: ['weekly', 'week', 'w'],
};

/** A frequency that is neither a number nor one of the words is not known. */
function frequencySql(): string {
  const word = 'lower(trim(frequency))';
  const words = Object.entries(FREQUENCIES).map(
    ([number, names]) => `WHEN ${word} IN (${names.map(sqlText).join(', ')}) THEN ${number}`,
  );
  const number = 'try_cast(frequency AS DOUBLE)';
  return `CASE ${words.join(' ')} WHEN ${number} = trunc(${number}) AND ${number} BETWEEN 0 AND 366 THEN ${number} END::INTEGER`;
}

/** Selects dividends in US dollars. One without a kind is regular cash. */
export function dividendTermsSql(rows: string): string {
  return `SELECT * REPLACE (coalesce(kind, 'CD') AS kind, ${frequencySql()} AS frequency)
    FROM (${rows}) WHERE NOT (${IS_FOREIGN})`;
}

/** Selects dividends in other currencies. */
export function foreignDividendsSql(rows: string): string {
  return `SELECT file_index, symbol, ex_date, cash_amount, currency FROM (${rows}) WHERE ${IS_FOREIGN}`;
}

/** Columns of a table of corporate actions but for source and time: what makes two rows equal, and the details. */
interface EventColumns {
  readonly key: readonly string[];
  readonly values: readonly string[];
  readonly details: readonly string[];
}

/** Selects accepted rows. */
export function acceptedEventsSql(rows: string, reason: string, columns: EventColumns): string {
  return distinctEventsSql(`SELECT * FROM (${rows}) WHERE (${reason}) IS NULL`, columns);
}

/** Selects rows with the same key and values once, with the details of all of them; of two dates the later one. */
export function distinctEventsSql(rows: string, { key, values, details }: EventColumns): string {
  const columns = [...key, ...values].join(', ');
  const greatest = details.map((name) => `, max(${name}) AS ${name}`).join('');
  return `SELECT ${columns}${greatest} FROM (${rows}) GROUP BY ${columns}`;
}

/** Counts accepted rows, and those equal to an earlier one. */
export function duplicateEventsSql(rows: string, reason: string, columns: readonly string[]): string {
  const list = columns.join(', ');
  return `
    SELECT coalesce(sum(copies), 0)::BIGINT AS accepted, coalesce(sum(copies - 1), 0)::BIGINT AS collapsed
    FROM (SELECT ${list}, count(*) AS copies FROM (${rows}) WHERE (${reason}) IS NULL GROUP BY ${list})`;
}
