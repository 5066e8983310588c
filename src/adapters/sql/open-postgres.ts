import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type { Client, Pool, PoolClient } from 'pg';
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
/** Longer than the server itself takes to give a statement up. */
const ANSWER_TIMEOUT_MS = 45_000;
/** PostgreSQL's type of `bigint`, which the driver gives as text. */
const INT8 = 20;

interface PostgresOptions {
  readonly url: string;
  readonly random: Random;
  readonly nowMs: number;
  readonly answerTimeoutMs?: number;
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
  const { url, random, nowMs, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
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
  pool.on('connect', (client) => client.on('error', () => undefined));
  const dialect = new PostgresDialect({ pool: impatient(pool, answerTimeoutMs) });
  const database = new Database({ dialect, random, place });
  try {
    await migrate(database, { random, nowMs });
  } catch (cause) {
    await database.close();
    throw thrownFor(cause, place);
  }
  return database;
}

/**
 * A connection on which no answer comes is closed: a server that lost its power says nothing, not even that it is gone, and whoever waited
 * for it would wait for ever.
 */
function impatient(pool: Pool, answerTimeoutMs: number): PostgresPool {
  const connect = async (): Promise<PostgresPoolClient> => {
    const client = (await pool.connect()) as unknown as Client & PoolClient;
    const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
      const timer = setTimeout(() => void client.end(), answerTimeoutMs);
      try {
        return await client.query(text, [...values]);
      } finally {
        clearTimeout(timer);
      }
    };
    return { query, release: (isBroken?: boolean) => client.release(isBroken) } as unknown as PostgresPoolClient;
  };
  return { connect, end: () => pool.end(), options: pool.options };
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
