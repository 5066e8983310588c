import { DatabaseSync } from 'node:sqlite';
import type { Random } from '#ports/random.ts';
import { Database } from './database.ts';
import { thrownFor } from './failure.ts';
import { migrate } from './migrate.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';

/** Time that SQLite itself waits for a lock. That blocks the process, so `Database` does the longer waiting. */
const BUSY_TIMEOUT_MS = 20;
/** Switching to write-ahead logging needs exclusive access for a moment. */
const OPEN_TIMEOUT_MS = 5000;

interface SqliteOptions {
  readonly path: string;
  readonly random: Random;
  readonly nowMs: number;
}

/** Opens the database file, creates it if needed, and brings its schema up to date. Its folder must exist. */
export async function openSqlite(options: SqliteOptions): Promise<Database> {
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

/**
 * Retries, because processes that create one file at once collide here and SQLite does not wait for a journal change.
 */
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
