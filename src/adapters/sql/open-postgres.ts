import type { Socket } from 'node:net';
import { PostgresDialect } from 'kysely';
import { UsageError } from '#base/errors.ts';
import type { Random } from '#ports/random.ts';
import { Database } from './database.ts';
import { thrownFor } from './failure.ts';
import { migrate } from './migrate.ts';

const CONNECTIONS_MAX = 4;
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** A connection silent for longer than any statement may take is dead: the machine behind it has vanished. */
const SILENT_MS = 40_000;
/** Type id of `bigint`, which the driver returns as text. */
const INT8 = 20;

interface PostgresOptions {
  readonly url: string;
  readonly random: Random;
  readonly nowMs: number;
  /** Default: 40 seconds. */
  readonly silentMs?: number;
}

/** Opens a PostgreSQL database and brings its schema up to date. The database itself must exist. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { url, random, nowMs, silentMs = SILENT_MS } = options;
  const place = placeOf(url);
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    types: {
      // Counts and instants fit into 2^53.
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
    } as never,
  });
  // The pool replaces a connection that breaks while idle. One that breaks in use fails its statement; without a
  // listener its error event would also end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    // The server's statement timeout does not help if the server is unreachable: TCP would wait a quarter of an hour.
    const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    stream.setTimeout(silentMs, () => stream.destroy());
  });
  const database = new Database({ dialect: new PostgresDialect({ pool }), random, place });
  try {
    await migrate(database, { random, nowMs });
  } catch (cause) {
    await database.close();
    throw thrownFor(cause, place);
  }
  return database;
}

/** Returns host, port and database, without the password. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) {
    throw new UsageError({
      code: 'operations-address-malformed',
      // The value may contain a password, so it is not shown.
      message: 'The PostgreSQL address is not a valid URL',
      allowed: 'postgres://user:password@host:port/database',
      action: 'Correct DATABASE_URL',
    });
  }
  const { hostname, port, pathname } = new URL(url);
  return `PostgreSQL at ${hostname}:${port || '5432'}${pathname}`;
}
