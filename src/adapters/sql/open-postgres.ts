import type { Socket } from 'node:net';
import { PostgresDialect } from 'kysely';
import { UsageError } from '#base/errors.ts';
import type { Random } from '#ports/random.ts';
import { Database } from './database.ts';
import { thrownFor } from './failure.ts';
import { SqlKeys } from './keys.ts';
import { migrate } from './migrate.ts';
import { SqlOperations } from './operations.ts';

const CONNECTIONS_MAX = 4;
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** A connection on which nothing comes for longer than any statement may take leads nowhere: the machine behind it has vanished. */
const SILENT_MS = 40_000;
/** PostgreSQL's type of `bigint`, which the driver gives as text. */
const INT8 = 20;

interface PostgresOptions {
  readonly url: string;
  readonly random: Random;
  readonly nowMs: number;
  /** Forty seconds unless given. */
  readonly silentMs?: number;
}

/** The operational store in PostgreSQL. The database exists; its tables are made where there are none. */
export async function openPostgresOperations(options: PostgresOptions): Promise<SqlOperations> {
  return new SqlOperations(await openPostgres(options), options.random);
}

/** The keys of callers, in the same database. */
export async function openPostgresKeys(options: PostgresOptions): Promise<SqlKeys> {
  return new SqlKeys(await openPostgres(options));
}

async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { url, random, nowMs, silentMs = SILENT_MS } = options;
  const place = placeOf(url);
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    types: {
      // Counts and instants are far below 2^53.
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
    } as never,
  });
  // A connection that breaks while nobody uses it is made anew with the next use; one that breaks in use fails what it is used
  // for, and would end the process besides if nobody listened.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    // The server's own bound on statements is of no use where the server cannot be heard: TCP would wait for a quarter of an hour.
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

/** Host, port and database: what a person needs to know, and no password. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) {
    throw new UsageError({
      code: 'operations-address-malformed',
      // The value may hold a password, so it is not shown.
      message: 'The address of the PostgreSQL database is no URL',
      allowed: 'postgres://user:password@host:port/database',
      action: 'Set DATABASE_URL to such an address',
    });
  }
  const { hostname, port, pathname } = new URL(url);
  return `PostgreSQL at ${hostname}:${port || '5432'}${pathname}`;
}
