import { defined } from '#base/assert.ts';
import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';

import { checkContent } from './check-content.ts';
import { type ColumnMap, type Dataset, FIELDS, type Field, guessDataset, matchColumns, plain } from './columns.ts';
import { type DateParts, provenOrder, styleOf } from './date-style.ts';
import type { DateEncoding, EpochUnit } from './dates.sql.ts';
import { factsOfPath, type PathFacts } from './path-facts.ts';
import { datePartsSql, dateSampleSql, type SourceReading, sampleSql } from './read.sql.ts';
import type { ImportStatements } from './request.ts';
import { SAMPLE_ROWS, type SourceFile } from './source-file.ts';

/**
 * Plans how a file is read as a dataset, which is guessed from its columns by default.
 * @throws UsageError for columns that are missing, ambiguous or of a wrong type, for dates that cannot be read or have two
 * meanings, and for a file that contradicts the reading.
 */
export async function planReading(lake: Lake, file: SourceFile, statements: ImportStatements): Promise<SourceReading> {
  const facts = factsOfPath(file.path);
  const constants = constantsOf(file, statements);
  const hints = { stated: statements.columns, constants: new Set(constants.keys()) };
  const dataset = statements.dataset ?? guessDataset(file.header, file.path, hints);
  await checkContent(lake, file, dataset, statements);
  const columns = matchColumns(dataset, file.header, file.path, hints);
  const sample = new Sample(lake, file);
  const dates = new Map<string, DateEncoding>();
  const dateOrder = statements.dateOrder ?? (await orderOfAll(lake, file, dataset, columns, sample));
  const ordered = dateOrder === undefined ? statements : { ...statements, dateOrder };
  for (const field of FIELDS[dataset]) {
    const index = columns.get(field.name);
    if (index === undefined) continue;
    checkType(file, field, index);
    if (field.kind === 'date') dates.set(field.name, await dateEncoding(lake, file, { field, index }, sample, ordered));
    else if (field.kind !== 'text') checkDecimalPoint(file, index, await sample.values(index));
  }
  const reading: SourceReading = {
    dataset,
    file,
    columns,
    dates,
    // A column has the values of its rows. What an option or the path says beside it is compared with them.
    constants: new Map([...constants].filter(([name]) => !columns.has(name))),
    stated: { facts, symbol: statedSymbol(facts, statements) },
    stripSuffix: statements.stripSuffix,
    upperCase: statements.upperCase === true,
    adjustment: statements.adjusted ?? 'none',
  };
  for (const name of dates.keys()) await checkInstants(lake, reading, name);
  return reading;
}

/** Returns the symbol that an option or the path states, converted as those of the rows are; undefined if none does. */
function statedSymbol({ stem, symbol }: PathFacts, statements: ImportStatements): string | undefined {
  const { symbolFromName = false, stripSuffix = '', upperCase = false } = statements;
  const stated = statements.symbol ?? (symbolFromName ? stem : symbol);
  if (stated === undefined) return undefined;
  const stripped = stripSuffix !== '' && stated.endsWith(stripSuffix) ? stated.slice(0, -stripSuffix.length) : stated;
  return upperCase ? stripped.toUpperCase() : stripped;
}

/** Returns the fields whose value is stated beside the rows: by an option, the path, or the response that holds them. */
function constantsOf(file: SourceFile, statements: ImportStatements): ReadonlyMap<string, string> {
  const { stem, symbol, session } = factsOfPath(file.path);
  const ticker = file.envelope?.['ticker'] ?? file.envelope?.['symbol'];
  const constants = new Map<string, string>();
  if (typeof ticker === 'string') constants.set('symbol', ticker);
  if (symbol !== undefined) constants.set('symbol', symbol);
  if (session !== undefined) constants.set('session', session);
  if (statements.symbolFromName === true) constants.set('symbol', stem);
  if (statements.symbol !== undefined) constants.set('symbol', statements.symbol);
  return constants;
}

/** The first values of each column, read once. */
class Sample {
  readonly #lake: Lake;
  readonly #file: SourceFile;
  #rows: Promise<readonly (readonly string[])[]> | undefined;

  constructor(lake: Lake, file: SourceFile) {
    this.#lake = lake;
    this.#file = file;
  }

