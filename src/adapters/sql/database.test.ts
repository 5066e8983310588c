import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { CondvestError } from '#base/errors.ts';
import { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';

const random = { next: () => 0, uuid: () => '00000000-0000-4000-8000-000000000000' };

async function database(): Promise<Database> {
  const dialect = new NodeSqliteDialect(new DatabaseSync(':memory:'));
  const made = new Database({ dialect, random, place: 'a place' });
  await migrate(made, { random, nowMs: 1_700_000_000_000 });
  return made;
}

function run(id: string) {
  const times = { started_ms: 1, ended_ms: null, tries: 1 };
  return { id, kind: 'daily', input: '{}', state: 'running', output: null, error: null, ...times };
}

test('a mistake of the program in a transaction passes as it is, at once, and nothing of it is kept', async () => {
  const made = await database();
  let calls = 0;
  const mistake = new TypeError('nobody expected this');
  const failed = made.write(async (db) => {
    calls += 1;
    await db.insertInto('runs').values(run('a')).execute();
    throw mistake;
  });
  await assert.rejects(failed, (cause) => cause === mistake);
  assert.equal(calls, 1);
  assert.deepEqual(await made.read((db) => db.selectFrom('runs').select('id').execute()), []);
  await made.close();
});

test('a row that the schema refuses is permanent, and not tried again', async () => {
  const made = await database();
  let calls = 0;
  const failed = made.write(async (db) => {
    calls += 1;
    await db
      .insertInto('runs')
      .values({ ...run('a'), kind: null as never })
      .execute();
  });
  await assert.rejects(failed, (cause) => {
    assert.ok(cause instanceof CondvestError);
    assert.deepEqual([cause.code, cause.kind], ['operations-refused', 'permanent']);
    assert.match(cause.message, /a place .*NOT NULL/);
    return true;
  });
  assert.equal(calls, 1);
  await made.close();
});

test('a key that stays taken is tried a few times, then refused', async () => {
  const made = await database();
  let calls = 0;
  const insert = () =>
    made.write(async (db) => {
      calls += 1;
      await db.insertInto('runs').values(run('a')).execute();
    });
  await insert();
  await assert.rejects(insert(), { code: 'operations-refused', kind: 'permanent' });
  assert.ok(calls > 2 && calls <= 11, `${calls} calls`);
  await made.close();
});

test('the schema remembers when it was brought up to date', async () => {
  const made = await database();
  await migrate(made, { random, nowMs: 1_800_000_000_000 });
  const rows = await made.read((db) => db.selectFrom('condvest_migrations').selectAll().execute());
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    MIGRATIONS.map((_, index) => ({ version: index + 1, applied_ms: 1_700_000_000_000 })),
  );
  await made.close();
});
