import { sqlName, sqlPath, sqlText } from './engine.ts';
import { type Column, SQL_TYPES } from './schema.ts';

/**
 * Rows of a row group, DuckDB's own default. Measured on a year of 10,000 symbols (2.5 million rows): groups of 20k rows make
 * the file 40 % larger and one symbol's ten years 1.5 times slower to read, groups of 61k make it 14 % larger and as quick.
 */
const ROW_GROUP_ROWS = 122_880;

/**
 * Distinct values of a row group up to which a column is written with a dictionary: enough for symbols, sessions and
 * sources. Prices and volumes never gain by one. Measured: DuckDB's default of a fifth of the rows makes it collect them in
 * vain, and COPY takes 10 to 30 % longer for files of the same size.
 */
const DICTIONARY_VALUES_MAX = 2000;

/** One file of a query's rows, each column in the type of the table. Answers one row: what was written, with statistics. */
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

/** Counts the rows of a Parquet file that should stand before the row above them. Streams: the file's order is the order. */
export function countUnordered(localPath: string, orderBy: readonly string[]): string {
  return `SELECT count(*) AS unordered FROM (
    SELECT ${precedes(orderBy)} AS early FROM read_parquet(${sqlPath(localPath)})
  ) WHERE early`;
}

/**
 * True where a row sorts before the one above it; null (which counts as in order) beside a null. `over`: the window in which a row
 * is above another; the order of the rows themselves unless given.
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
