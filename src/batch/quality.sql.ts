import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/sql-text.ts';

/** Queries of `condvest quality`. */

export function withinSql(bars: string, from: IsoDate, to: IsoDate): string {
  return `SELECT * FROM (${bars}) WHERE session BETWEEN DATE ${sqlText(from)} AND DATE ${sqlText(to)}`;
}

export function countOfSql(bars: string): string {
  return `SELECT count(*) AS rows, count(*) FILTER (volume = 0) AS without_volume FROM (${bars})`;
}

/** Names of the date field of bars, splits and dividends. */
const DATE_FIELDS = ['session', 'date', 'ex_date', 'execution_date', 'ex_dividend_date'];

/** Counts rejected rows by dataset and reason. A range selects rows by their own date, if they have one. */
export function quarantinedSql(
  quarantine: string,
  range: { readonly from: IsoDate | undefined; readonly to: IsoDate | undefined } | undefined,
): string {
  const dates = DATE_FIELDS.map((name) => `json_extract_string(row, '$.${name}')`).join(', ');
  const date = `try_cast(coalesce(${dates}) AS DATE)`;
  const conditions = [
    ...(range?.from === undefined ? [] : [`${date} >= DATE ${sqlText(range.from)}`]),
    ...(range?.to === undefined ? [] : [`${date} <= DATE ${sqlText(range.to)}`]),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return `
    SELECT dataset, reason, count(*) AS rows, arg_min(row, row_number) AS example FROM (${quarantine}) ${where}
    GROUP BY dataset, reason ORDER BY rows DESC, dataset, reason`;
}
