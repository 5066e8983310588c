import { type Column, SQL_TYPES } from './schema.ts';
import { sqlName, sqlPath, sqlText } from './sql-text.ts';

/**
 * Rows per row group: 15 of DuckDB's vectors. One symbol's bars lie in one row group of a year's file, which a reader
 * decompresses whole, so DuckDB's default of 122,880 rows makes it decode four times as much. In a group of 30,720
 * rows a page of doubles is just under 256 KiB, the size up to which zstd matches 6 bytes rather than 7: the same
 * prices take 12% less space (3% on S&P 500 members since 1999), while groups of 40,960 rows save nothing. Below
 * 20,000 rows the footer, which every reader parses first, costs more than smaller pages save.
 */
export const ROW_GROUP_ROWS = 30_720;

/**
 * Rows per row group of a file that holds a single unit, such as one session: one of DuckDB's vectors. There are up to
 * 34 such files of recent sessions, of which one symbol needs one row each. Measured on 34 sessions of 10,000 symbols: a
 * symbol takes half the processor time to read, and the files, which consolidation merges later, are 15% larger.
 */
export const UNIT_ROW_GROUP_ROWS = 2048;

/**
 * Distinct values per row group up to which a column is dictionary-encoded: enough for symbols, sessions and sources.
 * Prices and volumes never gain from a dictionary. At DuckDB's default, a fifth of the rows, it builds them in vain,
 * and COPY takes 10 to 30% longer for files of the same size.
 */
const DICTIONARY_VALUES_MAX = 2000;

/**
 * Writes a query's rows to one file, each column in the type of the table. Returns one row: what was written, with
 * statistics. Bloom filters are left out: rows are sorted by the column that readers filter on, so the bounds of a row
 * group say as much, and on S3 a filter is one more range to request.
 */
export function copyDataFile(parts: {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly orderBy: readonly string[];
  readonly localPath: string;
  readonly rowGroupRows: number;
}): string {
  const { select, columns, orderBy, localPath, rowGroupRows } = parts;
  return `
    COPY (${selectTyped(select, columns, orderBy)})
    TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${rowGroupRows},
      DICTIONARY_SIZE_LIMIT ${DICTIONARY_VALUES_MAX}, WRITE_BLOOM_FILTER false, RETURN_STATS)`;
}

/** The columns in their types, in order. */
function selectTyped(select: string, columns: readonly Column[], orderBy: readonly string[], where = ''): string {
  const cast = columns.map(({ name, type }) => `CAST(${sqlName(name)} AS ${SQL_TYPES[type]}) AS ${sqlName(name)}`);
  const order = orderBy.length === 0 ? '' : `ORDER BY ${orderBy.map(sqlName).join(', ')}`;
  return `SELECT ${cast.join(', ')} FROM (${select}) ${where} ${order}`;
}

/** The lowest value of each of at most so many ranges of a text column, with about as many different values each. */
export function rangeBounds(select: string, column: string, ranges: number): string {
  const name = sqlName(column);
  return `
    SELECT min(${name}) AS lower FROM (
      SELECT ${name}, ntile(${ranges}) OVER (ORDER BY ${name}) AS range FROM (
        SELECT DISTINCT ${name} FROM (${select}) WHERE ${name} IS NOT NULL
      )
    ) GROUP BY range ORDER BY lower`;
}

/** The rows of one range, sorted, into a scratch file that is read once: compressing it would cost more than it saves. */
export function copyRange(parts: {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly orderBy: readonly string[];
  /** From `lower` to below `upper`; undefined: no bound, and where there is no upper one, nulls too, which sort last. */
  readonly range: { readonly column: string; readonly lower: string | undefined; readonly upper: string | undefined };
  readonly localPath: string;
}): string {
  const { select, columns, orderBy, range, localPath } = parts;
  const { lower, upper } = range;
  const name = sqlName(range.column);
  const above = lower === undefined ? [] : [`${name} >= ${sqlText(lower)}`];
  const conditions = upper === undefined ? above : [...above, `${name} < ${sqlText(upper)}`];
  const orNull = upper === undefined ? ` OR ${name} IS NULL` : '';
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}${orNull}`;
  return `
    COPY (${selectTyped(select, columns, orderBy, where)})
    TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE ${ROW_GROUP_ROWS},
      DICTIONARY_SIZE_LIMIT ${DICTIONARY_VALUES_MAX}, WRITE_BLOOM_FILTER false)`;
}

/** The rows of these files, one after the other. */
export function selectRuns(localPaths: readonly string[]): string {
  return `SELECT * FROM read_parquet([${localPaths.map(sqlPath).join(', ')}], hive_partitioning = false)`;
}

/** Counts the rows of a Parquet file that should precede the row before them. Streams in file order. */
export function countUnordered(localPath: string, orderBy: readonly string[]): string {
  return `SELECT count(*) AS unordered FROM (
    SELECT ${precedes(orderBy)} AS early FROM read_parquet(${sqlPath(localPath)})
  ) WHERE early`;
}

/**
 * True if a row sorts before the previous one; null (which counts as in order) next to a null. `over`: the window that
 * defines the previous row; default: row order.
 */
export function precedes(orderBy: readonly string[], last: 'less' | 'less or equal' = 'less', over = ''): string {
  let condition = '';
  for (const [index, column] of [...orderBy].reverse().entries()) {
    const own = sqlName(column);
    const above = `lag(${own}) OVER (${over})`;
    const less = `${own} ${index === 0 && last === 'less or equal' ? '<=' : '<'} ${above}`;
    condition = condition === '' ? less : `${less} OR (${own} = ${above} AND (${condition}))`;
  }
  return condition === '' ? 'false' : condition;
}
