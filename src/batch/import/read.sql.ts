import { sqlName, sqlText } from '#lake/engine.ts';

import type { ColumnMap, Dataset, Field } from './columns.ts';
import { FIELDS } from './columns.ts';
import { sqlPath } from './source-file.sql.ts';
import type { SourceFile } from './source-file.ts';

/**
 * SQL that reads a file as the fields of a dataset. Text is read as text and cast here: a reader that sniffs types takes the
 * ticker TRUE for a boolean, NAN for a number, and 03/04/2024 for either of two days.
 *
 * Invalid values stay invalid, for the quality rules to find: an invalid number becomes NaN, an invalid date null.
 */

/**
 * Encoding of dates in a column:
 * - `date`: a DATE.
 * - `text`: `YYYY-MM-DD`, optionally followed by a time of 00:00; the date as written counts.
 * - `epoch`: an instant as a count of `unit` since 1970.
 * - `timestamp`: an instant as a TIMESTAMP.
 * Instants must be midnight in New York or UTC, and mean the date of that midnight.
 */
export type DateEncoding =
  | { readonly kind: 'date' | 'text' | 'timestamp' }
  | { readonly kind: 'epoch'; readonly unit: EpochUnit };

export type EpochUnit = 'ns' | 'us' | 'ms' | 's';

export interface SourceReading {
  readonly dataset: Dataset;
  readonly file: SourceFile;
  readonly columns: ColumnMap;
  readonly dates: ReadonlyMap<string, DateEncoding>;
}

/** Column of row numbers, from 1, with a name that no file uses. */
const ROW_NUMBER = 'condvest_row_number';

/** Selects the columns of a file under its `readNames`, untyped, with row numbers if `numbered`. */
function rawSql(file: SourceFile, options: { numbered: boolean } = { numbered: false }): string {
  const columns = file.readNames.map(sqlName).join(', ');
  if (file.format === 'parquet') {
    const number = options.numbered ? `, file_row_number + 1 AS ${ROW_NUMBER}` : '';
    const read = `read_parquet(${sqlPath(file.path)}, hive_partitioning = false, file_row_number = ${options.numbered})`;
    return `SELECT ${columns}${number} FROM ${read}`;
  }
  const number = options.numbered ? `, row_number() OVER () AS ${ROW_NUMBER}` : '';
  return `SELECT ${columns}${number} FROM ${readCsvSql(file)}`;
}

