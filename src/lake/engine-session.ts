import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api';

import { AssertionError, assert } from '#base/assert.ts';
import { isoDate, toEpochDay } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';

import { cancellation } from './cancellation.ts';
import { engineError, interrupted } from './engine-error.ts';
import { convertColumn, type SqlValue } from './engine-values.ts';
import type { NumberColumn } from './number-table.ts';
import { recordName } from './records.ts';
import { type Column, SQL_TYPES } from './schema.ts';
import { sqlName } from './sql-text.ts';

/**
 * A parameter of a statement: bound, never pasted into the text. Dates and instants are bound as text and cast there.
 */
export type SqlParameter = string | number | bigint | boolean | null;

/** A row as the program sees it. See `engine-values.ts` for how each SQL type arrives. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** One chunk of a streamed result: at most 2,048 rows, as columns. */
export interface ColumnChunk {
  readonly rowCount: number;
  /** In the order of the result's columns. */
  readonly columns: readonly (readonly SqlValue[])[];
}

export interface StreamedResult {
  readonly names: readonly string[];
  /** SQL type names, such as `DATE` or `DOUBLE`. */
  readonly types: readonly string[];
  readonly chunks: AsyncIterable<ColumnChunk>;
}

/** One connection. Statements of one session run one after the other; sessions run side by side. */
export class EngineSession implements Disposable {
  readonly #connection: DuckDBConnection;
  /** Results that were not read to their end: each holds files and buffers. */
  readonly #unfinished = new Set<DuckDBResult>();
  readonly #running = new Set<Promise<unknown>>();
  #isInterrupted = false;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  async run(sql: string, parameters?: readonly SqlParameter[]): Promise<void> {
    await this.#attempt(() => this.#connection.run(sql, bind(parameters)));
  }

  async rows<T = SqlRow>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    return rowsOf(await this.columns(sql, parameters));
  }

  /** Returns rows named in the program's way: `ex_date` is `exDate`, and an instant `seen_at` is `seenAtMs`. */
  async records<T>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    return rowsOf(
      await this.#columns(sql, parameters, (name, type) => recordName(name, String(type).startsWith('TIMESTAMP'))),
    );
  }

  async columns(sql: string, parameters?: readonly SqlParameter[]): Promise<Record<string, SqlValue[]>> {
    return this.#columns(sql, parameters, (name) => name);
  }

  async #columns(
    sql: string,
    parameters: readonly SqlParameter[] | undefined,
    nameOf: (name: string, type: DuckDBType) => string,
  ): Promise<Record<string, SqlValue[]>> {
    const result = await this.#attempt(() => this.#connection.run(sql, bind(parameters)));
    const chunks = await guard(() => result.fetchAllChunks());
    const columns: Record<string, SqlValue[]> = {};
    for (const [index, name] of result.deduplicatedColumnNames().entries()) {
      const type = result.columnType(index);
      const values: SqlValue[] = [];
      for (const chunk of chunks) {
        for (const value of convertColumn(chunk.getColumnValues(index), type)) values.push(value);
      }
      columns[nameOf(name, type)] = values;
    }
    return columns;
  }

  /** The result chunk by chunk, as DuckDB makes it: memory does not grow with the result. */
  async stream(sql: string, parameters?: readonly SqlParameter[]): Promise<StreamedResult> {
    const result = await this.#attempt(() => this.#connection.stream(sql, bind(parameters)));
    return this.#streamed(result, () => this.#whyFailed(sql, parameters));
  }

  /**
   * As `stream`, for columns of integers and doubles without nulls, and without an object for each value. A chunk is
   * valid until the next one is asked for.
   */
  async streamNumbers(sql: string): Promise<AsyncIterable<readonly NumberColumn[]>> {
    const { numbersOf } = await import('./engine-numbers.ts');
    const result = await this.#attempt(() => this.#connection.stream(sql));
    const types = result.columnTypes().map(String);
    return this.#chunks(
      result,
      (chunk) => types.map((type, index) => numbersOf(chunk, index, type)),
      () => this.#whyFailed(sql),
    );
  }

  /**
   * As `stream`, for a text that somebody typed: runs it only if it reads. A last statement that is no SELECT or
   * EXPLAIN, or one before it that does more than make a type or a table in memory (as PIVOT does), is refused with
   * `engine-not-a-query` before it is run.
   */
  async streamQuery(sql: string): Promise<StreamedResult> {
    const { StatementType } = await import('@duckdb/node-api');
    const statements = await guard(() => this.#connection.extractStatements(sql));
    for (let index = 0; index < statements.count; index += 1) {
      const isLast = index === statements.count - 1;
      const prepared = await guard(() => statements.prepare(index));
      const type = prepared.statementType;
      const isAllowed = isLast
        ? type === StatementType.SELECT || (type === StatementType.EXPLAIN && (await this.#explainsSelect(sql)))
        : type === StatementType.CREATE;
      if (!isAllowed) throw notAQuery(StatementType[type] ?? String(type));
      if (isLast) return this.#streamed(await guard(() => prepared.stream()), () => this.#whyFailed(sql));
      await guard(() => prepared.run());
    }
    throw notAQuery('nothing');
  }

  /** EXPLAIN ANALYZE runs what it explains, be it COPY: so what it explains has to be a SELECT by itself. */
  async #explainsSelect(sql: string): Promise<boolean> {
    const { StatementType } = await import('@duckdb/node-api');
    const explained = sql.replace(/^\s*EXPLAIN\b\s*(ANALY[SZ]E\b|\([^)]*\))?/i, '');
    try {
      const statements = await this.#connection.extractStatements(explained);
      return statements.count === 1 && (await statements.prepare(0)).statementType === StatementType.SELECT;
    } catch {
      // What is left of it is no SQL, as where a comment stands between the words: no SELECT that we can be sure of.
      return false;
    }
  }

  /**
   * Makes a temporary table of rows that the program holds, and returns how many there were. Values are in the order of
   * the columns: dates as `YYYY-MM-DD`, instants as epoch milliseconds.
   */
  async load(
    table: string,
    columns: readonly Pick<Column, 'name' | 'type'>[],
    rows: Iterable<readonly SqlParameter[]>,
  ): Promise<number> {
    const definition = columns.map(({ name, type }) => `${sqlName(name)} ${SQL_TYPES[type]}`).join(', ');
    await this.run(`CREATE OR REPLACE TEMP TABLE ${sqlName(table)} (${definition})`);
    const { DuckDBDateValue, DuckDBTimestampTZValue } = await import('@duckdb/node-api');
    return guard(async () => {
      const appender = await this.#connection.createAppender(table, 'main', 'temp');
      let count = 0;
      for (const row of rows) {
        assert(row.length === columns.length, `a row of ${row.length} values for ${columns.length} columns`);
        for (const [index, value] of row.entries()) {
          const type = columns[index]?.type;
          if (value === null) appender.appendNull();
          else if (type === 'string') appender.appendVarchar(String(value));
          else if (type === 'double') appender.appendDouble(Number(value));
          else if (type === 'long') appender.appendBigInt(BigInt(value));
          else if (type === 'integer') appender.appendInteger(Number(value));
          else if (type === 'boolean') appender.appendBoolean(value === true);
          else if (type === 'date') appender.appendDate(new DuckDBDateValue(toEpochDay(isoDate(String(value)))));
          else appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(value) * 1000n));
        }
        appender.endRow();
        count += 1;
      }
      appender.closeSync();
      return count;
    });
  }

  /** Runs a statement as part of the caller's work, with which it is canceled: it fails with `engine-interrupted`. */
  async #attempt<T>(call: () => Promise<T>): Promise<T> {
    const signal = cancellation();
    if (signal === undefined) return this.#execute(call);
    if (signal.aborted) throw interrupted();
    const interrupt = (): void => this.#connection.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      return await this.#execute(call);
    } finally {
      signal.removeEventListener('abort', interrupt);
    }
  }

  /** Stops the statement that is running, which then fails with `engine-interrupted`. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#connection.interrupt();
  }

  /**
   * The error of a stream that broke off. The binding gives none away, so the statement is run once more in a way that
   * keeps no rows.
   */
  async #whyFailed(sql: string, parameters?: readonly SqlParameter[]): Promise<CondvestError> {
    let cause: unknown;
    try {
      if (this.#isInterrupted) throw new Error('INTERRUPT Error: Interrupted!');
      await this.#connection.run(`EXPLAIN ANALYZE ${sql}`, bind(parameters));
      cause = new Error('The rows broke off before their end, and did not when the statement was run again');
    } catch (thrown) {
      cause = thrown;
    }
    return engineError(cause);
  }

  /** Runs a statement, which `close` waits for. */
  async #execute<T>(call: () => Promise<T>): Promise<T> {
    const running = guard(call);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Cancels a statement that is running. A result that is not read to its end is given back soon after. */
  close(): void {
    if (this.#unfinished.size === 0 && this.#running.size === 0) this.#connection.closeSync();
    else void this.#abandon();
  }

  /**
   * The binding frees a result only when JavaScript happens to collect garbage, and the files and buffers of one that
   * was left in the middle are no garbage of JavaScript's: a few hundred downloads that were broken off could take all
   * files that a process may open. DuckDB itself lets go of them as soon as the result has failed, which an interrupted
   * one does.
   *
   * Closing waits for a running statement, without letting JavaScript run: if that one reads a served table, whose rows
   * JavaScript gives, both would wait for ever.
   */
  async #abandon(): Promise<void> {
    this.interrupt();
    await Promise.allSettled(this.#running);
    for (const result of this.#unfinished) {
      try {
        for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; )
          chunk = await result.fetchChunk();
      } catch {
        // It has failed, as it should.
      }
    }
    this.#connection.closeSync();
  }

  #streamed(result: DuckDBResult, whyFailed: () => Promise<CondvestError>): StreamedResult {
    const names = result.deduplicatedColumnNames();
    const types = names.map((_, index) => result.columnType(index));
    const convert = (chunk: DuckDBDataChunk): ColumnChunk => ({
      rowCount: chunk.rowCount,
      columns: types.map((type, index) => convertColumn(chunk.getColumnValues(index), type)),
    });
    return { names, types: types.map(String), chunks: this.#chunks(result, convert, whyFailed) };
  }

  #chunks<T>(
    result: DuckDBResult,
    convert: (chunk: DuckDBDataChunk) => T,
    whyFailed: () => Promise<CondvestError>,
  ): AsyncGenerator<T> {
    this.#unfinished.add(result);
    return converted(result, convert, { whyFailed, onEnd: () => this.#unfinished.delete(result) });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function rowsOf<T>(columns: Readonly<Record<string, readonly SqlValue[]>>): T[] {
  const names = Object.keys(columns);
  const count = columns[names[0] ?? '']?.length ?? 0;
  const rows: T[] = [];
  for (let index = 0; index < count; index += 1) {
    const row: Record<string, SqlValue> = {};
    for (const name of names) row[name] = columns[name]?.[index] ?? null;
    rows.push(row as T);
  }
  return rows;
}

function bind(parameters: readonly SqlParameter[] | undefined): DuckDBValue[] | undefined {
  return parameters === undefined ? undefined : [...parameters];
}

/**
 * DuckDB's C interface ends a stream that failed like one that is exhausted; only the result's kind, then invalid,
 * tells.
 */
const INVALID_RESULT = 0;

async function* converted<T>(
  result: DuckDBResult,
  convert: (chunk: DuckDBDataChunk) => T,
  how: { readonly whyFailed: () => Promise<CondvestError>; readonly onEnd: () => void },
): AsyncGenerator<T> {
  for (;;) {
    const chunk = await guard(() => result.fetchChunk());
    if (chunk === null || chunk.rowCount === 0) break;
    yield convert(chunk);
  }
  how.onEnd();
  if (Number(result.returnType) === INVALID_RESULT) throw await how.whyFailed();
}

function notAQuery(found: string): CondvestError {
  return new CondvestError({
    code: 'engine-not-a-query',
    kind: 'permanent',
    message: 'Only a single read statement is allowed',
    found,
    allowed: 'SELECT, FROM, WITH, VALUES, PIVOT, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN',
  });
}

/** Runs a call of the binding; its failures become errors of the engine. */
export async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof CondvestError || cause instanceof AssertionError) throw cause;
    throw engineError(cause);
  }
}