  /** Returns the values that are not empty. */
  async values(index: number): Promise<string[]> {
    this.#rows ??= this.#read();
    return (await this.#rows).map((row) => row[index]?.trim() ?? '').filter((value) => value !== '');
  }

  async #read(): Promise<readonly (readonly string[])[]> {
    const { sample, readNames } = this.#file;
    if (sample !== undefined) return sample;
    const rows = await this.#lake.rows<Record<string, string | null>>(sampleSql(this.#file, SAMPLE_ROWS));
    return rows.map((row) => readNames.map((_, index) => row[`s${index}`] ?? ''));
  }
}

const TEXT = /^(VARCHAR|ENUM\b.*)$/;
const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\b.*)$/;
const INTEGER = /^(U?(SMALL|BIG)INT|U?INTEGER)$/;
const TIMESTAMP = /^TIMESTAMP(_NS|_MS|_S| WITH TIME ZONE)?$/;

function checkType(file: SourceFile, field: Field, index: number): void {
  // Text is cast value by value, and the quality rules find invalid values.
  if (file.format !== 'parquet') return;
  const type = defined(file.types[index], 'each column has a type');
  const isNumber = NUMBER.test(type);
  const [fits, allowed] = {
    text: [TEXT.test(type), 'text'],
    number: [isNumber, 'a number'],
    quantity: [isNumber, 'a number'],
    count: [isNumber, 'a number'],
    ratio: [isNumber || TEXT.test(type), 'a number, or text such as 4:1'],
    frequency: [isNumber || TEXT.test(type), 'a number of payments a year, or a word such as quarterly'],
    date: [
      type === 'DATE' || TEXT.test(type) || INTEGER.test(type) || TIMESTAMP.test(type),
      'DATE, TIMESTAMP, text as YYYY-MM-DD, or an integer: YYYYMMDD, or a count since 1970',
    ],
  }[field.kind];
  if (fits) return;
  throw new UsageError({
    code: 'import-column-type',
    message: `Column ${file.header[index]} of ${file.path} has the wrong type for ${field.name}`,
    found: type,
    allowed: String(allowed),
  });
}

/** A comma is a separator of thousands in one country and the decimal point in another. */
function checkDecimalPoint(file: SourceFile, index: number, sample: readonly string[]): void {
  if (file.format === 'parquet') return;
  const isDecimal = (value: string): boolean =>
    /^\$?-?\d+,(\d{1,2}|\d{4,})$|^\d{1,3}(\.\d{3})+,\d+$/.test(value) ||
    (file.delimiter === ';' && value.includes(','));
  const found = sample.find(isDecimal);
  if (found === undefined) return;
  throw new UsageError({
    code: 'import-decimal-comma',
    message: `Column ${file.header[index]} of ${file.path} has numbers with a decimal comma`,
    found,
    allowed: 'a decimal point, with or without commas between thousands: 1,234.50',
    action: 'Write the file again with a decimal point',
  });
}

/** Returns the order of month and day that one of several columns of dates proves: a file has one for all of them. */
async function orderOfAll(
  lake: Lake,
  file: SourceFile,
  dataset: Dataset,
  columns: ColumnMap,
  sample: Sample,
): Promise<'mdy' | 'dmy' | undefined> {
  const indexes = FIELDS[dataset].flatMap(({ name, kind }) => (kind === 'date' ? (columns.get(name) ?? []) : []));
  if (indexes.length < 2) return undefined;
  for (const index of indexes) {
    if (styleOf(await sample.values(index)) !== 'parts') continue;
    const column = defined(file.readNames[index], 'each column has a name');
    const [parts] = await lake.rows<DateParts>(datePartsSql(file, column));
    const order = provenOrder(defined(parts, 'an aggregate has a row'));
    if (order !== undefined) return order;
  }
  return undefined;
}

/** Placeholders for a date that is not known, in a field that may lack it. */
const NO_DATE = /^(null|none|nan|nat|n\/a|na|-+|\.|0000-00-00)$/i;

