import { sqlText } from '#lake/sql-text.ts';

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
 * Dividends with how often a year they are paid: as the source said, else regular ones by the days between those of the same
 * symbol, and all others 0.
 * `byFrequency`: they are filtered or sorted by it, so that it must be known of all and not only of those on the page.
 */
export function dividendsPage(rows: string, page: EventsPage & { readonly byFrequency: boolean }): string {
  const order = [...page.orderBy, 'symbol', 'ex_date', 'kind', 'cash_amount'].join(', ');
  const part = `ORDER BY ${order} LIMIT ${page.limit} OFFSET ${page.offset}`;
  if (page.byFrequency) {
    return `WITH filed AS (SELECT ${FILED} FROM (${rows}) WHERE ${all(page.where)}), ${PAID}
      SELECT ${FILED} FROM paid WHERE ${all(page.having)} ${part}`;
  }
  return `WITH page AS (SELECT symbol, ex_date, kind, cash_amount FROM (${rows})
      WHERE ${all([...page.where, ...page.having])} ${part}),
    filed AS (SELECT ${FILED} FROM (${rows}) WHERE symbol IN (SELECT symbol FROM page)), ${PAID}
    SELECT ${FILED} FROM page JOIN paid USING (symbol, ex_date, kind, cash_amount) ORDER BY ${order}`;
}

const FILED = 'symbol, ex_date, kind, cash_amount, declaration_date, record_date, pay_date, frequency';

/** Counts rows, and those that have a value in a column. */
export function knownValues(rows: string, where: readonly string[], column: string): string {
  return `SELECT count(*) AS rows, count(${column}) AS known FROM (${rows}) WHERE ${all(where)}`;
}

/**
 * `paid`: the rows of `filed` with their frequency, by the median of the four spaces around a date. The nearest one alone would
 * take a quarterly dividend for a weekly one where a special one was filed as regular some days beside it.
 */
const PAID = `dates AS (SELECT DISTINCT symbol, kind, ex_date FROM filed),
  spaced AS (SELECT *, date_diff('day', lag(ex_date) OVER (PARTITION BY symbol, kind ORDER BY ex_date), ex_date) AS space FROM dates),
  timed AS (SELECT symbol, kind, ex_date, median(space) OVER
    (PARTITION BY symbol, kind ORDER BY ex_date ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING) AS days FROM spaced),
  paid AS (SELECT symbol, ex_date, kind, cash_amount, declaration_date, record_date, pay_date,
    coalesce(filed.frequency, CASE WHEN kind <> 'CD' OR days IS NULL THEN 0 WHEN days <= 10 THEN 52 WHEN days <= 20 THEN 24 WHEN days <= 45 THEN 12
      WHEN days <= 135 THEN 4 WHEN days <= 270 THEN 2 WHEN days <= 500 THEN 1 ELSE 0 END)::INTEGER AS frequency
    FROM filed JOIN timed USING (symbol, kind, ex_date))`;

/** Symbols that are written into a statement. */
const LITERALS_MAX = 500;

/**
 * DuckDB joins by looking through all rows for each where it believes that few are wanted, and of a list in a parameter it always
 * believes so: 5,000 securities then take minutes instead of seconds.
 */
export const SORTED_JOINS = 'SET asof_loop_join_threshold = 0';

/**
 * The last close before each of some dates, of each of some securities. `$1`: a line a span, security number, symbol, first and
 * last date by tabs, the dates empty where there is no bound; `$2`: a line a date, security number and date.
 */
export function closesBefore(rows: string, symbols: readonly string[]): string {
  return `WITH spans AS (SELECT split_part(line, chr(9), 1)::INTEGER AS security, split_part(line, chr(9), 2) AS symbol,
        coalesce(nullif(split_part(line, chr(9), 3), '')::DATE, DATE '0001-01-01') AS first,
        coalesce(nullif(split_part(line, chr(9), 4), '')::DATE, DATE '9999-12-31') AS last
      FROM (SELECT unnest(string_split($1, chr(10))) AS line)),
    wanted AS (SELECT split_part(line, chr(9), 1)::INTEGER AS security, split_part(line, chr(9), 2)::DATE AS ex_date
      FROM (SELECT unnest(string_split($2, chr(10))) AS line)),
    traded AS (SELECT security, session, close FROM (SELECT symbol, session, close FROM (${rows})
        WHERE ${symbolIn(symbols, 'SELECT symbol FROM spans')} AND close IS NOT NULL) bars
      JOIN spans ON bars.symbol = spans.symbol AND session BETWEEN first AND last)
    SELECT DISTINCT wanted.security AS security, session, close
    FROM wanted ASOF JOIN traded ON wanted.security = traded.security AND wanted.ex_date > traded.session
    ORDER BY ALL`;
}

/** The closes of some securities on some sessions. `$1`: a line each, security number, symbol and session by tabs. */
export function closesOn(rows: string, symbols: readonly string[]): string {
  return `WITH wanted AS (SELECT split_part(line, chr(9), 1)::INTEGER AS security, split_part(line, chr(9), 2) AS symbol,
        split_part(line, chr(9), 3)::DATE AS session
      FROM (SELECT unnest(string_split($1, chr(10))) AS line WHERE $1 <> ''))
    SELECT security, session, close FROM wanted JOIN (SELECT symbol, session, close FROM (${rows})
      WHERE ${symbolIn(symbols, 'SELECT symbol FROM wanted')} AND close IS NOT NULL) bars USING (symbol, session)`;
}

/** Files are sorted by symbol: literals spare most of them. Of very many symbols most of the files are needed anyway. */
function symbolIn(symbols: readonly string[], others: string): string {
  return `symbol IN (${symbols.length > 0 && symbols.length <= LITERALS_MAX ? symbols.map(sqlText).join(', ') : others})`;
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
