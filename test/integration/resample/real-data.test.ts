import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { resample } from '#batch/resample/resample.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { DAILY_BARS, SPLITS, silverBars } from '#lake/tables.ts';
import { resolveSplits, type SplitFact } from '#market/corporate-actions.ts';
import { Listings } from '#market/security.ts';
import { DEFAULT_INTERVALS, type FoldedRow } from '#market/window.ts';
import { openImportLake } from '#test/fixtures/import-lake.ts';
import { naiveFold } from '#test/fixtures/naive-fold.ts';
import { firstDifference, type StoredBar } from './market-model.ts';

const DATA = join(import.meta.dirname, '../../../../shared/data');
const FILES = ['sp500_daily.parquet', 'splits.csv'].map((name) => join(DATA, name));
const skip = FILES.every((file) => existsSync(file)) ? false : `SKIPPED: no real data in ${DATA}`;

/** The symbols that are compared with the definition, row by row: one in so many. */
const SYMBOLS_EACH = 20;

test('twenty-one years of real bars and their splits give the windows of the definition', { skip }, async () => {
  await using imported = await openImportLake();
  await imported.import(FILES);
  const { lake, calendar } = imported.deps;
  const report = await resample({ lake, calendar, clock: imported.clock }, { intervals: DEFAULT_INTERVALS });
  assert.ok(report.intervals.every(({ mode, rows, interval }) => mode === 'full' && rows * interval >= 1_329_201));
  assert.equal(report.lastPublished, '2021-04-21');
  // Derives every row of silver again from bronze, security by security, and compares all columns.
  const verified = await verifyLake({ lake, calendar, clock: imported.clock }, { deep: true });
  assert.deepEqual(verified.findings, []);
  assert.ok(verified.comparedRows > 1_000_000);

  const some = async <T>(definition: TableDefinition, orderBy: string): Promise<T[]> => {
    const table = lake.table(definition);
    const rows = await table.scanSql((await table.head())?.files ?? []);
    return lake.records<T>(`from (${rows}) where hash(symbol) % ${SYMBOLS_EACH} = 0 order by symbol, ${orderBy}`);
  };
  const bySymbol = Map.groupBy(await some<FoldedRow>(DAILY_BARS, 'session'), ({ symbol }) => symbol);
  const splits = resolveSplits(new Listings([]), await some<SplitFact>(SPLITS, 'ex_date')).applied;
  const published = new Set([...bySymbol.values()].flat().map(({ session }) => session));
  assert.ok(bySymbol.size > 10 && splits.size > 5);
  for (const interval of DEFAULT_INTERVALS) {
    const expected = [...bySymbol].flatMap(([symbol, rows]) =>
      naiveFold(calendar, interval, (session) => published.has(session), symbol, rows, splits.get(symbol) ?? []),
    );
    const stored = await some<StoredBar>(silverBars(interval), 'first_session');
    assert.equal(firstDifference(stored, expected), undefined);
  }
});
