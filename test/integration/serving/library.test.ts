import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { openLake } from '#runtime/library.ts';
import { type MarketLake, openMarketLake } from '#test/fixtures/market-lake.ts';

async function openQuarter(): Promise<MarketLake> {
  const market = await openMarketLake(Date.parse('2024-05-01T16:00:00Z'));
  await market.put(market.calendar.range(isoDate('2024-01-02'), isoDate('2024-03-28')));
  await market.resample([5]);
  return market;
}

test('the library reads bars, statements, tables, symbols and versions of a lake by its folder', async () => {
  await using market = await openQuarter();
  await using lake = await openLake({ path: market.test.root });
  const daily = await lake.bars({ symbol: 'AAA', from: '2024-03-01' });
  assert.equal(daily.bars.length, 20);
  const weekly = await lake.bars({ symbol: 'AAA', interval: 5 });
  assert(weekly.grain === 'window' && weekly.stored === weekly.bars.length);
  const rows: unknown[] = [];
  const statement = `SELECT symbol, max(session) AS last, count(*) AS n FROM bronze.daily_bars GROUP BY 1 ORDER BY 1`;
  for await (const row of lake.sql(statement)) rows.push(row);
  assert.deepEqual(rows[0], { symbol: 'AAA', last: '2024-03-28', n: 61 });
  assert(rows.length === 3);
  const tables = await lake.tables();
  assert.deepEqual(
    tables.map(({ table }) => table),
    ['bronze/daily_bars', 'bronze/sessions', 'silver/bars_5d'],
  );
  assert.deepEqual(
    (await lake.symbols('brk')).map(({ symbol, bars }) => [symbol, bars]),
    [['BRK.B', 61]],
  );
  assert.deepEqual(
    (await lake.history('bars_5d')).map(({ version }) => version),
    [0],
  );
});

test('the library can read as of an instant', async () => {
  await using market = await openQuarter();
  const before = market.clock.nowMs();
  market.clock.move(1000);
  await market.put([isoDate('2024-03-28')], 5);
  await using lake = await openLake({ path: market.test.root });
  const then = await lake.bars({ symbol: 'AAA', from: '2024-03-28', asOfMs: before });
  const now = await lake.bars({ symbol: 'AAA', from: '2024-03-28' });
  assert.equal((now.bars[0]?.open ?? 0) - (then.bars[0]?.open ?? 0), 5);
});

test('reading writes nothing to the lake’s folder', async () => {
  await using market = await openQuarter();
  const before = await readdir(market.test.root, { recursive: true });
  {
    await using lake = await openLake({ path: market.test.root });
    await lake.bars({ symbol: 'AAA', interval: 5, adjust: 'total', explain: true });
    for await (const _ of lake.sql('SELECT * FROM bronze.daily_bars ORDER BY close'));
  }
  assert.deepEqual(await readdir(market.test.root, { recursive: true }), before);
});

test('the library rejects an impossible request in one sentence', async () => {
  await using market = await openQuarter();
  await assert.rejects(openLake({ path: `${market.test.root}/nowhere` }), { code: 'lake-missing' });
  await assert.rejects(openLake({ settings: { CONDVEST_INTERVALS: 'x' } }), { code: 'config-invalid' });
  const lake = await openLake({ path: market.test.root });
  await assert.rejects(lake.bars({ symbol: 'AAA', from: '2024-02-30' }), { code: 'date-invalid' });
  await assert.rejects(lake.history('no_such'), { code: 'table-unknown' });
  await lake.close();
  await lake.close();
  await assert.rejects(lake.bars({ symbol: 'AAA' }), { code: 'engine-closed' });
});
