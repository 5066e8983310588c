import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPostgresKeys } from '#adapters/sql/open-postgres.ts';
import { openSqliteKeys } from '#adapters/sql/open-sqlite.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { keysContract } from './keys.ts';

const random = systemRandom;
const POSTGRES = process.env['CONDVEST_TEST_POSTGRES_URL'];

keysContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-keys-'));
  const path = join(folder, 'operations.sqlite');
  const first = await openSqliteKeys({ path, random, nowMs: 1 });
  const second = await openSqliteKeys({ path, random, nowMs: 1 });
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
  test('keys over PostgreSQL', { skip: 'CONDVEST_TEST_POSTGRES_URL names no server' }, () => undefined);
} else {
  keysContract('PostgreSQL', async () => {
    const name = `condvest_${random.uuid().replaceAll('-', '')}`;
    const { default: pg } = await import('pg');
    const admin = new pg.Client({ connectionString: POSTGRES });
    await admin.connect();
    await admin.query(`create database ${name}`);
    const url = new URL(POSTGRES);
    url.pathname = `/${name}`;
    const first = await openPostgresKeys({ url: url.href, random, nowMs: 1 });
    const second = await openPostgresKeys({ url: url.href, random, nowMs: 1 });
    return {
      first,
      second,
      close: async () => {
        await first[Symbol.asyncDispose]();
        await second[Symbol.asyncDispose]();
        await admin.query(`drop database ${name} with (force)`);
        await admin.end();
      },
    };
  });
}
