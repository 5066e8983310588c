import type { DuckDBInstance } from '@duckdb/node-api';

import { CondvestError } from '#base/errors.ts';
import type { ServedTables } from './engine-numbers.ts';
import {
  type ColumnChunk,
  EngineSession,
  guard,
  type SqlParameter,
  type SqlRow,
  type StreamedResult,
} from './engine-session.ts';
import type { SqlValue } from './engine-values.ts';
import type { NumberTable, ServedTable } from './number-table.ts';
import { sqlText } from './sql-text.ts';

export interface EngineOptions {
  /** DuckDB's memory limit in bytes; beyond it, sorts and aggregates spill to `tempFolder`. */
  readonly memoryLimitBytes?: number;
  readonly threads?: number;
  /** A folder of this process, for spilling. */
  readonly tempFolder: string;
}

/** An engine for statements of others. */
export interface SandboxOptions {
  /** The only files that it can touch, whatever is asked of it. */
  readonly files: readonly string[];
  readonly memoryLimitBytes: number;
  readonly threads?: number;
}

/**
 * DuckDB in this process. Nothing is fetched from outside: extensions are neither installed nor loaded by themselves.
 */
export class Engine {
  readonly #instance: DuckDBInstance;
  /** Connections that wait for their next statement; undefined once the engine is closed. */
  #idle: EngineSession[] | undefined = [];
  #served: Promise<ServedTables> | undefined;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async create(options: EngineOptions): Promise<Engine> {
    return Engine.#open({
      temp_directory: sqlText(options.tempFolder),
      // Data files never change, so a parsed footer stays valid. DuckDB counts these within its memory limit and evicts
      // them.
      parquet_metadata_cache: 'true',
      // What was read of the files is kept by the operating system, which counts in no limit of ours.
      enable_external_file_cache: 'false',
      ...limitsOf(options),
    });
  }

  /**
   * An engine that reads the named files and no others, reaches no network, loads no extension, keeps nothing on disk
   * (what does not fit into memory fails) and whose settings cannot be changed any more. A file that it reads it could
   * write, too: let it run only what reads (`onlyReads`).
   */
  static async createSandbox(options: SandboxOptions): Promise<Engine> {
    return Engine.#open({
      // DuckDB lets everybody read what lies in the folder that it spills to.
      temp_directory: sqlText(''),
      ...limitsOf(options),
      allowed_paths: `[${options.files.map(sqlText).join(', ')}]`,
      allow_community_extensions: 'false',
      enable_external_access: 'false',
      lock_configuration: 'true',
    });
  }

  static async #open(settings: Readonly<Record<string, string>>): Promise<Engine> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const engine = new Engine(await DuckDBInstance.create(':memory:'));
    using session = await engine.session();
    const all = {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      TimeZone: sqlText('UTC'),
      ...settings,
    };
    for (const [name, value] of Object.entries(all)) await session.run(`SET GLOBAL ${name} = ${value}`);
    return engine;
  }

  /** A connection of its own, for temporary tables and settings. The caller closes it. */
  async session(): Promise<EngineSession> {
    if (this.#idle === undefined) {
      throw new CondvestError({ code: 'engine-closed', kind: 'permanent', message: 'The database engine was closed' });
    }
    return new EngineSession(await guard(() => this.#instance.connect()));
  }

  async run(sql: string, parameters?: readonly SqlParameter[]): Promise<void> {
    await this.#borrow((session) => session.run(sql, parameters));
  }

  async rows<T = SqlRow>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    return this.#borrow((session) => session.rows<T>(sql, parameters));
  }

  async records<T>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    return this.#borrow((session) => session.records<T>(sql, parameters));
  }

  /** The whole result as columns: quicker than rows where there are many. */
  async columns(sql: string, parameters?: readonly SqlParameter[]): Promise<Record<string, SqlValue[]>> {
    return this.#borrow((session) => session.columns(sql, parameters));
  }

  /** The result chunk by chunk on a connection of its own, which ends with the last chunk or when the reader stops. */
  async stream(sql: string, parameters?: readonly SqlParameter[]): Promise<StreamedResult> {
    const session = await this.session();
    try {
      const { names, types, chunks } = await session.stream(sql, parameters);
      return { names, types, chunks: closing(session, chunks) };
    } catch (cause) {
      session.close();
      throw cause;
    }
  }

  /** Lets statements of all sessions read a table that the program holds, until it is disposed of. */
  async serve(table: NumberTable): Promise<ServedTable> {
    this.#served ??= import('./engine-numbers.ts').then(({ ServedTables }) => ServedTables.of(this.#instance));
    return (await this.#served).serve(table);
  }

  /** Ends every connection that is not in use; DuckDB frees its memory and its spill files. */
  close(): void {
    for (const session of this.#idle ?? []) session.close();
    this.#idle = undefined;
    this.#instance.closeSync();
  }

  /** Connections cost a little to make, so a few idle ones are kept; more than that are closed. */
  async #borrow<T>(use: (session: EngineSession) => Promise<T>): Promise<T> {
    const session = this.#idle?.pop() ?? (await this.session());
    try {
      return await use(session);
    } finally {
      if (this.#idle === undefined || this.#idle.length >= IDLE_SESSIONS_MAX) session.close();
      else this.#idle.push(session);
    }
  }
}

const IDLE_SESSIONS_MAX = 4;

function limitsOf({ memoryLimitBytes, threads }: Partial<SandboxOptions>): Record<string, string> {
  return {
    ...(memoryLimitBytes === undefined ? {} : { memory_limit: sqlText(`${memoryLimitBytes}B`) }),
    ...(threads === undefined ? {} : { threads: String(threads) }),
  };
}

async function* closing(session: EngineSession, chunks: AsyncIterable<ColumnChunk>): AsyncGenerator<ColumnChunk> {
  try {
    yield* chunks;
  } finally {
    session.close();
  }
}
