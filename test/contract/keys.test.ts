import { test } from 'node:test';
import { openPostgresKeys } from '#adapters/sql/open-postgres.ts';
import { openSqliteKeys } from '#adapters/sql/open-sqlite.ts';
import { keysContract } from './keys.ts';
import { POSTGRES, postgresStores, sqliteStores } from './sql-stores.ts';

keysContract('SQLite', () => sqliteStores(openSqliteKeys));

if (POSTGRES === undefined) {
  test('keys over PostgreSQL', { skip: 'CONDVEST_TEST_POSTGRES_URL names no server' }, () => undefined);
} else {
  keysContract('PostgreSQL', () => postgresStores(openPostgresKeys));
}
