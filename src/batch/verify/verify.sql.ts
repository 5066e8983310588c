import { precedes } from '#lake/data-file.sql.ts';
import { type Column, SQL_TYPES } from '#lake/schema.ts';
import { sqlName, sqlPath, sqlText } from '#lake/sql-text.ts';

export interface FileSurvey {
  readonly columns: readonly Column[];
  /** Columns whose smallest and largest values are measured. */
  readonly bounded: readonly string[];
  readonly sortBy: readonly string[];
  /** The date column whose distinct values are listed. */
  readonly unitColumn: string | undefined;
}

/** Measures a file: rows, unsorted rows, and units; by column number, nulls and the smallest and largest values. */
export function surveyFile(localPath: string, survey: FileSurvey): string {
  return `
    SELECT ${measuresOf(survey)}
    FROM (SELECT *, ${precedes(survey.sortBy)} AS early FROM read_parquet(${sqlPath(localPath)}, hive_partitioning = false))`;
}

/**
 * Measures many files with the same columns, one row per file with its path as `file`: a tenth of the work for small files. A
 * large file is faster alone, in the order it has.
 */
export function surveyFiles(localPaths: readonly string[], survey: FileSurvey): string {
  const early = precedes(survey.sortBy, 'less', 'PARTITION BY filename ORDER BY file_row_number');
  const files = `[${localPaths.map(sqlPath).join(', ')}], hive_partitioning = false, filename = true, file_row_number = true`;
  return `
    SELECT filename AS file, ${measuresOf(survey)}
    FROM (SELECT *, ${early} AS early FROM read_parquet(${files})) GROUP BY filename`;
}

function measuresOf({ columns, bounded, unitColumn }: FileSurvey): string {
  const measures = columns.map(({ name }, index) => `count(*) - count(${sqlName(name)}) AS nulls_${index}`);
  for (const [index, { name, type }] of columns.entries()) {
    if (!bounded.includes(name)) continue;
    const value = `CAST(${sqlName(name)} AS ${SQL_TYPES[type]})`;
    measures.push(`min(${value}) AS min_${index}`, `max(${value}) AS max_${index}`);
  }
  if (unitColumn !== undefined) {
    const unit = `CAST(${sqlName(unitColumn)} AS DATE)`;
    const units = `list(DISTINCT ${unit}) FILTER (${unit} IS NOT NULL)`;
    measures.push(`array_to_string(CAST(${units} AS VARCHAR[]), ' ') AS units`);
  }
  return ['count(*) AS rows', 'count(*) FILTER (early) AS unordered', ...measures].join(', ');
}

/** Lists the column names of each file. */
export function columnsInFiles(localPaths: readonly string[]): string {
  return `
    SELECT file_name AS file, to_json(list(name))::VARCHAR AS columns
    FROM parquet_schema([${localPaths.map(sqlPath).join(', ')}]) WHERE num_children IS NULL GROUP BY file_name`;
}

/** Counts rows by window and by what they say about it. */
export function windowBounds(select: string): string {
  return `
    SELECT first_session, last_session, expected, complete, count(*) AS rows
    FROM (${select}) GROUP BY ALL ORDER BY ALL`;
}

export function distinctText(select: string, column: string): string {
  return `SELECT DISTINCT ${sqlName(column)} AS value FROM (${select}) WHERE ${sqlName(column)} IS NOT NULL ORDER BY value`;
}

export function countByText(select: string, column: string): string {
  const name = sqlName(column);
  return `SELECT ${name} AS value, count(*) AS rows FROM (${select}) WHERE ${name} IS NOT NULL GROUP BY ${name}`;
}

/** A condition: the column is between two strings, and none of `without`. */
export function inRange(column: string, first: string, last: string, without: readonly string[]): string {
  const name = sqlName(column);
  const others = without.length === 0 ? '' : ` AND ${name} NOT IN (${without.map(sqlText).join(', ')})`;
  return `${name} BETWEEN ${sqlText(first)} AND ${sqlText(last)}${others}`;
}

export function inList(column: string, values: readonly string[]): string {
  return values.length === 0 ? 'false' : `${sqlName(column)} IN (${values.map(sqlText).join(', ')})`;
}

export function selectBars(select: string, where: string): string {
  return `
    SELECT symbol, session, open, high, low, close, volume, vwap, trades
    FROM (${select}) WHERE ${where} ORDER BY symbol, session`;
}

export function selectWindows(select: string, where: string): string {
  return `
    SELECT security_id, symbol, first_session, last_session, open, high, low, close, volume, vwap, trades, sessions,
      expected, complete
    FROM (${select}) WHERE ${where} ORDER BY security_id, first_session`;
}

/** Selects the rows of some sessions with every field that can be restated. */
export function selectRestatable(select: string, where: string): string {
  return `
    SELECT symbol, session, open, high, low, close, volume, vwap, trades, source, fetched_at
    FROM (${select}) WHERE ${where} ORDER BY session, symbol`;
}

export function selectRestatements(select: string, from: number, to: number): string {
  return `
    SELECT symbol, session, version, kind, field, old, new
    FROM (${select}) WHERE version BETWEEN ${from} AND ${to} ORDER BY version, session, symbol, field`;
}
