import { assert } from '#base/assert.ts';
import { CondvestError } from '#base/errors.ts';
import type { SessionSet } from '#market/session-set.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import type { Random } from '#ports/random.ts';

import { copyDataFile, countUnordered, ROW_GROUP_ROWS, UNIT_ROW_GROUP_ROWS } from './data-file.sql.ts';
import type { Engine } from './engine.ts';
import type { EngineSession } from './engine-session.ts';
import type { FileStats, NewFile, StatsValue } from './files.ts';
import { isForRanges, type RowParts, type SortedRuns, sortInRanges } from './range-sort.ts';
import type { Column, TableDefinition } from './schema.ts';

export interface DataFileDeps {
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly random: Random;
}

export interface DataFileRequest {
  /**
   * A SELECT of the file's rows. Columns are matched by name and cast to their types. The partition column may be
   * missing.
   */
  readonly select: string;
  /** The session in which to run the SELECT, if it reads temporary tables. */
  readonly session?: EngineSession;
  /** The year of every row's unit, in tables partitioned by it. */
  readonly year?: number;
  /** The units in the file, in tables that have a unit column: exactly those of the rows. */
  readonly units?: SessionSet;
  /** Columns to write beyond those of the definition, which a foreign writer may have added to the table. */
  readonly columns?: readonly Column[];
  /** The same rows in two parts, if they come from files of the table: many rows then take less memory to sort. */
  readonly parts?: RowParts;
  /** True if the SELECT already returns rows in table order, which saves the sort. The order is verified anyway. */
  readonly ordered?: boolean;
}

/**
 * Writes one data file: one COPY into a scratch file, whose order is verified, and which is then durably published
 * under a new name. No version of the table refers to it until a commit does. Returns undefined, and writes no file, if
 * the SELECT has no rows.
 */
export async function writeDataFile(
  deps: DataFileDeps,
  definition: TableDefinition,
  request: DataFileRequest,
): Promise<NewFile | undefined> {
  const { store, engine, random } = deps;
  const { year, units } = request;
  assert((definition.unitColumn === undefined) === (units === undefined), `${definition.name}: units of a file`);
  assert(definition.partitionBy.includes('year') === (year !== undefined), `${definition.name}: year of a file`);

  const columns = fileColumns(definition, request.columns);
  const connection = request.session ?? engine;
  await using runs = await sortedRuns(store, connection, definition, { ...request, columns });
  const localPath = await store.scratchPath('.parquet');
  let published = false;
  try {
    const select = runs?.select ?? request.select;
    const orderBy = request.ordered === true || runs !== undefined ? [] : definition.sortBy;
    const rowGroupRows = units?.size === 1 ? UNIT_ROW_GROUP_ROWS : ROW_GROUP_ROWS;
    const sql = copyDataFile({ select, columns, orderBy, localPath, rowGroupRows });
    const [written] = await connection.rows<CopyResult>(sql);
    assert(written !== undefined, 'COPY with RETURN_STATS answers one row');
    if (written.count === 0) return undefined;
    const [check] = await engine.rows<{ unordered: number }>(countUnordered(localPath, definition.sortBy));
    if (check?.unordered !== 0) throw orderLost(definition.name, check?.unordered);

    const folder = year === undefined ? '' : `year=${year}/`;
    const path = `${folder}${random.uuid()}.parquet`;
    const info = await store.publish(localPath, `${definition.name}/${path}`);
    published = true;
    return {
      path,
      partitionValues: year === undefined ? {} : { year: String(year) },
      sizeBytes: info.sizeBytes,
      modifiedMs: info.modifiedMs,
      sha256: info.sha256,
      stats: fileStats(written, columns, definition),
      units,
    };
  } finally {
    // A partial file on a full disk would keep it full.
    if (!published) await store.discardScratch(localPath);
  }
}

/** Sorts the rows in ranges if that is worth it; undefined: they are to be sorted at once, or are in order. */
async function sortedRuns(
  store: ObjectStore,
  engine: Engine | EngineSession,
  { sortBy }: TableDefinition,
  request: DataFileRequest & { readonly columns: readonly Column[] },
): Promise<SortedRuns | undefined> {
  const { columns, ordered = false, parts } = request;
  if (ordered || parts === undefined || !isForRanges(parts)) return undefined;
  return sortInRanges(store, engine, { parts, columns, orderBy: sortBy });
}

/** Returns the columns of a data file: those of the definition and any further ones, without the partition column. */
function fileColumns(definition: TableDefinition, more: readonly Column[] = []): readonly Column[] {
  const known = new Set(definition.columns.map((column) => column.name));
  const all = [...definition.columns, ...more.filter((column) => !known.has(column.name))];
  return all.filter((column) => !definition.partitionBy.includes(column.name));
}

interface CopyResult {
  readonly count: number;
  /** By quoted column name, with the values as text. */
  readonly column_statistics: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Longest text in statistics: readers may assume that longer ones are truncated (Delta truncates at 32 characters).
 */
const STATS_TEXT_MAX = 32;

/**
 * Returns statistics in Delta's form from the result of COPY. Minimum and maximum values only for dates, doubles and
 * the text columns that rows are sorted by: DuckDB's booleans (`1`) and timestamps are not in Delta's form.
 */
function fileStats(written: CopyResult, columns: readonly Column[], definition: TableDefinition): FileStats {
  const minValues: Record<string, StatsValue> = {};
  const maxValues: Record<string, StatsValue> = {};
  const nullCount: Record<string, number> = {};
  for (const column of columns) {
    const stats = written.column_statistics[`"${column.name}"`];
    assert(stats !== undefined, `COPY returns statistics of column ${column.name}`);
    nullCount[column.name] = Number(stats.null_count);
    const bounds = boundsOf(column, stats, definition);
    if (bounds === undefined) continue;
    minValues[column.name] = bounds.min;
    maxValues[column.name] = bounds.max;
  }
  return { numRecords: written.count, minValues, maxValues, nullCount };
}

function boundsOf(
  column: Column,
  stats: Readonly<Record<string, string>>,
  definition: TableDefinition,
): { min: StatsValue; max: StatsValue } | undefined {
  const { min, max } = stats;
  if (min === undefined || max === undefined) return undefined;
  if (column.type === 'date') return { min, max };
  if (column.type === 'double') {
    // DuckDB's bounds exclude NaN, which sorts above all numbers: with a NaN, the maximum is unknown.
    const bounds = { min: Number(min), max: Number(max) };
    const known = stats.has_nan !== 'true' && Number.isFinite(bounds.min) && Number.isFinite(bounds.max);
    return known ? bounds : undefined;
  }
  const sorted = column.type === 'string' && definition.sortBy.includes(column.name);
  return sorted && isPlain(min) && isPlain(max) ? { min, max } : undefined;
}

/** Short and printable ASCII, on whose order and length all readers agree. */
function isPlain(text: string): boolean {
  return text.length <= STATS_TEXT_MAX && /^[\x20-\x7e]*$/.test(text);
}

function orderLost(table: string, count: number | undefined): CondvestError {
  return new CondvestError({
    code: 'lake-file-unordered',
    kind: 'corrupt',
    message: `A file just written for table ${table} is not in table order`,
    found: `${count ?? 'unknown'} rows out of place`,
    action: 'Nothing was committed. Please report this',
  });
}