async function dateEncoding(
  lake: Lake,
  file: SourceFile,
  { field, index }: { readonly field: Field; readonly index: number },
  sample: Sample,
  statements: ImportStatements,
): Promise<DateEncoding> {
  const type = defined(file.types[index], 'each column has a type');
  if (type === 'DATE') return { kind: 'date' };
  const name = defined(file.header[index], 'each column has a name');
  const only = plain(name) === 'window_start' ? 'midnight' : 'any';
  if (TIMESTAMP.test(type)) return { kind: 'timestamp', zoned: type === 'TIMESTAMP WITH TIME ZONE', only };
  const given = await sample.values(index);
  const values = field.required ? given : given.filter((value) => !NO_DATE.test(value));
  const [example] = values;
  // A file without rows is reported as such.
  const timed = values.some(hasTime);
  if (example === undefined) return { kind: 'text', style: 'iso', timed };
  const style = styleOf(values);
  if (style === 'parts') {
    const order = await monthOrDay(lake, file, index, statements, example);
    return { kind: 'text', style: order, timed };
  }
  if (style !== undefined) return { kind: 'text', style, timed };
  if (!values.every((value) => /^-?\d+$/.test(value))) throw unreadableDates(file, index, example);
  return { kind: 'epoch', unit: unitOf(name, values.map(Number)), only };
}

/** Returns the order of month and day in dates such as 01/02/2024, from all of them or from the user. */
async function monthOrDay(
  lake: Lake,
  file: SourceFile,
  index: number,
  { dateOrder }: ImportStatements,
  example: string,
): Promise<'mdy' | 'dmy'> {
  const column = defined(file.readNames[index], 'each column has a name');
  const [parts] = await lake.rows<DateParts>(datePartsSql(file, column));
  const proven = provenOrder(defined(parts, 'an aggregate has a row'));
  const isMixed = (parts?.first ?? 0) > 12 && (parts?.second ?? 0) > 12;
  const isContradicted = dateOrder !== undefined && proven !== undefined && dateOrder !== proven;
  if (!isMixed && !isContradicted) {
    if (proven !== undefined) return proven;
    if (dateOrder === 'mdy' || dateOrder === 'dmy') return dateOrder;
  }
  throw new UsageError({
    code: isMixed || isContradicted ? 'import-dates-unreadable' : 'import-dates-ambiguous',
    message: isMixed
      ? `Column ${file.header[index]} of ${file.path} has dates with the month first and dates with the day first`
      : isContradicted
        ? `Column ${file.header[index]} of ${file.path} has dates that cannot be ${dateOrder}`
        : `Dates in column ${file.header[index]} of ${file.path} have two meanings`,
    found: example,
    allowed: isMixed || isContradicted ? 'one order in all rows' : 'YYYY-MM-DD, or the order stated with --dates',
    action: isMixed || isContradicted ? 'Correct the file' : 'Add --dates mdy (month first) or --dates dmy (day first)',
  });
}

/** Throws unless most of the first instants mean a session. Single invalid ones are quarantined instead. */
async function checkInstants(lake: Lake, reading: SourceReading, fieldName: string): Promise<void> {
  const index = defined(reading.columns.get(fieldName), 'the field was matched');
  const encoding = defined(reading.dates.get(fieldName), 'the field is a date');
  const isPlain = encoding.kind === 'date' || (encoding.kind === 'text' && !encoding.timed);
  if (isPlain) return;
  const column = defined(reading.file.readNames[index], 'each column has a name');
  const sample = await lake.rows<{ found: string; understood: string | null }>(
    dateSampleSql(reading, fieldName, column, SAMPLE_ROWS),
  );
  const unread = sample.filter((row) => row.understood === null);
  const [first] = unread;
  if (first === undefined || unread.length <= sample.length / 2) return;
  throw unreadableDates(reading.file, index, first.found);
}

function hasTime(value: string): boolean {
  return value.includes(':');
}

/** The vendor's names determine the unit; otherwise the magnitude does, as units differ by three digits. */
function unitOf(columnName: string, sample: readonly number[]): EpochUnit {
  if (plain(columnName) === 'window_start') return 'ns';
  if (columnName.trim() === 't') return 'ms';
  const largest = Math.max(...sample.map(Math.abs));
  if (largest >= 1e16) return 'ns';
  if (largest >= 1e13) return 'us';
  return largest >= 1e10 ? 'ms' : 's';
}

function unreadableDates(file: SourceFile, index: number, found: string): UsageError {
  return new UsageError({
    code: 'import-dates-unreadable',
    message: `No date in column ${file.header[index]} of ${file.path} can be read`,
    found: found.slice(0, 60),
    allowed:
      'YYYY-MM-DD, YYYYMMDD, YYYY/MM/DD, MM/DD/YYYY, or instants at midnight, the open or the close in New York, one per session',
    action: 'If these are minute or hourly bars, import daily bars instead',
  });
}