/** Sniffs nothing: delimiter and columns are known, and every value is text. */
function readCsvSql(file: SourceFile): string {
  const columns = file.readNames.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(', ');
  const settings = [
    'auto_detect = false',
    'header = true',
    `delim = ${sqlText(file.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `nullstr = ''`,
    `compression = '${file.gzip ? 'gzip' : 'none'}'`,
    `columns = {${columns}}`,
  ];
  return `read_csv(${sqlPath(file.path)}, ${settings.join(', ')})`;
}

/**
 * Selects the typed fields of the dataset: text as VARCHAR, numbers and counts as DOUBLE, dates as DATE. `extra`: further
 * expressions over the columns of `raw`.
 */
function typedSql(reading: SourceReading, raw: string, extra: readonly string[] = []): string {
  const joins: string[] = [];
  const fields = FIELDS[reading.dataset].map((field) => {
    const value = fieldSql(reading, field, joins);
    return `${value} AS ${sqlName(field.name)}`;
  });
  return `SELECT ${[...fields, ...extra].join(', ')} FROM (${raw}) AS raw ${joins.join(' ')}`;
}

function fieldSql(reading: SourceReading, field: Field, joins: string[]): string {
  const index = reading.columns.get(field.name);
  const column = index === undefined ? undefined : reading.file.readNames[index];
  if (column === undefined) return `NULL::${sqlTypeOf(field)}`;
  const value = `raw.${sqlName(column)}`;
  const isText = reading.file.format === 'text';
  switch (field.kind) {
    case 'text':
      return isText ? value : `nullif(${value}::VARCHAR, '')`;
    case 'number':
      return isText ? numberOfTextSql(value) : `${value}::DOUBLE`;
    case 'count':
      return wholeSql(isText ? numberOfTextSql(value) : `${value}::DOUBLE`);
    case 'date':
      return dateSql(value, reading.dates.get(field.name) ?? { kind: 'text' }, `midnight_${field.name}`, joins);
  }
}

function sqlTypeOf(field: Field): string {
  if (field.kind === 'text') return 'VARCHAR';
  return field.kind === 'date' ? 'DATE' : 'DOUBLE';
}

/** DuckDB alone would read 1_000 as a thousand. */
function numberOfTextSql(value: string): string {
  const number = `CASE WHEN contains(${value}, '_') THEN NULL ELSE try_cast(${value} AS DOUBLE) END`;
  return `CASE WHEN ${value} IS NULL THEN NULL ELSE coalesce(${number}, 'nan'::DOUBLE) END`;
}

/** A count is a whole number, and a double holds those up to 2^53. */
function wholeSql(number: string): string {
  return `CASE WHEN ${number} = trunc(${number}) AND abs(${number}) <= 9007199254740992 OR ${number} IS NULL THEN ${number} ELSE 'nan'::DOUBLE END`;
}

const ISO_DATE = String.raw`\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?`;

function dateSql(value: string, encoding: DateEncoding, alias: string, joins: string[]): string {
  switch (encoding.kind) {
    case 'date':
      return `CASE WHEN isfinite(${value}) THEN ${value} END`;
    case 'text':
      return `CASE WHEN regexp_full_match(${value}, ${sqlText(ISO_DATE)}) THEN try_cast(left(${value}, 10) AS DATE) END`;
    case 'timestamp':
      joins.push(midnightJoinSql(alias, `CASE WHEN isfinite(${value}) THEN epoch_us(${value}) END`, 'us'));
      return `${alias}.session`;
    case 'epoch':
      joins.push(midnightJoinSql(alias, `try_cast(${value} AS BIGINT)`, encoding.unit));
      return `${alias}.session`;
  }
}

const UNITS_PER_SECOND: Readonly<Record<EpochUnit, string>> = { ns: '1000000000', us: '1000000', ms: '1000', s: '1' };

/**
 * Joins midnights by instant. A lookup is faster than converting every instant, and finds instants that are no midnight (a
 * file of minute bars has the same columns as one of daily bars). No midnight in New York is a midnight in UTC.
 */
function midnightJoinSql(alias: string, value: string, unit: EpochUnit): string {
  const scale = UNITS_PER_SECOND[unit];
  const days = `generate_series(TIMESTAMP '1900-01-01', TIMESTAMP '2100-01-01', INTERVAL 1 DAY) AS day(midnight)`;
  const local = `timezone('America/New_York', midnight)`;
  return `LEFT JOIN (
    SELECT (epoch_ms(${local}) // 1000) * ${scale} AS instant, midnight::DATE AS session FROM ${days}
    UNION ALL
    SELECT (epoch_ms(midnight) // 1000) * ${scale}, midnight::DATE FROM ${days}
  ) AS ${alias} ON ${alias}.instant = ${value}`;
}

/** Selects the first dates of a file, as written and as parsed. */
export function dateSampleSql(reading: SourceReading, fieldName: string, column: string, rows: number): string {
  const raw = `${rawSql(reading.file)} WHERE ${sqlName(column)} IS NOT NULL LIMIT ${rows}`;
  const typed = typedSql(reading, raw, [`raw.${sqlName(column)}::VARCHAR AS found_text`]);
  return `SELECT found_text AS found, ${sqlName(fieldName)} AS understood FROM (${typed})`;
}

/** Selects the first values of a column as text. */
export function valueSampleSql(file: SourceFile, column: string, rows: number): string {
  const name = sqlName(column);
  return `SELECT ${name}::VARCHAR AS found FROM (${rawSql(file)}) WHERE ${name} IS NOT NULL LIMIT ${rows}`;
}

/** Selects the typed rows of a file. */
export function readingSql(reading: SourceReading, extra: readonly string[] = []): string {
  return typedSql(reading, rawSql(reading.file), extra);
}

/** A step between typing rows and validating them: wraps SQL in SQL. */
export type Normalize = (rows: string) => string;

/**
 * Selects the rejected rows of a file: row_number, reason, and the row as JSON text with every value as text. `reason` is an
 * SQL expression over the typed fields.
 */
export function rejectedSql(reading: SourceReading, reason: string, normalize: Normalize = (rows) => rows): string {
  const { file } = reading;
  const raw = file.readNames.map((name, index) => `raw.${sqlName(name)} AS raw_${index}`);
  const typed = typedSql(reading, rawSql(file, { numbered: true }), [...raw, `raw.${ROW_NUMBER}`]);
  // Only rejected rows are converted to text.
  const pairs = file.header.flatMap((name, index) => [sqlText(name.trim()), `raw_${index}::VARCHAR`]);
  return `
    SELECT ${ROW_NUMBER} AS row_number, reason, json_object(${pairs.join(', ')})::VARCHAR AS row
    FROM (SELECT *, ${reason} AS reason FROM (${normalize(typed)})) WHERE reason IS NOT NULL`;
}
