import { DatabaseSync } from 'node:sqlite';
import type { Random } from '#ports/random.ts';
import { Database } from './database.ts';
import { thrownFor } from './failure.ts';
import { SqlKeys } from './keys.ts';
import { migrate } from './migrate.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { SqlOperations } from './operations.ts';

/** How long SQLite itself waits for another one's transaction. It blocks the process, so the longer wait is `Database`'s. */
const BUSY_TIMEOUT_MS = 20;
/** Changing to write-ahead logging needs the file alone for a moment. */
const OPEN_TIMEOUT_MS = 5000;

interface SqliteOptions {
  readonly path: string;
  readonly random: Random;
  readonly nowMs: number;
}

/** The operational store in a file, which is made where there is none. Its folder exists. */
export async function openSqliteOperations(options: SqliteOptions): Promise<SqlOperations> {
  return new SqlOperations(await openSqlite(options), options.random);
}

/** The keys of callers, in the same file. */
export async function openSqliteKeys(options: SqliteOptions): Promise<SqlKeys> {
  return new SqlKeys(await openSqlite(options));
}

async function openSqlite(options: SqliteOptions): Promise<Database> {
  const { path, random, nowMs } = options;
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { timeout: OPEN_TIMEOUT_MS, enableForeignKeyConstraints: false });
    await useWal(connection);
    connection.exec(`pragma synchronous = full; pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const database = new Database({ dialect: new NodeSqliteDialect(connection), random, place: path });
    await migrate(database, { random, nowMs });
    return database;
  } catch (cause) {
    if (connection?.isOpen === true) connection.close();
    throw thrownFor(cause, path);
  }
}

const WAL_TRIES = 50;
const WAL_PAUSE_MS = 100;

/** Two processes that make one new file meet here, and SQLite does not wait for a change of the journal: so we try again. */
async function useWal(connection: DatabaseSync): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      connection.exec('pragma journal_mode = wal');
      return;
    } catch (cause) {
      if (tries === WAL_TRIES || !(cause instanceof Error && /locked|busy/.test(cause.message))) throw cause;
      await new Promise((resolve) => setTimeout(resolve, WAL_PAUSE_MS));
    }
  }
}
