import { addDays, type IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { EngineSession, SqlParameter } from '#lake/engine-session.ts';
import type { DataFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Field, TableStream } from '../export/table-stream.ts';
import { copyToParquetSql, type ExportColumns, exportCountSql, exportSql } from './export.sql.ts';

export interface TableExport {
  readonly definition: TableDefinition;
  readonly snapshot: Snapshot;
  /** Names of columns in the order wanted; empty: all. */
  readonly columns: readonly string[];
  /** Empty: any. */
  readonly symbols: readonly string[];
  readonly from: IsoDate | undefined;
  readonly to: IsoDate | undefined;
}

/** A checked export: its text and what is bound to it. */
export interface PreparedExport {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
  readonly fields: readonly Field[];
}

/**
 * Checks what is asked for against the table. Throws `parameter-invalid` for columns it does not have and for a choice that
 * none of its columns can make, `export-too-large` where there are more rows than the bound.
 */
export async function prepareExport(lake: Lake, request: TableExport, rowsMax: number): Promise<PreparedExport> {
  const { definition, snapshot, symbols, from, to } = request;
  const columns = checkedColumns(request);
  const by = choosingColumns(definition);
  if (symbols.length > 0 && by.symbol === undefined) throw cannotChoose(definition, 'symbol');
  if (by.time === undefined && (from !== undefined || to !== undefined)) throw cannotChoose(definition, 'from, to');
  const files = inOrder(snapshot.files).filter((file) => mayTouch(definition, file, from, to));
  const rows = await lake.table(definition).scanSql(files);
  const wanted = { columns, symbols: symbols.length };
  const parameters = [from ?? null, to ?? null, ...symbols];
  await refuseTooLarge(lake, files, exportCountSql(rows, by, wanted), parameters, rowsMax);
  const fields = columns.map((name): Field => {
    const type = definition.columns.find((column) => column.name === name)?.type ?? 'string';
    return { name, type };
  });
  return { sql: exportSql(rows, definition, by, wanted), parameters, fields };
}

/** The rows chunk by chunk, on a session that the caller closes and may interrupt. */
export async function streamExport(session: EngineSession, prepared: PreparedExport): Promise<TableStream> {
  const { sql, parameters, fields } = prepared;
  const { chunks } = await session.stream(sql, parameters);
  // The lake's columns have exactly the cell types: dates and instants already arrive in that form.
  return { fields, batches: chunks as TableStream['batches'] };
}

/** Writes the rows to a Parquet file, which ends with its index and so cannot be sent while it grows. */
export async function writeParquet(session: EngineSession, prepared: PreparedExport, path: string): Promise<void> {
  await session.run(copyToParquetSql(prepared.sql, path), prepared.parameters);
}

function checkedColumns({ definition, columns }: TableExport): readonly string[] {
  const known = definition.columns.map(({ name }) => name);
  const unknown = columns.find((name) => !known.includes(name));
  if (unknown === undefined) return columns.length === 0 ? known : columns;
  throw new UsageError({
    code: 'parameter-invalid',
    message: `Parameter "columns" names a column that ${definition.name} does not have`,
    found: unknown,
    allowed: known.join(', '),
  });
}

function choosingColumns(definition: TableDefinition): ExportColumns {
  const has = (name: string): boolean => definition.columns.some((column) => column.name === name);
  const symbol = has('symbol') ? 'symbol' : undefined;
  if (has('first_session')) return { symbol, time: { first: 'first_session', last: 'last_session' } };
  const date = ['session', 'ex_date'].find(has);
  return { symbol, time: date === undefined ? undefined : { first: date, last: date } };
}

function cannotChoose(definition: TableDefinition, parameter: string): UsageError {
  return new UsageError({
    code: 'parameter-invalid',
    message: `Rows of ${definition.name} cannot be selected by ${parameter}: there is no such column`,
    allowed: definition.columns.map(({ name }) => name).join(', '),
  });
}

/** The same files always come in the same order: by the first thing in them, then by name. */
function inOrder(files: readonly DataFile[]): DataFile[] {
  const keyOf = (file: DataFile): string => `${file.units?.min ?? ''} ${file.path}`;
  return [...files].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** A window begins at most this many days before it ends: 252 sessions are less than 13 months. */
const WINDOW_DAYS_MAX = 400;

function mayTouch(definition: TableDefinition, file: DataFile, from: IsoDate | undefined, to: IsoDate | undefined) {
  const { min, max } = file.units ?? {};
  if (min === undefined || max === undefined) return true;
  const reaches = definition.unitColumn === 'first_session' ? addDays(max, WINDOW_DAYS_MAX) : max;
  return (from === undefined || reaches >= from) && (to === undefined || min <= to);
}

/** Counting reads little, but only where the files themselves do not settle it. */
async function refuseTooLarge(
  lake: Lake,
  files: readonly DataFile[],
  countSql: string,
  parameters: readonly SqlParameter[],
  rowsMax: number,
): Promise<void> {
  const held = files.reduce((sum, file) => sum + (file.stats?.numRecords ?? Number.POSITIVE_INFINITY), 0);
  if (held <= rowsMax) return;
  const [counted] = await lake.rows<{ count: number }>(countSql, parameters);
  if (counted !== undefined && counted.count <= rowsMax) return;
  throw new UsageError({
    code: 'export-too-large',
    message: 'The export has more rows than this server allows at once',
    found: String(counted?.count),
    allowed: `up to ${rowsMax} rows`,
    action: 'Request less at a time with from, to or symbol',
  });
}
