import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '#adapters/sql/database.ts';
import { openPostgres } from '#adapters/sql/open-postgres.ts';
import { openSqlite } from '#adapters/sql/open-sqlite.ts';
import { type SqlStore, sqlStore } from '#adapters/sql/store.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { defined } from '#base/assert.ts';
import type { Random } from '#ports/random.ts';

/** Operational stores over databases of their own, each opened by several stores at once. */

export const POSTGRES = process.env['CONDVEST_TEST_POSTGRES_URL'];

/** Address of a database, such that another process can open it. */
export type DatabaseAddress = { readonly path: string } | { readonly url: string };

/** Opens two stores over one new database, as far as one process can stand for two. */
export type OpenTwice = () => Promise<{
  readonly first: SqlStore;
  readonly second: SqlStore;
  readonly close: () => Promise<void>;
}>;

export function openSqlStore(address: DatabaseAddress, random: Random = systemRandom): SqlStore {
  return sqlStore(() => openDatabase(address, random), random);
}

export function openDatabase(address: DatabaseAddress, random: Random = systemRandom): Promise<Database> {
  return 'path' in address
    ? openSqlite({ ...address, random, nowMs: 1 })
    : openPostgres({ ...address, random, nowMs: 1 });
}

/** A new database, removed on dispose. */
export interface StorePlace extends AsyncDisposable {
  readonly address: DatabaseAddress;
}

export async function sqlitePlace(): Promise<StorePlace> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-stores-'));
  return {
    address: { path: join(folder, 'operations.sqlite') },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, maxRetries: 5 }),
  };
}

export async function postgresPlace(): Promise<StorePlace> {
  const server = defined(POSTGRES, 'CONDVEST_TEST_POSTGRES_URL names a server');
  const name = `condvest_${systemRandom.uuid().replaceAll('-', '')}`;
  const { default: pg } = await import('pg');
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    address: { url: url.href },
    [Symbol.asyncDispose]: async () => {
      // A killed process leaves its connection open until the server notices.
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

export const openTwiceInSqlite: OpenTwice = async () => openAll(await sqlitePlace(), 2);

/** Opens eight: creating a missing table is a race in PostgreSQL, which must not show. */
export const openTwiceInPostgres: OpenTwice = async () => openAll(await postgresPlace(), 8);

async function openAll(place: StorePlace, count: number): ReturnType<OpenTwice> {
  const stores = Array.from({ length: count }, () => openSqlStore(place.address));
  const close = async (): Promise<void> => {
    for (const store of stores) await store[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  };
  try {
    await Promise.all(stores.map(({ runs }) => runs.latest(1)));
  } catch (cause) {
    await close();
    throw cause;
  }
  const [first, second] = stores;
  return { first: defined(first, 'a store'), second: defined(second, 'a second store'), close };
}
