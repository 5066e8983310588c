import type { InstantMs } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { EngineSession } from '#lake/engine-session.ts';
import type { Lake } from '#lake/lake.ts';
import type { ColumnType } from '#lake/schema.ts';
import { createViews } from '#lake/views.ts';
import type { Clock } from '#ports/clock.ts';
import type { Cell, Field, RowBatch, TableStream } from '../export/table-stream.ts';
import { refuseFuture } from './pinned.ts';
import { tableDefinitions } from './tables.ts';

export interface QueryRequest {
  /** One SELECT (or another statement that only reads) of DuckDB's SQL. */
  readonly statement: string;
  readonly intervals: readonly number[];
  /** Every table as it was at this instant. */
  readonly asOfMs?: InstantMs | undefined;
}

/** A statement in the making: read its rows once, then close it. */
export interface RunningQuery extends AsyncDisposable {
  readonly table: TableStream;
}

/**
 * Runs one statement over views of all tables, pinned at one version each, and streams its rows in bounded memory. Throws
 * `query-invalid` with the database's own words where the statement is wrong, `query-not-a-query` where it would write,
 * `as-of-in-future` and `lake-as-of-too-old` for instants that cannot be answered.
 */
export async function runQuery(
  { lake, clock }: { readonly lake: Lake; readonly clock: Clock },
  request: QueryRequest,
): Promise<RunningQuery> {
  if (request.asOfMs !== undefined) refuseFuture(request.asOfMs, clock.nowMs());
  const session = await openSession(lake, request);
  try {
    const table = await runStatement(session, request.statement);
    return { table, [Symbol.asyncDispose]: async () => session.close() };
  } catch (cause) {
    session.close();
    throw cause;
  }
}

/** Runs a statement on a session that has the views it needs. Throws as `runQuery` does, also from a late row. */
export async function runStatement(session: EngineSession, statement: string): Promise<TableStream> {
  const result = await session.streamQuery(statement).catch((cause: unknown) => {
    throw invalidQuery(cause);
  });
  const fields = result.names.map(
    (name, index): Field => ({ name, type: fieldType(result.types[index] ?? 'VARCHAR') }),
  );
  async function* batches(): AsyncGenerator<RowBatch> {
    try {
      for await (const { rowCount, columns } of result.chunks) {
        yield {
          rowCount,
          columns: columns.map((values, index) => values.map((value) => toCell(value, fields[index]?.type))),
        };
      }
    } catch (cause) {
      // A cast that fails in a late row fails here.
      throw invalidQuery(cause);
    }
  }
  return { fields, batches: batches() };
}

async function openSession(lake: Lake, request: QueryRequest): Promise<EngineSession> {
  const session = await lake.session();
  try {
    const definitions = await tableDefinitions(lake, request.intervals);
    const tables = definitions.map((definition) => lake.table(definition));
    await createViews(session, tables, request.asOfMs === undefined ? {} : { asOfMs: request.asOfMs });
    return session;
  } catch (cause) {
    session.close();
    throw cause;
  }
}

/** The statement is the user's, so what the database says of it is theirs to mend. */
export function invalidQuery(cause: unknown): unknown {
  if (!(cause instanceof CondvestError)) return cause;
  if (cause.code === 'engine-not-a-query') {
    const { found, allowed } = cause;
    return new UsageError({
      code: 'query-not-a-query',
      message: 'Only a single read statement is allowed',
      found,
      allowed,
    });
  }
  if (cause.code !== 'engine-sql') return cause;
  return new UsageError({
    code: 'query-invalid',
    message: 'The statement failed',
    found: cause.found,
    action: 'List tables and columns with: condvest tables --columns',
    cause,
  });
}

const FIELD_TYPES: Readonly<Record<string, ColumnType>> = {
  DATE: 'date',
  DOUBLE: 'double',
  FLOAT: 'double',
  BOOLEAN: 'boolean',
  TINYINT: 'integer',
  SMALLINT: 'integer',
  INTEGER: 'integer',
  UTINYINT: 'integer',
  USMALLINT: 'integer',
  UINTEGER: 'long',
  BIGINT: 'long',
  UBIGINT: 'long',
  HUGEINT: 'double',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  TIMESTAMP_NS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
};

function fieldType(sqlType: string): ColumnType {
  if (sqlType.startsWith('DECIMAL')) return 'double';
  return FIELD_TYPES[sqlType] ?? 'string';
}

function toCell(value: unknown, type: ColumnType | undefined): Cell {
  if (value === null || value === undefined) return null;
  if (type === 'double') return Number(value);
  if (typeof value === 'object')
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
  return type === 'string' ? String(value) : (value as Cell);
}
