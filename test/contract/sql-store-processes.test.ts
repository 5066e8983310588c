import { test } from 'node:test';
import { storeProcessContract } from './sql-store-processes.ts';
import { POSTGRES, postgresPlace, sqlitePlace } from './sql-stores.ts';

storeProcessContract('SQLite', sqlitePlace);
if (POSTGRES === undefined) {
  test(
    'the operational store of several processes over PostgreSQL',
    { skip: 'CONDVEST_TEST_POSTGRES_URL names no server' },
    () => undefined,
  );
} else storeProcessContract('PostgreSQL', postgresPlace);
