import { defined } from '#base/assert.ts';
import { sqlName, sqlText } from '#lake/sql-text.ts';

import { type ColumnMap, type Dataset, FIELDS, type Field } from './columns.ts';
import { type DateEncoding, dateSql, trimmed } from './dates.sql.ts';
import type { PathFacts } from './path-facts.ts';
import { jsonPointer, jsonRecordsSql, sqlPath } from './source-file.sql.ts';
import type { SourceFile } from './source-file.ts';

/**
 * SQL that reads a file as the fields of a dataset. Text is read as text and cast here: a reader that sniffs types takes the
 * ticker TRUE for a boolean, NAN for a number, and 03/04/2024 for either of two days.
 *
 * Invalid values stay invalid, for the quality rules to find: an invalid number becomes NaN, an invalid date null.
 */

export interface SourceReading {
  readonly dataset: Dataset;
  readonly file: SourceFile;
  readonly columns: ColumnMap;
  readonly dates: ReadonlyMap<string, DateEncoding>;
  /** Values of fields that have no column. */
  readonly constants: ReadonlyMap<string, string>;
  /** Statements beside the rows, to be compared with them. */
  readonly stated: { readonly facts: PathFacts; readonly symbol?: string | undefined };
  /** Ending removed from symbols, such as `.US`. */
  readonly stripSuffix?: string | undefined;
  readonly upperCase: boolean;
  readonly adjustment: 'none' | 'split';
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
  if (file.format === 'json') return `SELECT ${columns}${number} FROM (${jsonRowsSql(file)})`;
  return `SELECT ${columns}${number} FROM ${readCsvSql(file)}`;
}

/** Selects the fields of JSON records as text. */
function jsonRowsSql(file: SourceFile): string {
  const columns = file.header.map((name, index) => {
    const pointer = sqlText(jsonPointer(name));
    return `nullif(json_extract_string(json, ${pointer}), '') AS ${sqlName(file.readNames[index] ?? '')}`;
  });
  return `SELECT ${columns.join(', ')} FROM (${jsonRecordsSql(file.path, file.recordsIn)})`;
}

/** Sniffs nothing: delimiter and columns are known, and every value is text. `paths`: several files of one layout. */
function readCsvSql(file: SourceFile, paths?: readonly string[]): string {
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
  if (paths === undefined) return `read_csv(${sqlPath(file.path)}, ${settings.join(', ')})`;
  return `read_csv([${paths.map(sqlPath).join(', ')}], ${settings.join(', ')}, filename = true)`;
}

/**
 * Selects the typed fields of the dataset: text as VARCHAR, numbers and counts as DOUBLE, dates as DATE, and `padded`:
 * whether spaces were removed from around the symbol. `extra`: further expressions over the columns of `raw`.
 */
function typedSql(reading: SourceReading, raw: string, extra: readonly string[] = []): string {
  const joins: string[] = [];
  const fields = FIELDS[reading.dataset].map((field) => {
    const value = fieldSql(reading, field, joins);
    return `${value} AS ${sqlName(field.name)}`;
  });
  return `SELECT ${[...fields, `${paddedSql(reading)} AS padded`, ...extra].join(', ')} FROM (${raw}) AS raw ${joins.join(' ')}`;
}

function rawColumn(reading: SourceReading, name: string): string | undefined {
  const index = reading.columns.get(name);
  const column = index === undefined ? undefined : reading.file.readNames[index];
  return column === undefined ? undefined : `raw.${sqlName(column)}`;
}

function paddedSql(reading: SourceReading): string {
  const value = rawColumn(reading, 'symbol');
  return value === undefined ? 'false' : `coalesce(${trimmed(`${value}::VARCHAR`)} <> ${value}::VARCHAR, false)`;
}

