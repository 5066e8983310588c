import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { CondvestError } from '#base/errors.ts';
import { keysContract } from './keys.ts';
import { leasesContract } from './leases.ts';
import { listingsIndexContract } from './listings-index.ts';
import { noticesContract } from './notices.ts';
import { runsContract } from './runs.ts';
import {
  type DatabaseAddress,
  type OpenTwice,
  openSqlStore,
  openTwiceInPostgres,
  openTwiceInSqlite,
  POSTGRES,
  sqlitePlace,
} from './sql-stores.ts';

function storeContracts(name: string, open: OpenTwice): void {
  runsContract(name, open);
  leasesContract(name, open);
  noticesContract(name, open);
  listingsIndexContract(name, open);
  keysContract(name, open);
}

storeContracts('SQLite', openTwiceInSqlite);
if (POSTGRES === undefined) {
  test(
    'the operational store over PostgreSQL',
    { skip: 'CONDVEST_TEST_POSTGRES_URL names no server' },
    () => undefined,
  );
} else storeContracts('PostgreSQL', openTwiceInPostgres);

async function failureOf(address: DatabaseAddress): Promise<CondvestError> {
  await using store = openSqlStore(address);
  try {
    await store.runs.latest(1);
  } catch (cause) {
    assert.ok(cause instanceof CondvestError, String(cause));
    return cause;
  }
  return assert.fail('the store opened');
}

test('a file that is not a database is reported with its name and the remedy', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-operations-'));
  const path = join(folder, 'operations.sqlite');
  await writeFile(path, 'this is no database, but it is long enough to be looked at as one. '.repeat(50));
  const error = await failureOf({ path });
  assert.equal(error.code, 'operations-corrupt');
  assert.match(error.message, /no market data/);
  await rm(folder, { recursive: true });
});

test('a store of a newer release is rejected and left as it is', async () => {
  await using place = await sqlitePlace();
  assert.ok('path' in place.address);
  {
    await using store = openSqlStore(place.address);
    await store.runs.latest(1);
  }
  const database = new DatabaseSync(place.address.path);
  database.exec('insert into condvest_migrations values (99, 0)');
  database.close();
  assert.equal((await failureOf(place.address)).code, 'operations-too-new');
});

test('an unreachable server is a transient failure that shows no password', async () => {
  const error = await failureOf({ url: 'postgres://u:hidden-word@127.0.0.1:1/db' });
  assert.equal(error.code, 'operations-unavailable');
  assert.equal(error.kind, 'transient');
  assert.ok(!error.message.includes('hidden-word'));
});

test('an address that is not a URL is rejected without being shown', async () => {
  const error = await failureOf({ url: 'postgres://u:hidden-word@host:port/db' });
  assert.equal(error.code, 'operations-address-malformed');
  assert.ok(!error.message.includes('hidden-word'));
});

test('a store that could not be opened is opened by the next call', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-operations-'));
  const path = join(folder, 'operations.sqlite');
  await writeFile(path, 'no database. '.repeat(500));
  {
    await using store = openSqlStore({ path });
    await assert.rejects(store.runs.latest(1), { code: 'operations-corrupt' });
    await rm(path);
    assert.deepEqual(await store.runs.latest(1), []);
  }
  await rm(folder, { recursive: true });
});
