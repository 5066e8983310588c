import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { importFiles } from '#batch/import/import-files.ts';
import { removeDamage } from '#batch/repair-damaged.ts';
import { resample } from '#batch/resample/resample.ts';
import { type Finding, verifyLake } from '#batch/verify/verify.ts';
import { DAILY_BARS, SPLITS } from '#lake/tables.ts';
import { type ImportLake, openBuiltLake, openImportLake } from '#test/fixtures/import-lake.ts';

const INTERVALS = [3];
const HEADER = 'symbol,date,open,high,low,close,volume\n';
const EARLY = `${HEADER}AAA,2024-01-02,10,12,9,11,100\nAAA,2024-01-03,10,12,9,11,100\n`;
const LATE = `${HEADER}AAA,2024-01-04,10,12,9,11,100\nBBB,2024-01-04,20,22,19,21,100\n`;
const SPLIT = 'symbol,ex_date,split_from,split_to\nAAA,2024-01-03,1,2\n';

/** A lake of one evening. */
function openLake(): Promise<ImportLake> {
  return openBuiltLake('one-evening', async (built) => {
    await built.import([await built.file('early.csv', EARLY), await built.file('splits.csv', SPLIT)], {
      adjusted: 'none',
    });
    await resample(built.deps, { intervals: INTERVALS });
  });
}

/** The same lake as a new process sees it. */
function again(lake: ImportLake): ImportLake['deps'] {
  return { ...lake.deps, lake: lake.test.again() };
}

async function addLate(lake: ImportLake): Promise<void> {
  const deps = again(lake);
  await importFiles(deps, { files: [await lake.file('late.csv', LATE)], quarantineBound: 0 });
  await resample(deps, { intervals: INTERVALS });
}

async function findingsOf(lake: ImportLake): Promise<readonly Finding[]> {
  return (await verifyLake({ ...again(lake), intervals: INTERVALS }, { deep: true })).findings;
}

async function rowsOf(lake: ImportLake): Promise<unknown> {
  const { lake: fresh } = again(lake);
  const rows = await fresh.table(DAILY_BARS).rowsSql(await fresh.table(DAILY_BARS).head());
  return fresh.rows(`SELECT symbol, session, close FROM (${rows}) ORDER BY ALL`);
}

/** Puts back what a backup of the evening before has of a table: its log, or its whole folder. */
function putBack(lake: ImportLake, backup: ImportLake, table: string, part = ''): void {
  rmSync(join(lake.test.root, table, part), { recursive: true });
  cpSync(join(backup.test.root, table, part), join(lake.test.root, table, part), { recursive: true });
}

describe('a backup that was restored by halves', () => {
  it('of all logs, with newer data files, is the lake of that day', async () => {
    await using backup = await openLake();
    await using lake = await openLake();
    await addLate(lake);
    const expected = await rowsOf(lake);
    for (const tier of ['bronze', 'silver']) {
      for (const name of await readdir(join(backup.test.root, tier)))
        putBack(lake, backup, `${tier}/${name}`, '_delta_log');
    }
    assert.deepEqual([await findingsOf(lake), await rowsOf(lake)], [[], await rowsOf(backup)]);
    await addLate(lake);
    assert.deepEqual([await findingsOf(lake), await rowsOf(lake)], [[], expected]);
  });

  it('of one table, older than what was derived from it, is named, and heals by the rows and a resample', async () => {
    await using backup = await openLake();
    await using lake = await openLake();
    await addLate(lake);
    const expected = await rowsOf(lake);
    putBack(lake, backup, DAILY_BARS.name);
    const text = (await findingsOf(lake)).map(({ message }) => message).join('\n');
    assert.match(text, /derived from versions of its inputs that do not exist yet/);
    assert.match(text, /The ledger refers to version 1 of the bars, which does not exist yet/);
    await addLate(lake);
    assert.deepEqual([await findingsOf(lake), await rowsOf(lake)], [[], expected]);
  });

  it('of logs that are newer than the data files names the files, and heals by a repair and the rows', async () => {
    await using backup = await openLake();
    await using lake = await openLake();
    await addLate(lake);
    const expected = await rowsOf(lake);
    putBack(lake, backup, DAILY_BARS.name, 'year=2024');
    const found = (await findingsOf(lake)).filter(({ check }) => check === 'file-missing');
    assert.match(found[0]?.message ?? '', /Run "condvest repair --damaged"$/);
    const { tables } = await removeDamage(again(lake));
    assert.deepEqual(
      tables.map(({ table }) => table),
      [DAILY_BARS.name],
    );
    await addLate(lake);
    assert.deepEqual([await findingsOf(lake), await rowsOf(lake)], [[], expected]);
  });

  it('of a table of another lake is named, and heals by its own folder or by a resample', async () => {
    await using lake = await openLake();
    await using own = await openLake();
    await using other = await openImportLake();
    await other.import(await other.file('splits.csv', SPLIT.replace(',1,2', ',1,3')));
    putBack(lake, other, SPLITS.name);
    const found = (await findingsOf(lake)).map(({ message }) => message);
    assert.match(
      found.join('\n'),
      /must be rebuilt, because an input table was replaced by another one\. Run "condvest resample"/,
    );
    putBack(lake, own, SPLITS.name);
    assert.deepEqual(await findingsOf(lake), []);
    putBack(lake, other, SPLITS.name);
    const { intervals } = await resample(again(lake), { intervals: INTERVALS });
    assert.deepEqual([intervals[0]?.mode, await findingsOf(lake)], ['full', []]);
  });
});
