import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openPostgresOperations } from '#adapters/sql/open-postgres.ts';
import { openSqliteOperations } from '#adapters/sql/open-sqlite.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { CondvestError } from '#base/errors.ts';
import { operationsContract } from './operations.ts';
import { POSTGRES, postgresStores, sqliteStores } from './sql-stores.ts';

const random = systemRandom;

operationsContract('SQLite', () => sqliteStores(openSqliteOperations));

if (POSTGRES === undefined) {
  test('operations over PostgreSQL', { skip: 'CONDVEST_TEST_POSTGRES_URL names no server' }, () => undefined);
} else {
  operationsContract('PostgreSQL', () => postgresStores(openPostgresOperations));
}

async function refusal(work: Promise<unknown>): Promise<CondvestError> {
  try {
    await work;
  } catch (cause) {
    assert.ok(cause instanceof CondvestError, String(cause));
    return cause;
  }
  return assert.fail('it was opened');
}

test('a file that is no database is named, with what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-operations-'));
  const path = join(folder, 'operations.sqlite');
  await writeFile(path, 'this is no database, but it is long enough to be looked at as one. '.repeat(50));
  const error = await refusal(openSqliteOperations({ path, random, nowMs: 1 }));
  assert.equal(error.code, 'operations-corrupt');
  assert.match(error.message, /no market data is in it/);
  await rm(folder, { recursive: true });
});

test('a store of a newer release is refused, and left as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-operations-'));
  const path = join(folder, 'operations.sqlite');
  await (await openSqliteOperations({ path, random, nowMs: 1 }))[Symbol.asyncDispose]();
  const database = new DatabaseSync(path);
  database.exec('insert into condvest_migrations values (99, 0)');
  database.close();
  assert.equal((await refusal(openSqliteOperations({ path, random, nowMs: 1 }))).code, 'operations-too-new');
  await rm(folder, { recursive: true });
});

test('a server that is not there is a transient failure that shows no password', async () => {
  const error = await refusal(
    openPostgresOperations({ url: 'postgres://u:hidden-word@127.0.0.1:1/db', random, nowMs: 1 }),
  );
  assert.equal(error.code, 'operations-unavailable');
  assert.equal(error.kind, 'transient');
  assert.ok(!error.message.includes('hidden-word'));
});

test('an address that is no URL is refused without showing it', async () => {
  const url = 'postgres://u:hidden-word@host:port/db';
  const error = await refusal(openPostgresOperations({ url, random, nowMs: 1 }));
  assert.equal(error.code, 'operations-address-malformed');
  assert.ok(!error.message.includes('hidden-word'));
});
