import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '#adapters/system/random.ts';
import { operationsProcessContract } from './operations-processes.ts';

const POSTGRES = process.env['CONDVEST_TEST_POSTGRES_URL'];

operationsProcessContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-operations-'));
  return {
    address: { path: join(folder, 'operations.sqlite') },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, maxRetries: 5 }),
  };
});

if (POSTGRES === undefined) {
  test(
    'operations of several processes over PostgreSQL',
    {
      skip: 'CONDVEST_TEST_POSTGRES_URL names no server',
    },
    () => undefined,
  );
} else {
  operationsProcessContract('PostgreSQL', async () => {
    const { default: pg } = await import('pg');
    const name = `condvest_${systemRandom.uuid().replaceAll('-', '')}`;
    const admin = new pg.Client({ connectionString: POSTGRES });
    await admin.connect();
    await admin.query(`create database ${name}`);
    const url = new URL(POSTGRES);
    url.pathname = `/${name}`;
    return {
      address: { url: url.href },
      [Symbol.asyncDispose]: async () => {
        // A killed process leaves its connection behind until the server notices.
        await admin.query(`drop database ${name} with (force)`);
        await admin.end();
      },
    };
  });
}
