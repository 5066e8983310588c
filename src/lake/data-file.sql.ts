import { sqlName, sqlPath, sqlText } from './engine.ts';
import { type Column, SQL_TYPES } from './schema.ts';

/**
 * Rows per row group, DuckDB's own default. Measured on a year of 10,000 symbols (2.5 million rows): groups of 20k rows
 * make the file 40% larger and one symbol's ten years 1.5 times slower to read; groups of 61k make it 14% larger and
 * equally fast.
 */
const ROW_GROUP_ROWS = 122_880;

/**
 * Maximum number of distinct values per row group for which a column gets a dictionary: enough for symbols, sessions
 * and sources. Prices and volumes never benefit. Measured: with DuckDB's default of a fifth of the rows, it collects
 * them in vain, and COPY takes 10 to 30% longer for files of the same size.
 */
const DICTIONARY_VALUES_MAX = 2000;

/**
 * Writes a query's rows to one file, each column in the type of the table. Returns one row: what was written, with
 * statistics.
 */
export function copyDataFile(parts: {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly orderBy: readonly string[];
  readonly localPath: string;
}): string {
  const { select, columns, orderBy, localPath } = parts;
  const cast = columns.map(({ name, type }) => `CAST(${sqlName(name)} AS ${SQL_TYPES[type]}) AS ${sqlName(name)}`);
  const order = orderBy.length === 0 ? '' : `ORDER BY ${orderBy.map(sqlName).join(', ')}`;
  return `
    COPY (SELECT ${cast.join(', ')} FROM (${select}) ${order})
    TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${ROW_GROUP_ROWS},
      DICTIONARY_SIZE_LIMIT ${DICTIONARY_VALUES_MAX}, RETURN_STATS)`;
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
