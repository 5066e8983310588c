import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { importFiles } from '#batch/import/import-files.ts';
import { DAILY_BARS, DIVIDENDS, QUARANTINE, SESSIONS, SPLITS } from '#lake/tables.ts';
import { FaultStore, Killed } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';

const TABLES = [DAILY_BARS, SESSIONS, SPLITS, DIVIDENDS, QUARANTINE];
const HEADER = 'symbol,date,open,high,low,close,volume';
const REQUEST = { quarantineBound: 0.05, adjusted: 'none' } as const;

/** A year of two symbols, one bad row, a split and a dividend: every table that an import writes. */
async function files(lake: ImportLake): Promise<string[]> {
  const sessions = lake.deps.calendar.range(isoDate('2023-01-03'), isoDate('2023-03-31'));
  const rows = sessions.flatMap((session) => [`A,${session},10,12,9,11,100`, `B,${session},10,12,9,11,100`]);
  return [
    await lake.file('bars.csv', [HEADER, ...rows, 'C,2023-01-07,10,12,9,11,100'].join('\n')),
    await lake.file('splits.csv', 'symbol,ex_date,ratio\nA,2023-02-01,2\n'),
    await lake.file('dividends.csv', 'symbol,ex_date,amount\nA,2023-02-01,0.5\n'),
  ];
}

/** All rows of all tables, without what tells one run from another. */
async function contents(lake: ImportLake): Promise<unknown> {
  const tables = [];
  for (const definition of TABLES) tables.push(await lake.rows(definition));
  return tables.map((rows) => rows.map(({ table_version: _, ...row }) => row));
}

describe('an import that is killed', () => {
  it('is completed by the same import again, wherever the kill fell', async () => {
    await using whole = await openImportLake();
    const paths = await files(whole);
    const counting = new FaultStore(whole.test.deps.store, { random: seededRandom(1) });
    await importFiles(withStore(whole, counting), { files: paths, ...REQUEST });
    const expected = await contents(whole);
    assert.ok(counting.killPoints > 10, `${counting.killPoints} points`);

    for (let point = 1; point <= counting.killPoints; point += 1) {
      await using lake = await openImportLake(whole.clock.nowMs(), { engine: whole.test.deps.engine });
      const again = await files(lake);
      const store = new FaultStore(lake.test.deps.store, { random: seededRandom(point) });
      store.killAt(point);
      const request = { files: again, ...REQUEST };
      await assert.rejects(importFiles(withStore(lake, store), request), Killed, `kill point ${point}`);
      await lake.import(again, REQUEST);
      assert.deepEqual(await contents(lake), expected, `kill point ${point}`);
      const third = await lake.import(again, REQUEST);
      assert.equal(third.changed, false, `kill point ${point}`);
    }
  });
});

describe('an import that fails', () => {
  it('after it has stored some of its tables says how to undo them', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('older.csv', 'symbol,ex_date,ratio\nB,2023-02-01,2\n'));
    const [splits, dividends] = [
      await lake.file('splits.csv', 'symbol,ex_date,ratio\nA,2023-02-01,2\n'),
      await lake.file('dividends.csv', 'symbol,ex_date,amount\nA,2023-02-01,0.5\n'),
    ];
    const store = new Proxy(lake.test.deps.store, {
      get: (inner, name) => {
        if (name !== 'putIfAbsent') return Reflect.get(inner, name)?.bind?.(inner) ?? Reflect.get(inner, name);
        return (key: string, ...rest: [Uint8Array]) => {
          if (key.startsWith(DIVIDENDS.name))
            throw new CondvestError({ code: 'no-space', kind: 'permanent', message: 'The disk is full' });
          return inner.putIfAbsent(key, ...rest);
        };
      },
    });
    const deps = { ...lake.deps, lake: lake.test.again({ store }) };
    await assert.rejects(importFiles(deps, { files: [dividends, splits], quarantineBound: 0 }), {
      code: 'no-space',
      message: /stored bronze\/splits: The disk is full\..*undo with: condvest restore splits --version 0\.$/,
    });
    assert.equal((await lake.rows(SPLITS)).length, 2);
    await assert.rejects(importFiles(deps, { files: [dividends], quarantineBound: 0 }), {
      message: 'The disk is full.',
    });
  });
});

function withStore(lake: ImportLake, store: FaultStore) {
  return { ...lake.deps, lake: lake.test.again({ store }) };
}
