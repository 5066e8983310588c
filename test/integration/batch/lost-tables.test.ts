import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { importFiles } from '#batch/import/import-files.ts';
import { resample } from '#batch/resample/resample.ts';
import { restoreTable } from '#batch/restore.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { CREATING_NAME } from '#lake/log-files.ts';
import { DAILY_BARS, LISTINGS, SPLITS } from '#lake/tables.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { type ImportLake, openBuiltLake, openImportLake } from '#test/fixtures/import-lake.ts';

const BARS = [
  'symbol,date,open,high,low,close,volume',
  ...['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05'].flatMap((date) =>
    ['AAA', 'BBB'].map((symbol) => `${symbol},${date},10,12,9,11,100`),
  ),
].join('\n');
const SPLIT = 'symbol,ex_date,split_from,split_to\nAAA,2024-01-04,1,2\n';
const LISTING = 'symbol,first_session,security_id\nAAA,2020-01-02,AAA\n';
const INTERVALS = [3, 5];

/** A lake with bars, a split, a listing and silver. */
async function openLake(): Promise<ImportLake & { readonly files: readonly string[] }> {
  const lake = await openBuiltLake('bars-split-listing', async (built) => {
    await built.import(await writeFiles(built), { adjusted: 'none' });
    await resample(built.deps, { intervals: INTERVALS });
  });
  return { ...lake, files: await writeFiles(lake) };
}

function writeFiles(lake: ImportLake): Promise<string[]> {
  return Promise.all([lake.file('bars.csv', BARS), lake.file('splits.csv', SPLIT), lake.file('listings.csv', LISTING)]);
}

function pathOf(lake: ImportLake, ...parts: readonly string[]): string {
  return join(lake.test.root, ...parts);
}

/** The same lake as a new process sees it. */
function again(lake: ImportLake) {
  return { ...lake.deps, lake: lake.test.again() };
}

describe('a table whose log is gone', () => {
  for (const { name } of [DAILY_BARS, SPLITS, LISTINGS]) {
    it(`is not taken for an empty one: ${name}`, async () => {
      await using lake = await openLake();
      await rm(pathOf(lake, name, '_delta_log'), { recursive: true });
      const deps = again(lake);
      const lost = { code: 'lake-log-lost', kind: 'corrupt' };
      await assert.rejects(resample(deps, { intervals: INTERVALS }), lost);
      const more = await lake.file('more.csv', BARS.replaceAll('AAA', 'CCC'));
      await assert.rejects(importFiles(deps, { files: [more], quarantineBound: 0.01 }), lost);
      const report = await verifyLake({ ...deps, intervals: INTERVALS }, { deep: true });
      const found = report.findings.filter(({ check }) => check === 'log-unreadable');
      assert.deepEqual(
        found.map(({ table }) => table),
        [name],
      );
      assert.match(found[0]?.message ?? '', /log of table .* is gone, but files of the table are there/);
      // Without a backup, the folder is moved away, and its rows are imported again.
      await rename(pathOf(lake, name), pathOf(lake, '..', 'moved-away'));
      const back = { ...deps, lake: lake.test.again() };
      await importFiles(back, { files: lake.files, adjusted: 'none', quarantineBound: 0.01 });
      await resample(back, { intervals: INTERVALS });
      const healed = await verifyLake({ ...again(lake), intervals: INTERVALS }, { deep: true });
      assert.deepEqual([healed.findings, healed.comparedRows > 0], [[], true]);
    });
  }

  it('is reported by a checkpoint of the log that was left behind', async () => {
    await using lake = await openLake();
    await lake.test.lake.table(SPLITS).checkpoint();
    for (const file of await readdir(pathOf(lake, SPLITS.name, '_delta_log'))) {
      if (file !== '_last_checkpoint') await rm(pathOf(lake, SPLITS.name, '_delta_log', file));
    }
    await assert.rejects(again(lake).lake.table(SPLITS).head(), { code: 'lake-log-lost' });
  });

  it('is a table that was never created if a process died before its first commit', async () => {
    await using lake = await openImportLake();
    const { lake: writing } = lake.test;
    const select = `SELECT 'AAA' AS symbol, DATE '2024-01-04' AS ex_date, 1.0 AS split_from, 2.0 AS split_to, 'import' AS source, TIMESTAMPTZ '2024-01-05 00:00:00+00' AS seen_at`;
    await writing.table(SPLITS).writeDataFile({ select });
    assert.equal(await again(lake).lake.table(SPLITS).head(), undefined);
    await lake.import(await lake.file('splits.csv', SPLIT));
    assert.equal(await lake.test.deps.store.head(`${SPLITS.name}/${CREATING_NAME}`), undefined);
    await rm(pathOf(lake, SPLITS.name, '_delta_log'), { recursive: true });
    await assert.rejects(again(lake).lake.table(SPLITS).head(), { code: 'lake-log-lost' });
  });
});

