import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import type { Random } from '#ports/random.ts';
import { Database } from './database.ts';
import { databaseError } from './failure.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { SqlOperations } from './operations.ts';
import type { OperationsSchema } from './schema.ts';

/** How long SQLite itself waits for another one's transaction. It blocks the process, so the longer wait is `Database`'s. */
const BUSY_TIMEOUT_MS = 20;
/** Changing to write-ahead logging needs the file alone for a moment. */
const OPEN_TIMEOUT_MS = 5000;

/** The operational store in a file, which is made where there is none. Its folder exists. */
export async function openSqliteOperations(options: {
  readonly path: string;
  readonly random: Random;
  readonly nowMs?: number;
}): Promise<SqlOperations> {
  const { path, random, nowMs = 0 } = options;
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { timeout: OPEN_TIMEOUT_MS, enableForeignKeyConstraints: false });
    connection.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const database = new Database(new Kysely<OperationsSchema>({ dialect: new NodeSqliteDialect(connection) }), path);
    await database.migrate(nowMs);
    return new SqlOperations(database, random);
  } catch (cause) {
    if (connection?.isOpen === true) connection.close();
    throw databaseError(cause, path);
  }
}
