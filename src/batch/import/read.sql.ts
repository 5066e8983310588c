import { defined } from '#base/assert.ts';
import { sqlName, sqlText } from '#lake/sql-text.ts';
import { earlyClosesOf } from '#market/calendar/holidays.ts';

import { type ColumnMap, type Dataset, FIELDS, type Field } from './columns.ts';
import type { DateStyle } from './date-style.ts';
import type { PathFacts } from './path-facts.ts';
import { jsonPointer, jsonRecordsSql, sqlPath } from './source-file.sql.ts';
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
 * - `text`: a date as text in one style, possibly with a time. Midnight as written means the date as written.
 * - `epoch`: an instant as a count of `unit` since 1970.
 * - `timestamp`: an instant as a TIMESTAMP, with a zone or without.
 * An instant means the session in which it is midnight in New York or UTC, the open, or the close. Without a zone it is in
 * UTC or New York: no such instant of one is such an instant of the other on another day.
 */
export type DateEncoding =
  | { readonly kind: 'date' }
  | { readonly kind: 'text'; readonly style: DateStyle; readonly timed: boolean }
  | { readonly kind: 'timestamp'; readonly zoned: boolean; readonly only: InstantKind }
  | { readonly kind: 'epoch'; readonly unit: EpochUnit; readonly only: InstantKind };

/** Instants that mean a session: midnight alone in a flat file, where a bar at the open is one of a minute. */
export type InstantKind = 'midnight' | 'any';

export type EpochUnit = 'ns' | 'us' | 'ms' | 's';

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

