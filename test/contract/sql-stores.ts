import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '#adapters/system/random.ts';
import { defined } from '#base/assert.ts';

/**
 * Stores over separate databases, each opened by several at once, for the contract suites of everything stored in SQL.
 */

export const POSTGRES = process.env['CONDVEST_TEST_POSTGRES_URL'];

export interface OpenedStores<Store> {
  readonly first: Store;
  readonly second: Store;
  readonly close: () => Promise<void>;
}

interface Place {
  readonly random: typeof systemRandom;
  readonly nowMs: number;
}

const PLACE: Place = { random: systemRandom, nowMs: 1 };

/** Two processes' stores over one file, as far as one process can stand for two. */
export async function sqliteStores<Store extends AsyncDisposable>(
  open: (options: Place & { readonly path: string }) => Promise<Store>,
): Promise<OpenedStores<Store>> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-stores-'));
  const path = join(folder, 'operations.sqlite');
  return openAll(
    () => open({ ...PLACE, path }),
    () => rm(folder, { recursive: true }),
    2,
  );
}

/** Eight at once: concurrent table creation is a race in PostgreSQL, and must not be one in our stores. */
export async function postgresStores<Store extends AsyncDisposable>(
  open: (options: Place & { readonly url: string }) => Promise<Store>,
): Promise<OpenedStores<Store>> {
  const server = defined(POSTGRES, 'CONDVEST_TEST_POSTGRES_URL names a server');
  const name = `condvest_${systemRandom.uuid().replaceAll('-', '')}`;
  const { default: pg } = await import('pg');
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const drop = async (): Promise<void> => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  };
  return openAll(() => open({ ...PLACE, url: url.href }), drop, 8);
}

async function openAll<Store extends AsyncDisposable>(
  open: () => Promise<Store>,
  remove: () => Promise<void>,
  count: number,
): Promise<OpenedStores<Store>> {
  const all = await Promise.allSettled(Array.from({ length: count }, open));
  const opened = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = async (): Promise<void> => {
    for (const one of opened) await one[Symbol.asyncDispose]();
    await remove();
  };
  const [first, second] = opened;
  const failed = all.find((one) => one.status === 'rejected');
  if (failed === undefined && first !== undefined && second !== undefined) return { first, second, close };
  // Anything left open would keep this process alive forever.
  await close();
  throw failed?.reason;
}