function fieldSql(reading: SourceReading, field: Field, joins: string[]): string {
  const constant = reading.constants.get(field.name);
  const column = constant === undefined ? rawColumn(reading, field.name) : sqlText(constant);
  if (column === undefined) return `NULL::${sqlTypeOf(field)}`;
  const isText = constant !== undefined || reading.file.format !== 'parquet';
  switch (field.kind) {
    case 'text': {
      const text = `nullif(${trimmed(`${column}::VARCHAR`)}, '')`;
      return field.name === 'symbol' ? symbolSql(reading, text) : text;
    }
    case 'number':
    case 'quantity':
      return isText ? numberOfTextSql(column, field) : `${column}::DOUBLE`;
    case 'count':
      return wholeSql(isText ? numberOfTextSql(column, field) : `${column}::DOUBLE`);
    case 'ratio':
    case 'frequency':
      return `${column}::VARCHAR`;
    case 'date':
      if (constant !== undefined) return `DATE ${column}`;
      return dateSql(column, reading.dates.get(field.name), `instants_${field.name}`, joins);
  }
}

function symbolSql({ stripSuffix, upperCase }: SourceReading, text: string): string {
  const stripped =
    stripSuffix === undefined
      ? text
      : `CASE WHEN ends_with(${text}, ${sqlText(stripSuffix)}) THEN left(${text}, -${stripSuffix.length}) ELSE ${text} END`;
  return upperCase ? `upper(${stripped})` : stripped;
}

function sqlTypeOf(field: Field): string {
  if (field.kind === 'text' || field.kind === 'ratio' || field.kind === 'frequency') return 'VARCHAR';
  return field.kind === 'date' ? 'DATE' : 'DOUBLE';
}

/** `1,234.50`, `$1,234.50`. */
const SEPARATED = String.raw`\$?\d{1,3}(,\d{3})+(\.\d+)?|\$\d+(\.\d+)?`;
/** `82.49M`. */
const ABBREVIATED = String.raw`\d+(\.\d+)?[KMB]`;
/** Placeholders for a value that is not known, in a field that may lack it. */
const UNKNOWN = String.raw`(null|none|nan|n/a|na|-+|\.)`;

/** DuckDB alone would read 1_000 as a thousand. */
function numberOfTextSql(value: string, field: Field): string {
  const text = trimmed(value);
  const plainNumber = `CASE WHEN contains(${value}, '_') THEN NULL ELSE try_cast(${text} AS DOUBLE) END`;
  const separated = `CASE WHEN regexp_full_match(${text}, ${sqlText(SEPARATED)}) THEN try_cast(translate(${text}, '$,', '') AS DOUBLE) END`;
  const abbreviated = `CASE WHEN regexp_full_match(${text}, ${sqlText(ABBREVIATED)}) THEN
      round(try_cast(left(${text}, -1) AS DOUBLE) * CASE right(${text}, 1) WHEN 'K' THEN 1e3 WHEN 'M' THEN 1e6 ELSE 1e9 END) END`;
  const forms = [plainNumber, separated, ...(field.kind === 'quantity' ? [abbreviated] : []), `'nan'::DOUBLE`];
  const isUnknown = field.required ? '' : ` OR regexp_full_match(lower(${text}), ${sqlText(UNKNOWN)})`;
  return `CASE WHEN ${value} IS NULL${isUnknown} THEN NULL ELSE coalesce(${forms.join(', ')}) END`;
}

/** A count is a whole number, and a double holds those up to 2^53. */
function wholeSql(number: string): string {
  return `CASE WHEN ${number} = trunc(${number}) AND abs(${number}) <= 9007199254740992 OR ${number} IS NULL THEN ${number} ELSE 'nan'::DOUBLE END`;
}

/** Selects the largest first and second number of dates such as 01/31/2024 in a column. */
export function datePartsSql(file: SourceFile, column: string): string {
  const text = trimmed(`${sqlName(column)}::VARCHAR`);
  const part = (place: number): string =>
    `max(try_cast(regexp_extract(${text}, '^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]', ${place}) AS INTEGER))`;
  return `SELECT ${part(1)} AS first, ${part(2)} AS second FROM (${rawSql(file)})`;
}

const DISTINCT_MAX = 20;

/** Selects some distinct values of a column as text. A column that says how long bars are has one. */
export function distinctValuesSql(file: SourceFile, column: string): string {
  const name = sqlName(column);
  return `SELECT DISTINCT ${name}::VARCHAR AS value FROM (${rawSql(file)}) WHERE ${name} IS NOT NULL LIMIT ${DISTINCT_MAX}`;
}

