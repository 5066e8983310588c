/** The statements behind splits and dividends. `rows` is SQL text of a relation (`scanSql`); conditions are ready SQL. */

export interface EventsPage {
  /** On the columns of the table, before anything is derived from them. */
  readonly where: readonly string[];
  /** On the columns of the answer. */
  readonly having: readonly string[];
  /** Ready ORDER BY terms; the key of the table comes behind them, so that nothing is left to chance. */
  readonly orderBy: readonly string[];
  readonly offset: number;
  readonly limit: number;
}

export function splitsPage(rows: string, page: EventsPage): string {
  return `SELECT symbol, ex_date, split_from, split_to FROM (${rows})
    WHERE ${all([...page.where, ...page.having])}
    ORDER BY ${[...page.orderBy, 'symbol', 'ex_date', 'split_from', 'split_to'].join(', ')}
    LIMIT ${page.limit} OFFSET ${page.offset}`;
}

/**
 * Dividends with how often a year they are paid: regular ones by the days to the nearest one of the same symbol, all others 0.
 */
export function dividendsPage(rows: string, page: EventsPage): string {
  return `WITH filed AS (SELECT symbol, ex_date, kind, cash_amount FROM (${rows}) WHERE ${all(page.where)}),
    spaced AS (SELECT *, least(
        date_diff('day', max(ex_date) OVER (${REGULAR} RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING), ex_date),
        date_diff('day', ex_date, min(ex_date) OVER (${REGULAR} RANGE BETWEEN INTERVAL 1 DAY FOLLOWING AND UNBOUNDED FOLLOWING))
      ) AS days FROM filed),
    paid AS (SELECT symbol, ex_date, kind, cash_amount,
      (CASE WHEN kind <> 'CD' OR days IS NULL THEN 0 WHEN days <= 10 THEN 52 WHEN days <= 20 THEN 24 WHEN days <= 45 THEN 12
        WHEN days <= 135 THEN 4 WHEN days <= 270 THEN 2 WHEN days <= 500 THEN 1 ELSE 0 END)::INTEGER AS frequency FROM spaced)
    SELECT symbol, ex_date, kind, cash_amount, frequency FROM paid WHERE ${all(page.having)}
    ORDER BY ${[...page.orderBy, 'symbol', 'ex_date', 'kind', 'cash_amount'].join(', ')}
    LIMIT ${page.limit} OFFSET ${page.offset}`;
}

const REGULAR = 'PARTITION BY symbol, kind ORDER BY ex_date';

/**
 * The last close before each of some dates, of each of some securities. `$1`: a line a span, security number, symbol, first and
 * last date by tabs, the dates empty where there is no bound; `$2`: a line a date, security number and date.
 */
export function closesBefore(rows: string): string {
  return `WITH spans AS (SELECT split_part(line, chr(9), 1)::INTEGER AS security, split_part(line, chr(9), 2) AS symbol,
        coalesce(nullif(split_part(line, chr(9), 3), '')::DATE, DATE '0001-01-01') AS first,
        coalesce(nullif(split_part(line, chr(9), 4), '')::DATE, DATE '9999-12-31') AS last
      FROM (SELECT unnest(string_split($1, chr(10))) AS line)),
    wanted AS (SELECT split_part(line, chr(9), 1)::INTEGER AS security, split_part(line, chr(9), 2)::DATE AS ex_date
      FROM (SELECT unnest(string_split($2, chr(10))) AS line)),
    traded AS (SELECT security, session, close FROM (SELECT symbol, session, close FROM (${rows})
        WHERE symbol IN (SELECT symbol FROM spans) AND close IS NOT NULL) bars
      JOIN spans ON bars.symbol = spans.symbol AND session BETWEEN first AND last)
    SELECT DISTINCT wanted.security AS security, session, close
    FROM wanted ASOF JOIN traded ON wanted.security = traded.security AND wanted.ex_date > traded.session
    ORDER BY ALL`;
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
