import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { restoreTable } from '#batch/restore.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { DAILY_BARS, LISTINGS, SESSIONS, SPLITS } from '#lake/tables.ts';
import type { FetchLake } from '#test/fixtures/fetch-lake.ts';
import { FIRST, LAST, settled, setUp, ticker } from '#test/fixtures/vendor-market.ts';

const MIDDLE = isoDate('2024-01-31');
const TABLES: readonly TableDefinition[] = [DAILY_BARS, SPLITS, LISTINGS];

/** Rows of facts and states of sessions, without the instants at which they arrived. */
async function facts(lake: FetchLake): Promise<unknown> {
  const tables: Record<string, unknown>[][] = [];
  for (const table of TABLES) tables.push(await lake.rows(table));
  const ledger = await lake.rows(SESSIONS);
  return [
    ...tables.map((rows) => rows.map(({ fetched_at: _, seen_at: __, ...row }) => row)),
    ledger.filter(({ dataset }) => dataset === 'daily_bars').map(({ session, state, rows }) => [session, state, rows]),
  ];
}

test('the next fetch brings back what a restore has removed: sessions, splits and listings', async () => {
  await using of = await setUp(settled(MIDDLE));
  const { lake, vendor } = of;
  const split = { id: '1', ticker: 'S1', split_from: 1, split_to: 2, adjustment_type: 'forward_split' };
  vendor.splits.push({ ...split, execution_date: '2024-01-10' });
  await lake.reference(MIDDLE);
  await lake.fetch({ from: FIRST });
  const early = await facts(lake);
  const versions = await Promise.all(TABLES.map(async (table) => (await lake.test.lake.table(table).head())?.version));

  lake.clock.move(settled(LAST) - lake.clock.nowMs());
  vendor.splits.push({ ...split, id: '2', ticker: 'S2', execution_date: '2024-02-20' });
  vendor.tickers[9] = ticker('S9', { name: 'Another Name' });
  await lake.reference(LAST);
  await lake.fetch();
  const late = await facts(lake);
  assert.notDeepEqual(late, early);

  lake.clock.move(60_000);
  for (const [index, { name }] of TABLES.entries())
    await restoreTable(lake.deps, { table: name, to: { version: versions[index] ?? -1 } });
  assert.deepEqual(await facts(lake), early);
  await lake.reference(LAST);
  await lake.fetch();
  assert.deepEqual(await facts(lake), late);
});