/** Selects the first dates of a file, as written and as parsed. */
export function dateSampleSql(reading: SourceReading, fieldName: string, column: string, rows: number): string {
  const raw = `${rawSql(reading.file)} WHERE ${sqlName(column)} IS NOT NULL LIMIT ${rows}`;
  const typed = typedSql(reading, raw, [`raw.${sqlName(column)}::VARCHAR AS found_text`]);
  return `SELECT found_text AS found, ${sqlName(fieldName)} AS understood FROM (${typed})`;
}

/** Selects the first rows of a file as text, with columns `s0`, `s1`, …. */
export function sampleSql(file: SourceFile, rows: number): string {
  const columns = file.readNames.map((name, index) => `${sqlName(name)}::VARCHAR AS s${index}`);
  return `SELECT ${columns.join(', ')} FROM (${rawSql(file)}) LIMIT ${rows}`;
}

/** Selects the typed rows of a file. */
export function readingSql(reading: SourceReading, extra: readonly string[] = []): string {
  return typedSql(reading, rawSql(reading.file), extra);
}

export interface IndexedReading {
  readonly reading: SourceReading;
  /** Position of the file among those of the import. */
  readonly index: number;
}

/**
 * Selects the typed rows of several files, and `file_index`. CSV files of one layout share a scan: planning thousands of
 * scans takes ten times as long as reading their rows.
 */
export function readingsSql(readings: readonly IndexedReading[]): string {
  const alike = Map.groupBy(readings, ({ reading, index }) => layoutOf(reading) ?? String(index));
  return [...alike.values()]
    .map((group) => {
      const [first] = group;
      if (first !== undefined && group.length === 1) return readingSql(first.reading, [`${first.index} AS file_index`]);
      return alikeSql(group);
    })
    .join(' UNION ALL ');
}

/** Returns everything that decides how a CSV file is read, except its path and the values of constants. */
function layoutOf({ file, constants, ...reading }: SourceReading): string | undefined {
  if (file.format !== 'text') return undefined;
  const { dataset, columns, dates, stripSuffix, upperCase } = reading;
  const maps = [columns, dates, constants].map((map) => [...map]);
  const names = [...constants.keys()];
  return JSON.stringify([
    dataset,
    file.gzip,
    file.delimiter,
    file.header,
    maps.slice(0, 2),
    names,
    stripSuffix,
    upperCase,
  ]);
}

/** Constants differ by file, so they become columns, as does the position of the file. */
function alikeSql(group: readonly IndexedReading[]): string {
  const { reading } = defined(group[0], 'a group has a file');
  const { file } = reading;
  const names = [...reading.constants.keys()];
  const place = `list_position([${group.map((one) => sqlText(one.reading.file.path)).join(', ')}], filename)`;
  const pick = (values: readonly string[]): string => `[${values.join(', ')}][condvest_place]`;
  const values = names.map((name) => {
    const texts = group.map((one) => sqlText(defined(one.reading.constants.get(name), 'files of a layout share them')));
    return `${pick(texts)} AS ${sqlName(`value_${name}`)}`;
  });
  const position = `${pick(group.map(({ index }) => String(index)))} AS condvest_file`;
  const scan = `SELECT *, ${place} AS condvest_place FROM ${readCsvSql(
    file,
    group.map((one) => one.reading.file.path),
  )}`;
  const raw = `SELECT ${[...file.readNames.map(sqlName), ...values, position].join(', ')} FROM (${scan})`;
  const width = file.readNames.length;
  const shared: SourceReading = {
    ...reading,
    file: { ...file, readNames: [...file.readNames, ...names.map((name) => `value_${name}`)] },
    columns: new Map([...reading.columns, ...names.map((name, index) => [name, width + index] as const)]),
    dates: new Map([
      ...reading.dates,
      ...names.map((name) => [name, { kind: 'text', style: 'iso', timed: false }] as const),
    ]),
    constants: new Map(),
  };
  return typedSql(shared, raw, ['raw.condvest_file AS file_index']);
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
