import { defined } from '#base/assert.ts';
import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';

import { type Dataset, FIELDS, type Field, guessDataset, matchColumns } from './columns.ts';
import { type DateEncoding, dateSampleSql, type EpochUnit, type SourceReading, valueSampleSql } from './read.sql.ts';
import type { SourceFile } from './source-file.ts';

/** Rows at the start of a file that decide how its dates are parsed. */
const SAMPLE_ROWS = 1000;

/**
 * Plans how a file is read as a dataset, which is guessed from its columns by default.
 * @throws UsageError for columns that are missing, ambiguous, or of a wrong type, and for unreadable dates.
 */
export async function planReading(lake: Lake, file: SourceFile, dataset: Dataset | undefined): Promise<SourceReading> {
  const chosen = dataset ?? guessDataset(file.header, file.path);
  const columns = matchColumns(chosen, file.header, file.path);
  const dates = new Map<string, DateEncoding>();
  for (const field of FIELDS[chosen]) {
    const index = columns.get(field.name);
    if (index === undefined) continue;
    checkType(file, field, index);
    if (field.kind === 'date') dates.set(field.name, await dateEncoding(lake, file, index));
  }
  const reading: SourceReading = { dataset: chosen, file, columns, dates };
  for (const fieldName of dates.keys()) await checkDates(lake, reading, fieldName);
  return reading;
}

const TEXT = /^(VARCHAR|ENUM\b.*)$/;
const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\b.*)$/;
const INTEGER = /^(U?(SMALL|BIG)INT|U?INTEGER)$/;
const TIMESTAMP = /^TIMESTAMP(_NS|_MS|_S| WITH TIME ZONE)?$/;

function checkType(file: SourceFile, field: Field, index: number): void {
  // Text is cast value by value, and the quality rules find invalid values.
  if (file.format === 'text') return;
  const type = defined(file.types[index], 'each column has a type');
  const [fits, allowed] = {
    text: [TEXT.test(type), 'text'],
    number: [NUMBER.test(type), 'a number'],
    count: [NUMBER.test(type), 'a number'],
    date: [
      type === 'DATE' || TEXT.test(type) || INTEGER.test(type) || TIMESTAMP.test(type),
      'DATE, TIMESTAMP, text as YYYY-MM-DD, or an integer count since 1970',
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

async function dateEncoding(lake: Lake, file: SourceFile, index: number): Promise<DateEncoding> {
  const type = defined(file.types[index], 'each column has a type');
  if (type === 'DATE') return { kind: 'date' };
  if (TIMESTAMP.test(type)) return { kind: 'timestamp' };
  const column = defined(file.readNames[index], 'each column has a name');
  const sample = await lake.rows<{ found: string }>(valueSampleSql(file, column, SAMPLE_ROWS));
  if (sample.length === 0 || !sample.every((row) => /^-?\d+$/.test(row.found))) return { kind: 'text' };
  const name = defined(file.header[index], 'each column has a name').trim();
  return {
    kind: 'epoch',
    unit: unitOf(
      name,
      sample.map((row) => Number(row.found)),
    ),
  };
}

/** The vendor's names determine the unit; otherwise the magnitude does, as units differ by three digits. */
function unitOf(columnName: string, sample: readonly number[]): EpochUnit {
  if (columnName.toLowerCase() === 'window_start') return 'ns';
  if (columnName === 't') return 'ms';
  const largest = Math.max(...sample.map(Math.abs));
  if (largest >= 1e16) return 'ns';
  if (largest >= 1e13) return 'us';
  return largest >= 1e10 ? 'ms' : 's';
}

/** Throws if no date can be parsed. Single invalid dates are quarantined instead. */
async function checkDates(lake: Lake, reading: SourceReading, fieldName: string): Promise<void> {
  const index = defined(reading.columns.get(fieldName), 'the field was matched');
  const column = defined(reading.file.readNames[index], 'each column has a name');
  const sample = await lake.rows<{ found: string; understood: string | null }>(
    dateSampleSql(reading, fieldName, column, SAMPLE_ROWS),
  );
  const [first] = sample;
  if (first === undefined || sample.some((row) => row.understood !== null)) return;
  const instants = reading.dates.get(fieldName)?.kind !== 'text';
  throw new UsageError({
    code: 'import-dates-unreadable',
    message: `No date in column ${reading.file.header[index]} of ${reading.file.path} can be parsed`,
    found: first.found,
    allowed: instants
      ? 'instants at midnight in New York or UTC, one per session (are these minute or hourly bars?)'
      : 'YYYY-MM-DD',
  });
}
