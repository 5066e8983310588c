import { assert } from '#base/assert.ts';
import type { EngineSession, SqlParameter, SqlRow } from './engine-session.ts';
import type { SqlValue } from './engine-values.ts';
import type { LakeDeps } from './lake-deps.ts';
import type { NumberTable, ServedTable } from './number-table.ts';
import type { TableDefinition } from './schema.ts';
import { silverIntervals } from './silver-intervals.ts';
import { Table } from './table.ts';
import { BRONZE_TABLES, silverBars } from './tables.ts';

/** All tables over one object store, and the engine that answers SQL over their files. */
export class Lake {
  readonly #deps: LakeDeps;
  readonly #tables = new Map<string, Table>();

  constructor(deps: LakeDeps) {
    this.#deps = deps;
  }

  /** Returns the table of this definition: the same object on every call, so that its log is read once. */
  table(definition: TableDefinition): Table {
    const known = this.#tables.get(definition.name);
    if (known !== undefined) {
      assert(sameShape(known.def, definition), `two definitions of table ${definition.name}`);
      return known;
    }
    const table = new Table(this.#deps, definition);
    this.#tables.set(definition.name, table);
    return table;
  }

  /** Returns the tables that may exist: bronze, then silver by interval, including intervals that are no longer configured. */
  async knownTables(): Promise<Table[]> {
    const definitions = [...BRONZE_TABLES, ...(await this.silverIntervals()).map(silverBars)];
    return definitions.map((definition) => this.table(definition));
  }

  /** Returns the tables that exist, in the same order. */
  async existingTables(): Promise<Table[]> {
    const existing: Table[] = [];
    for (const table of await this.knownTables()) if ((await table.head()) !== undefined) existing.push(table);
    return existing;
  }

  /** Returns the intervals that have a silver table, in ascending order. */
  silverIntervals(): Promise<number[]> {
    return silverIntervals(this.#deps.store);
  }

  /** Runs one statement and returns its rows. */
  rows<T = SqlRow>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    return this.#deps.engine.rows<T>(sql, parameters);
  }

  /** Runs one statement and returns its rows, named in the program's way: `ex_date` is `exDate`, `seen_at` is `seenAtMs`. */
  records<T>(sql: string, parameters?: readonly SqlParameter[]): Promise<T[]> {
    return this.#deps.engine.records<T>(sql, parameters);
  }

  /** Runs one statement and returns its result as columns, which is faster than rows for large results. */
  columns(sql: string, parameters?: readonly SqlParameter[]): Promise<Record<string, SqlValue[]>> {
    return this.#deps.engine.columns(sql, parameters);
  }

  /** Runs one statement that returns nothing. */
  run(sql: string, parameters?: readonly SqlParameter[]): Promise<void> {
    return this.#deps.engine.run(sql, parameters);
  }

  /** Opens a connection of its own, for temporary tables and streams. The caller closes it. */
  session(): Promise<EngineSession> {
    return this.#deps.engine.session();
  }

  /** Lets statements read a table that the program holds, until it is disposed of. */
  serve(table: NumberTable): Promise<ServedTable> {
    return this.#deps.engine.serve(table);
  }

  /** Reserves the path of a scratch Parquet file, which is deleted when it is disposed of. */
  async scratchFile(): Promise<ScratchFile> {
    const { store } = this.#deps;
    const path = await store.scratchPath('.parquet');
    return { path, [Symbol.asyncDispose]: () => store.discardScratch(path) };
  }
}

/** A file of one piece of work. No table names it. */
export interface ScratchFile {
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `silverBars(3)` makes a new object on each call, which means the same table. */
function sameShape(a: TableDefinition, b: TableDefinition): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
