import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';

import { CondvestError } from '#base/errors.ts';
import { convertColumn, type SqlValue } from './engine-values.ts';

/** A parameter of a statement: bound, never pasted into the text. Dates and instants are bound as text and cast there. */
export type SqlParameter = string | number | bigint | boolean | null;

/** A row as the program sees it. See `engine-values.ts` for how each SQL type arrives. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface EngineOptions {
  /** What DuckDB may hold in memory, in bytes; beyond it sorts and aggregates spill to `tempFolder`. */
  readonly memoryLimitBytes?: number;
  readonly threads?: number;
  /** A folder of this process, for spilling. */
  readonly tempFolder: string;
}

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

/** DuckDB in this process. Nothing is fetched from outside: extensions are neither installed nor loaded by themselves. */
export class Engine {
  readonly #instance: DuckDBInstance;
  readonly #idle: EngineSession[] = [];
  #closed = false;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async create(options: EngineOptions): Promise<Engine> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:');
    const engine = new Engine(instance);
    using session = await engine.session();
    const settings: [string, string | number][] = [
      ['temp_directory', options.tempFolder],
      ['autoinstall_known_extensions', 'false'],
      ['autoload_known_extensions', 'false'],
      ['TimeZone', 'UTC'],
    ];
    if (options.memoryLimitBytes !== undefined) settings.push(['memory_limit', `${options.memoryLimitBytes}B`]);
    if (options.threads !== undefined) settings.push(['threads', options.threads]);
    for (const [name, value] of settings) {
      await session.run(`SET GLOBAL ${name} = ${typeof value === 'number' ? value : sqlText(value)}`);
    }
    return engine;
  }

  /** A connection of its own, for temporary tables and settings. The caller closes it. */
  async session(): Promise<EngineSession> {
    if (this.#closed) throw new CondvestError({ code: 'engine-closed', kind: 'permanent', message: 'The database engine was closed' });
    return new EngineSession(await this.#instance.connect());
  }

  async run(sql: string, parameters?: readonly SqlParameter[]): Promise<void> {
    await this.#borrow((session) => session.run(sql, parameters));
  }

  async rows<T = SqlRow>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    return this.#borrow((session) => session.rows<T>(sql, parameters));
  }

  /** The whole result as columns: quicker than rows where there are many. */
  async columns(sql: string, parameters?: readonly SqlParameter[]): Promise<Record<string, SqlValue[]>> {
    return this.#borrow((session) => session.columns(sql, parameters));
  }

  /** Ends every connection that is not in use; DuckDB frees its memory and its spill files. */
  close(): void {
    this.#closed = true;
    for (const session of this.#idle.splice(0)) session.close();
    this.#instance.closeSync();
  }

  /** Connections cost a little to make, so a few idle ones are kept; more than that are closed. */
  async #borrow<T>(use: (session: EngineSession) => Promise<T>): Promise<T> {
    const session = this.#idle.pop() ?? (await this.session());
    try {
      return await use(session);
    } finally {
      if (this.#closed || this.#idle.length >= IDLE_SESSIONS_MAX) session.close();
      else this.#idle.push(session);
    }
  }
}

const IDLE_SESSIONS_MAX = 4;

/** One connection. Statements of one session run one after the other; sessions run side by side. */
export class EngineSession implements Disposable {
  readonly #connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  async run(sql: string, parameters?: readonly SqlParameter[]): Promise<void> {
    await guard(() => this.#connection.run(sql, bind(parameters)));
  }

  async rows<T = SqlRow>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    const columns = await this.columns(sql, parameters);
    const names = Object.keys(columns);
    const first = names[0];
    const count = first === undefined ? 0 : (columns[first]?.length ?? 0);
    const rows: T[] = [];
    for (let index = 0; index < count; index += 1) {
      const row: Record<string, SqlValue> = {};
      for (const name of names) row[name] = columns[name]?.[index] ?? null;
      rows.push(row as T);
    }
    return rows;
  }

  async columns(sql: string, parameters?: readonly SqlParameter[]): Promise<Record<string, SqlValue[]>> {
    return guard(async () => {
      const result = await this.#connection.run(sql, bind(parameters));
      const names = result.deduplicatedColumnNames();
      const types = names.map((_, index) => result.columnType(index));
      const columns: Record<string, SqlValue[]> = {};
      for (const name of names) columns[name] = [];
      for (const chunk of await result.fetchAllChunks()) {
        for (const [index, name] of names.entries()) {
          const type = types[index];
          if (type === undefined) continue;
          const target = columns[name];
          for (const value of convertColumn(chunk.getColumnValues(index), type)) target?.push(value);
        }
      }
      return columns;
    });
  }

  /** The result chunk by chunk, as DuckDB makes it: memory does not grow with the result. */
  async stream(sql: string, parameters?: readonly SqlParameter[]): Promise<StreamedResult> {
    const result = await guard(() => this.#connection.stream(sql, bind(parameters)));
    const names = result.deduplicatedColumnNames();
    const types = names.map((_, index) => result.columnType(index));
    async function* chunks(): AsyncGenerator<ColumnChunk> {
      for (;;) {
        const chunk = await guard(() => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield {
          rowCount: chunk.rowCount,
          columns: types.map((type, index) => convertColumn(chunk.getColumnValues(index), type)),
        };
      }
    }
    return { names, types: types.map(String), chunks: chunks() };
  }

  /** Stops the statement that is running, which then fails with `engine-interrupted`. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  close(): void {
    this.#connection.closeSync();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A text as an SQL literal, for the few places where a parameter cannot stand (file lists, COPY targets, view bodies). */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function bind(parameters: readonly SqlParameter[] | undefined): DuckDBValue[] | undefined {
  return parameters === undefined ? undefined : [...parameters];
}

async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof CondvestError) throw cause;
    throw engineError(cause);
  }
}

/** What DuckDB's message says, sorted by what a user can do about it. */
function engineError(cause: unknown): CondvestError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const first = text.split('\n')[0]?.trim() ?? text;
  if (/No space left on device|failed to offload|max_temp_directory_size/i.test(text)) {
    return new CondvestError({
      code: 'no-space', kind: 'permanent', message: 'The disk is full', found: first,
      action: 'Free some space and run the same command again; nothing was committed', cause,
    });
  }
  if (/^Out of Memory/i.test(text)) {
    return new CondvestError({
      code: 'engine-out-of-memory', kind: 'permanent', message: 'The memory limit was reached', found: first,
      action: 'Raise CONDVEST_MEMORY_LIMIT and run the same command again; nothing was committed', cause,
    });
  }
  if (/^INTERRUPT/i.test(text)) {
    return new CondvestError({ code: 'engine-interrupted', kind: 'transient', message: 'The statement was stopped', cause });
  }
  if (/No magic bytes|too small to be a Parquet|Footer length|not a Parquet file|Invalid Input Error: (File|No)|metadata length|TProtocolException|don't know what type/i.test(text)) {
    return new CondvestError({
      code: 'parquet-unreadable', kind: 'corrupt', message: 'A file is not readable as Parquet', found: first, cause,
    });
  }
  if (/^IO Error/i.test(text)) {
    return new CondvestError({ code: 'engine-io', kind: 'permanent', message: 'A file could not be read or written', found: first, cause });
  }
  return new CondvestError({ code: 'engine-sql', kind: 'permanent', message: 'The statement failed', found: text.trim(), cause });
}
