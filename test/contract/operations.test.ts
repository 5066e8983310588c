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
import type { Operations } from '#ports/operations.ts';
import { operationsContract } from './operations.ts';

const random = systemRandom;
const POSTGRES = process.env['CONDVEST_TEST_POSTGRES_URL'];

operationsContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-operations-'));
  const path = join(folder, 'operations.sqlite');
  const [first, second] = [
    await openSqliteOperations({ path, random, nowMs: 1 }),
    await openSqliteOperations({ path, random, nowMs: 1 }),
  ];
  return {
    first,
    second,
    close: async () => {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});

if (POSTGRES === undefined) {
  test('operations over PostgreSQL', { skip: 'CONDVEST_TEST_POSTGRES_URL names no server' }, () => undefined);
} else {
  operationsContract('PostgreSQL', async () => {
    const name = `condvest_${random.uuid().replaceAll('-', '')}`;
    const { default: pg } = await import('pg');
    const admin = new pg.Client({ connectionString: POSTGRES });
    await admin.connect();
    await admin.query(`create database ${name}`);
    const url = new URL(POSTGRES);
    url.pathname = `/${name}`;
    const close = async (...opened: Operations[]): Promise<void> => {
      for (const one of opened) await one[Symbol.asyncDispose]();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    };
    // Eight at once: making a table where there is none is a race in PostgreSQL, and must be none in ours.
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, () => openPostgresOperations({ url: url.href, random, nowMs: 1 })),
    );
    const opened = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const [first, second] = opened;
    const failed = all.find((one) => one.status === 'rejected');
    if (failed !== undefined || first === undefined || second === undefined) {
      // What stays open would keep this process alive for ever.
      await close(...opened);
      throw failed?.reason;
    }
    return { first, second, close: () => close(...opened) };
  });
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
