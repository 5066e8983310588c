import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { copySqlite } from './copy-sqlite.ts';

describe('a copy of the operational store', () => {
  let folder: string;
  let source: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-copy-'));
    source = join(folder, 'source.sqlite');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  function rowsOf(path: string): number {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return Number(database.prepare('select count(*) as n from t').get()?.['n']);
    } finally {
      database.close();
    }
  }

  test('has what another process has committed to its write-ahead log and not yet checkpointed', async () => {
    const writer = new DatabaseSync(source);
    try {
      writer.exec('pragma journal_mode = wal; create table t(a); insert into t values (1), (2)');
      await copySqlite(source, join(folder, 'live.sqlite'));
      assert.equal(rowsOf(join(folder, 'live.sqlite')), 2);
      // The state that a killed process leaves.
      for (const suffix of ['', '-wal']) await cp(source + suffix, join(folder, `killed.sqlite${suffix}`));
      await copySqlite(join(folder, 'killed.sqlite'), join(folder, 'after-kill.sqlite'));
      assert.equal(rowsOf(join(folder, 'after-kill.sqlite')), 2);
    } finally {
      writer.close();
    }
  });

  test('is not made where there is no store', async () => {
    await copySqlite(join(folder, 'nothing.sqlite'), join(folder, 'copy.sqlite'));
    assert.equal(existsSync(join(folder, 'copy.sqlite')), false);
  });

  test('is refused where the file is no database', async () => {
    await assert.rejects(copySqlite(import.meta.filename, join(folder, 'copy.sqlite')), { code: 'operations-corrupt' });
  });
});
