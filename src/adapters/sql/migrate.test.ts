import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Database } from './database.ts';
import { SqlLeases } from './leases.ts';
import { migrate } from './migrate.ts';
import { LEASES_TABLE } from './migrations.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';

const random = { next: () => 0.5, uuid: () => randomUUID() };
const LEASE = 'schema';

/** An empty database, on which somebody else is at work for so long. */
async function lockedDatabase(ttlMs: number) {
  const connection = new DatabaseSync(':memory:');
  const database = new Database({ dialect: new NodeSqliteDialect(connection), random, place: 'a place' });
  await database.define(LEASES_TABLE);
  await new SqlLeases(database).acquire({ name: LEASE, holder: 'another', nowMs: Date.now(), ttlMs });
  const tables = () =>
    connection
      .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite%' order by name")
      .all()
      .map(({ name }) => name);
  return { database, tables };
}

test('nobody changes the schema beside another one, and goes on once that one is done', async () => {
  const { database, tables } = await lockedDatabase(60_000);
  const done = migrate(database, { random, nowMs: 1 });
  await setTimeout(300);
  assert.deepEqual(tables(), ['condvest_migrations', 'leases']);
  await new SqlLeases(database).release(LEASE, 'another');
  await done;
  assert.ok(tables().includes('runs'));
  // The lock is free again.
  const outcome = await new SqlLeases(database).acquire({ name: LEASE, holder: 'third', nowMs: Date.now(), ttlMs: 1 });
  assert.ok(outcome.taken);
  await database.close();
});

test('who died in the middle of a change holds up the others only until the lock runs out', async () => {
  const { database, tables } = await lockedDatabase(200);
  await migrate(database, { random, nowMs: 1 });
  assert.ok(tables().includes('runs'));
  await database.close();
});