/** Spaces, tabs, no-break spaces. */
function trimmed(text: string): string {
  return `trim(${text}, ${sqlText(' \t\u00a0')})`;
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

const MIDNIGHT = String.raw`([T ]+0?0:00(:00(\.0+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?`;
/** Midnight or the close without a zone, as spreadsheets write it. */
const DAY_TIME = `( +(0?0|16):00(:00)?)?`;
const ISO_DATE = String.raw`\d{4}-\d{2}-\d{2}${MIDNIGHT}`;

function dateSql(column: string, encoding: DateEncoding | undefined, alias: string, joins: string[]): string {
  switch (encoding?.kind) {
    case undefined:
    case 'text':
      return dateOfTextSql(trimmed(`${column}::VARCHAR`), encoding ?? { style: 'iso', timed: false }, alias, joins);
    case 'date':
      return `CASE WHEN isfinite(${column}) THEN ${column} END`;
    case 'timestamp':
      joins.push(instantJoinSql(alias, `CASE WHEN isfinite(${column}) THEN epoch_us(${column}) END`, 'us', encoding));
      return `${alias}.session`;
    case 'epoch':
      joins.push(instantJoinSql(alias, `try_cast(${column} AS BIGINT)`, encoding.unit, { ...encoding, zoned: true }));
      return `${alias}.session`;
  }
}

/** Sessions begin in 1962, so a year of two digits has one meaning. */
function inCenturySql(date: string): string {
  return `CASE WHEN year(${date}) >= 2062 THEN (${date} - INTERVAL 100 YEAR)::DATE ELSE ${date} END`;
}

/** Formats of dates with the name of the month. */
const NAMED_FORMATS = [
  '%d-%b-%y',
  '%d %b %y',
  '%d-%b-%Y',
  '%d %b %Y',
  '%d%b%Y',
  '%b %d, %Y',
  '%b %d %Y',
  '%B %d, %Y',
  '%d %B %Y',
];

function dateOfTextSql(
  text: string,
  { style, timed }: { readonly style: DateStyle; readonly timed: boolean },
  alias: string,
  joins: string[],
): string {
  switch (style) {
    case 'iso': {
      const isMidnight = `regexp_full_match(${text}, ${sqlText(ISO_DATE)})`;
      const asWritten = `CASE WHEN ${isMidnight} THEN try_cast(left(${text}, 10) AS DATE)`;
      if (!timed) return `${asWritten} END`;
      const hasZone = `regexp_matches(${text}, ':.*(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$')`;
      const instantOf = (type: string, condition: string): string =>
        `CASE WHEN NOT ${isMidnight} AND ${condition} THEN epoch_us(try_cast(${text} AS ${type})) END`;
      joins.push(
        instantJoinSql(`${alias}_zoned`, instantOf('TIMESTAMPTZ', hasZone), 'us', { zoned: true, only: 'any' }),
      );
      joins.push(
        instantJoinSql(`${alias}_naive`, instantOf('TIMESTAMP', `NOT (${hasZone})`), 'us', {
          zoned: false,
          only: 'any',
        }),
      );
      return `${asWritten} ELSE coalesce(${alias}_zoned.session, ${alias}_naive.session) END`;
    }
    case 'digits':
      return `CASE WHEN regexp_full_match(${text}, '[0-9]{8}') THEN try_strptime(${text}, '%Y%m%d')::DATE END`;
    case 'named':
      return inCenturySql(`try_strptime(${text}, [${NAMED_FORMATS.map(sqlText).join(', ')}])::DATE`);
    case 'ymd':
    case 'mdy':
    case 'dmy':
      return partsDateSql(text, style);
  }
}

function partsDateSql(text: string, style: 'ymd' | 'mdy' | 'dmy'): string {
  const [year, short] = [String.raw`\d{4}`, String.raw`\d{1,2}`];
  const shape = style === 'ymd' ? [year, short, short] : [short, short, String.raw`(?:\d{4}|\d{2})`];
  const pattern = `(${shape[0]})[-/.](${shape[1]})[-/.](${shape[2]})${DAY_TIME}`;
  const names = { ymd: ['y', 'm', 'd'], mdy: ['m', 'd', 'y'], dmy: ['d', 'm', 'y'] }[style];
  const part = (name: string): string => `regexp_extract(${text}, ${sqlText(pattern)}, ${names.indexOf(name) + 1})`;
  const fullYear = `CASE WHEN len(${part('y')}) = 4 THEN ${part('y')} WHEN ${part('y')} >= '62' THEN '19' || ${part('y')} ELSE '20' || ${part('y')} END`;
  const iso = `(${fullYear}) || '-' || lpad(${part('m')}, 2, '0') || '-' || lpad(${part('d')}, 2, '0')`;
  return `CASE WHEN regexp_full_match(${text}, ${sqlText(pattern)}) THEN try_cast(${iso} AS DATE) END`;
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

const INSTANTS_FROM = 1925;
const INSTANTS_TO = 2045;

const UNITS_PER_SECOND: Readonly<Record<EpochUnit, string>> = { ns: '1000000000', us: '1000000', ms: '1000', s: '1' };

/**
 * Joins sessions by the instants that mean them. A lookup is faster than converting every instant, and finds instants that
 * mean none (a file of minute bars has the same columns as one of daily bars).
 */
function instantJoinSql(
  alias: string,
  value: string,
  unit: EpochUnit,
  { zoned, only }: { readonly zoned: boolean; readonly only: InstantKind },
): string {
  const scale = UNITS_PER_SECOND[unit];
  const days = `generate_series(TIMESTAMP '${INSTANTS_FROM}-01-01', TIMESTAMP '${INSTANTS_TO}-01-01', INTERVAL 1 DAY) AS day(midnight)`;
  const hours = `
    UNION ALL SELECT midnight + INTERVAL 570 MINUTE, midnight::DATE FROM ${days}
    UNION ALL SELECT midnight + INTERVAL 16 HOUR, midnight::DATE FROM ${days}
    UNION ALL SELECT session::TIMESTAMP + INTERVAL 13 HOUR, session::DATE FROM (VALUES ${earlyCloses()}) AS early(session)`;
  const times = `SELECT midnight AS moment, midnight::DATE AS session FROM ${days} ${only === 'any' ? hours : ''}`;
  const instants = `
    SELECT (epoch_ms(timezone('America/New_York', moment)) // 1000) * ${scale} AS instant, session FROM (${times})
    UNION ALL SELECT (epoch_ms(midnight) // 1000) * ${scale}, midnight::DATE FROM ${days}
    ${zoned ? '' : `UNION ALL SELECT (epoch_ms(moment) // 1000) * ${scale}, session FROM (${times}) WHERE moment::TIME <> TIME '00:00'`}`;
  return `LEFT JOIN (${instants}) AS ${alias} ON ${alias}.instant = ${value}`;
}

/** Sessions that closed at 13:00. Instants of the close are promised from this year on. */
const EARLY_CLOSES_FROM = 1993;

function earlyCloses(): string {
  const years = Array.from({ length: INSTANTS_TO - EARLY_CLOSES_FROM }, (_, index) => EARLY_CLOSES_FROM + index);
  return years.flatMap((year) => earlyClosesOf(year).map(({ date }) => `('${date}')`)).join(', ');
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