describe('an input of silver that is gone as a whole', () => {
  for (const { name } of [SPLITS, LISTINGS]) {
    it(`stops the next resample: ${name}`, async () => {
      await using lake = await openLake();
      await rm(pathOf(lake, name), { recursive: true });
      const deps = again(lake);
      await importFiles(deps, {
        files: [await lake.file('more.csv', BARS.replaceAll('AAA', 'CCC'))],
        quarantineBound: 0,
      });
      const report = await resample(deps, { intervals: INTERVALS });
      assert.deepEqual(
        report.intervals.map(({ mode, error }) => [mode, error?.code]),
        INTERVALS.map(() => ['failed', 'resample-input-gone']),
      );
      assert.match(report.intervals[0]?.error?.message ?? '', /derived from (splits|listings), which no longer exists/);
      const { findings } = await verifyLake({ ...deps, intervals: INTERVALS });
      assert.ok(findings.some(({ message }) => /derived from (splits|listings), which no longer exists/.test(message)));
      // On purpose, it can be done.
      const full = await resample(deps, { intervals: INTERVALS, full: true });
      assert.ok(full.intervals.every(({ mode }) => mode === 'full'));
    });
  }

  it('stops it too if nothing is left', async () => {
    await using lake = await openLake();
    await rm(pathOf(lake, DAILY_BARS.name), { recursive: true });
    const deps = again(lake);
    await assert.rejects(resample(deps, { intervals: INTERVALS }), { code: 'resample-input-gone' });
    const { findings } = await verifyLake(deps);
    assert.deepEqual(
      findings.filter(({ check }) => check === 'table-missing').map(({ table }) => table),
      [DAILY_BARS.name],
    );
  });
});

describe('rows that another program has doubled', () => {
  it('are never derived from, and the message names the way back', async () => {
    await using lake = await openLake();
    await doubleRows(lake);
    const deps = again(lake);
    await assert.rejects(resample(deps, { intervals: INTERVALS }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'bars-keys-repeat');
      assert.match(
        error.message,
        /2 rows of AAA 2024-01-02\. To undo it, run: condvest restore daily_bars --version 0/,
      );
      return true;
    });
    const report = await verifyLake({ ...deps, intervals: INTERVALS }, { deep: true });
    const [found] = report.findings.filter(({ check }) => check === 'key-duplicate');
    assert.match(
      found?.message ?? '',
      /2 rows have the same symbol, session: AAA 2024-01-02, the first of 2 such keys/,
    );
    assert.ok(report.notes.some((note) => note.includes('were not compared')));
    const rules = { partialShare: 0.9 };
    await restoreTable({ ...deps, rules }, { table: 'daily_bars', to: { version: 0 } });
    await resample(deps, { intervals: INTERVALS });
    const healed = await verifyLake({ ...again(lake), intervals: INTERVALS }, { deep: true });
    assert.deepEqual(healed.findings, []);
  });
});

describe('a clock that was ahead', () => {
  it('leaves sessions that have not closed, which verify finds and a restore removes', async () => {
    await using lake = await openLake();
    const nowMs = lake.clock.nowMs();
    lake.clock.move(400 * 86_400_000);
    await lake.import(
      await lake.file('future.csv', 'symbol,date,open,high,low,close,volume\nAAA,2027-01-05,1,1,1,1,1\n'),
    );
    const deps = { ...again(lake), clock: new VirtualClock(nowMs) };
    const { findings } = await verifyLake(deps);
    const [found] = findings.filter(({ check }) => check === 'session-in-future');
    assert.equal(found?.where, '2027-01-05');
    assert.match(
      found?.message ?? '',
      /has not closed.*A clock was ahead.*Set the clock, and run: condvest restore daily_bars --version 0$/,
    );
    await restoreTable({ ...deps, rules: { partialShare: 0.9 } }, { table: 'daily_bars', to: { version: 0 } });
    assert.ok(!(await verifyLake(deps)).findings.some(({ check }) => check === 'session-in-future'));
  });
});

/** Adds a copy of the first file under another name, as a foreign writer would: without our tags. */
async function doubleRows(lake: ImportLake): Promise<void> {
  const log = pathOf(lake, DAILY_BARS.name, '_delta_log');
  const first = await readFile(join(log, '00000000000000000000.json'), 'utf8');
  const add = first.split('\n').find((line) => line.startsWith('{"add"'));
  assert.ok(add !== undefined);
  const action = JSON.parse(add).add as Record<string, unknown>;
  const path = String(action['path']);
  const copy = path.replace('.parquet', '-copy.parquet');
  await copyFile(
    pathOf(lake, DAILY_BARS.name, decodeURIComponent(path)),
    pathOf(lake, DAILY_BARS.name, decodeURIComponent(copy)),
  );
  const { tags: _, ...foreign } = action;
  const info = {
    commitInfo: { timestamp: Date.parse('2026-11-20T13:00:00Z'), operation: 'WRITE', engineInfo: 'other' },
  };
  const lines = [JSON.stringify(info), JSON.stringify({ add: { ...foreign, path: copy } })];
  await writeFile(join(log, '00000000000000000001.json'), `${lines.join('\n')}\n`);
}
