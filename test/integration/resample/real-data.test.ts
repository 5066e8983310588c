import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { resample } from '#batch/resample/resample.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import { openImportLake } from '#test/fixtures/import-lake.ts';

const DATA = join(import.meta.dirname, '../../../../shared/data');
const FILES = ['sp500_daily.parquet', 'splits.csv'].map((name) => join(DATA, name));
const skip = FILES.every((file) => existsSync(file)) ? false : `SKIPPED: no real data in ${DATA}`;

test('twenty-one years of real bars and their splits give the windows that the pure functions give', {
  skip,
}, async () => {
  await using imported = await openImportLake();
  await imported.import(FILES);
  const { lake, calendar } = imported.deps;
  const report = await resample({ lake, calendar, clock: imported.clock }, { intervals: DEFAULT_INTERVALS });
  assert.ok(report.intervals.every(({ mode, rows, interval }) => mode === 'full' && rows * interval >= 1_329_201));
  assert.equal(report.lastPublished, '2021-04-21');
  // Derives every row of silver again from bronze by `#market/window.ts`, and compares all columns.
  const verified = await verifyLake({ lake, calendar, clock: imported.clock }, { deep: true });
  assert.deepEqual(verified.findings, []);
  assert.ok(verified.comparedRows > 1_000_000);
});
