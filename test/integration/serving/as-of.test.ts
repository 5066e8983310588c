import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { consolidate } from '#batch/consolidate.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { replaceAll, stageRows } from '#batch/tables/small-table.ts';
import { vacuumLake } from '#batch/vacuum.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS, SPLITS } from '#lake/tables.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { runQuery } from '#serving/read/query.ts';
import type { BarsRequest } from '#serving/read/served-bars.ts';
import { type MarketLake, openMarketLake } from '#test/fixtures/market-lake.ts';

const DAY = 86_400_000;
const INTERVALS = [5, 21];

const REQUESTS: readonly BarsRequest[] = [
  { symbol: 'AAA' },
  { symbol: 'AAA', adjust: 'raw', explain: true },
  { symbol: 'ZZZ', adjust: 'total', explain: true, from: isoDate('2023-03-01') },
  { symbol: 'AAA', interval: 5, explain: true },
  { symbol: 'BRK.B', interval: 21 },
  { symbol: 'BRK.B', interval: 4, to: isoDate('2023-05-01'), explain: true },
];

const STATEMENTS = [
  'SELECT * FROM bronze.daily_bars ORDER BY symbol, session',
  'SELECT * FROM silver.bars_5d ORDER BY symbol, first_session',
  'SELECT symbol, ex_date, split_to FROM bronze.splits ORDER BY ALL',
];

/** Every answer as text. */
async function answers(market: MarketLake, lake: Lake, asOfMs: number): Promise<string[]> {
  const { calendar, clock } = market;
  const deps = { lake, calendar, clock, caches: new MarketCaches(lake) };
  const texts: string[] = [];
  for (const request of REQUESTS) {
    texts.push(JSON.stringify(await readBars(deps, { ...request, asOfMs })));
  }
  for (const statement of STATEMENTS) {
    await using query = await runQuery({ lake, clock: market.clock }, { statement, asOfMs, intervals: INTERVALS });
    for await (const { columns } of query.table.batches) texts.push(JSON.stringify(columns));
  }
  return texts;
}

async function putSplit(lake: Lake, exDate: string, splitTo: number): Promise<void> {
  await lake.table(SPLITS).write(async (base) => {
    const file = await stageRows(lake, SPLITS, [['AAA', exDate, 1, splitTo, 'import', 0]]);
    return replaceAll(base, file, {});
  });
}

async function derive(market: MarketLake): Promise<void> {
  const { lake } = market.test;
  await market.resample(INTERVALS);
  await deriveRestatements({ lake, calendar: market.calendar });
}

/**
 * Half a year of bars of which a month was corrected long ago, a split, log checkpoints, and silver that has fallen behind by
 * one session. The clock starts at the present, since the age of files is real.
 */
async function openHistory(): Promise<MarketLake> {
  const market = await openMarketLake(Date.now());
  const { lake } = market.test;
  const sessions = market.calendar.range(isoDate('2023-01-03'), isoDate('2023-06-30'));
  await market.put(sessions.slice(0, -1));
  await market.put(sessions.slice(0, 20), 7);
  await putSplit(lake, '2023-04-12', 2);
  market.clock.move(1000);
  await derive(market);
  for (const table of await lake.existingTables()) await table.checkpoint();
  market.clock.move(300 * DAY);
  await market.put(sessions.slice(-1));
  return market;
}

test('a request as of an instant returns the same bytes whatever has happened since', async () => {
  await using market = await openHistory();
  const { lake } = market.test;
  const asOfMs = market.clock.nowMs();
  const first = await answers(market, lake, asOfMs);
  const check = async (what: string): Promise<void> => {
    assert.deepEqual(await answers(market, lake, asOfMs), first, what);
    assert.deepEqual(await answers(market, market.test.again(), asOfMs), first, `${what}, by a new process`);
  };
  market.clock.move(DAY);
  await market.put(market.calendar.range(isoDate('2023-02-01'), isoDate('2023-02-20')), 3);
  await check('after a correction');
  await market.put(market.calendar.range(isoDate('2023-07-03'), isoDate('2023-08-31')));
  await putSplit(lake, '2023-05-10', 3);
  await check('after new sessions and a late split');
  await derive(market);
  await check('after resampling');
  market.clock.move(200 * DAY);
  await consolidate({ lake, calendar: market.calendar, clock: market.clock }, { mode: 'full', intervals: INTERVALS });
  await derive(market);
  await check('after consolidation');
  const { tables, files } = await vacuumLake({ lake, calendar: market.calendar });
  assert(
    files > 0 && tables.some(({ logFiles }) => logFiles.length > 0),
    'old files and an old part of the log are gone',
  );
  await check('after vacuum and the clean-up of the log');
  const now = await answers(market, lake, market.clock.nowMs());
  assert.notDeepEqual(now, first, 'and yet everything has changed');
});

test('an instant whose versions are gone is rejected with the oldest one available', async () => {
  await using market = await openHistory();
  const { lake } = market.test;
  const asOfMs = market.clock.nowMs();
  market.clock.move(DAY);
  await market.put([isoDate('2023-02-01')], 3);
  await derive(market);
  for (const table of await lake.existingTables()) await table.checkpoint();
  const oldest = (await lake.table(DAILY_BARS).head())?.timestampMs ?? 0;
  market.clock.move(500 * DAY);
  await vacuumLake({ lake, calendar: market.calendar });
  const deps = { lake, calendar: market.calendar, clock: market.clock, caches: new MarketCaches(lake) };
  await assert.rejects(readBars(deps, { symbol: 'AAA', asOfMs }), (error: Error) => {
    assert.equal(error.name, 'UsageError');
    assert.match(error.message, new RegExp(new Date(oldest).toISOString()));
    return true;
  });
  const statement = 'SELECT * FROM bronze.daily_bars';
  await assert.rejects(runQuery({ lake, clock: market.clock }, { statement, asOfMs, intervals: [] }), {
    code: 'lake-as-of-too-old',
  });
  const still = await readBars(deps, { symbol: 'AAA', asOfMs: oldest });
  assert.equal(still.bars.length, 124);
});

test('today’s date can be requested before the day is over', async () => {
  await using market = await openHistory();
  const { lake } = market.test;
  const deps = { lake, calendar: market.calendar, clock: market.clock, caches: new MarketCaches(lake) };
  const nowMs = market.clock.nowMs();
  const endOfDayMs = (Math.floor(nowMs / DAY) + 1) * DAY - 1;
  const { bars } = await readBars(deps, { symbol: 'AAA', asOfMs: endOfDayMs });
  assert.deepEqual(bars, (await readBars(deps, { symbol: 'AAA' })).bars);
  await assert.rejects(readBars(deps, { symbol: 'AAA', asOfMs: endOfDayMs + 1 }), { code: 'as-of-in-future' });
});
