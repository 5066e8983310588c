import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { consolidate } from '#batch/consolidate.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { type VacuumLakeReport, type VacuumRequest, vacuumLake } from '#batch/vacuum.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { type MarketLake, openMarketLake } from '#test/fixtures/market-lake.ts';

const DAY = 86_400_000;

async function keysOf(market: MarketLake): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of market.test.deps.store.list('')) keys.push(key);
  return keys;
}

function run(market: MarketLake, request: VacuumRequest = {}): Promise<VacuumLakeReport> {
  return vacuumLake({ lake: market.test.again(), calendar: market.calendar }, request);
}

/** A lake in which each of three versions of the bars has files that the next does not, all of them written now. */
async function openCorrected(): Promise<MarketLake> {
  const market = await openMarketLake(Date.now());
  const sessions = market.calendar.range(isoDate('2023-01-03'), isoDate('2023-03-31'));
  await market.put(sessions);
  await market.put(sessions.slice(0, 1), 1);
  await market.resample([3]);
  await market.put(sessions.slice(1, 2), 1);
  return market;
}

test('lesson: nothing is deleted by age alone, only what no version inside the retention names', async () => {
  await using market = await openCorrected();
  await market.resample([3]);
  await deriveRestatements({ lake: market.test.lake, calendar: market.calendar });
  const before = await keysOf(market);
  assert.equal((await run(market)).files, 0, 'all is young');
  assert.deepEqual(await keysOf(market), before);
  const text = await market.text(DAILY_BARS);
  market.clock.move(500 * DAY);
  const report = await run(market);
  assert(report.files > 0);
  assert.deepEqual(await market.text(DAILY_BARS), text, 'files of the newest version stay, however old');
  assert.deepEqual(
    (await verifyLake({ lake: market.test.again(), calendar: market.calendar, clock: market.clock }, { deep: true }))
      .findings,
    [],
  );
  await assert.rejects(market.test.again().table(DAILY_BARS).at({ version: 0 }), { code: 'lake-as-of-too-old' });
});

test('an old file that was replaced only lately stays, since versions inside the retention have it', async () => {
  await using market = await openMarketLake(Date.now());
  const sessions = market.calendar.range(isoDate('2023-01-03'), isoDate('2023-03-31'));
  await market.put(sessions);
  const text = await market.text(DAILY_BARS);
  market.clock.move(500 * DAY);
  const beforeMs = market.clock.nowMs();
  market.clock.move(DAY);
  await market.put(sessions.slice(0, 1), 1);
  await deriveRestatements({ lake: market.test.lake, calendar: market.calendar });
  assert.notDeepEqual(await market.text(DAILY_BARS), text);
  assert.equal((await run(market)).files, 0);
  const table = market.test.again().table(DAILY_BARS);
  const old = await table.at({ asOfMs: beforeMs });
  const rows = await market.test.lake.rows(await table.rowsSql(old));
  assert.equal(rows.length, text.length);
  market.clock.move(401 * DAY);
  assert((await run(market)).files > 0, 'once the retention has passed, it goes');
});

test('a dry run lists exactly what the real run deletes', async () => {
  await using market = await openCorrected();
  await market.resample([3]);
  await deriveRestatements({ lake: market.test.lake, calendar: market.calendar });
  await consolidate(
    { lake: market.test.lake, calendar: market.calendar, clock: market.clock },
    { mode: 'full', intervals: [3] },
  );
  await market.resample([3]);
  await deriveRestatements({ lake: market.test.lake, calendar: market.calendar });
  market.clock.move(500 * DAY);
  const before = await keysOf(market);
  const dry = await run(market, { dryRun: true });
  assert.deepEqual(await keysOf(market), before);
  const real = await run(market);
  assert.deepEqual({ ...real, dryRun: true }, dry);
  const gone = new Set(
    dry.tables.flatMap(({ table, files, logFiles }) => [
      ...files.map(({ path }) => `${table}/${path}`),
      ...logFiles.map(({ path }) => path),
    ]),
  );
  assert.equal(gone.size, dry.files);
  const after = new Set(await keysOf(market));
  assert.deepEqual(
    before.filter((key) => !after.has(key)),
    before.filter((key) => gone.has(key)),
  );
  assert.equal((await run(market)).files, 0);
});

test('vacuum waits for resampling and for restatements that have not caught up', async () => {
  await using market = await openCorrected();
  await deriveRestatements({ lake: market.test.lake, calendar: market.calendar });
  market.clock.move(500 * DAY);
  const before = await keysOf(market);
  await assert.rejects(run(market), { code: 'lake-vacuum-needed', found: /silver\/bars_3d/ });
  assert.deepEqual(await keysOf(market), before, 'nothing of any table was deleted');
  await market.resample([3]);
  const report = await run(market);
  assert(report.files > 0);

  await using other = await openCorrected();
  await other.resample([3]);
  other.clock.move(500 * DAY);
  await assert.rejects(run(other), { code: 'lake-vacuum-needed', found: /bronze\/restatements/ });
  assert((await run(other, { force: true })).files > 0);
});

test('bars of an interval that is configured no longer hold nothing back, and come back in full when it is', async () => {
  await using market = await openCorrected();
  await market.resample([5]);
  await market.put(market.calendar.range(isoDate('2023-01-05'), isoDate('2023-01-05')), 1);
  await market.resample([3]);
  const deps = { lake: market.test.lake, calendar: market.calendar };
  await deriveRestatements(deps);
  market.clock.move(500 * DAY);
  await assert.rejects(vacuumLake(deps), { code: 'lake-vacuum-needed', found: /silver\/bars_5d/ });
  const report = await vacuumLake({ ...deps, intervals: [3] });
  assert(report.files > 0);
  assert.deepEqual(report.notes, [
    'silver/bars_5d is no longer maintained (CONDVEST_INTERVALS) and holds back no versions',
  ]);
  await market.resample([3, 5]);
  const all = { lake: market.test.again(), calendar: market.calendar, clock: market.clock, intervals: [3, 5] };
  const verified = await verifyLake(all, { deep: true });
  assert.deepEqual([verified.findings, verified.notes], [[], []]);
});

test('a retention that could break a running reader is refused', async () => {
  await using market = await openCorrected();
  await assert.rejects(run(market, { retentionDays: 1 }), { code: 'lake-vacuum-retention-short' });
  await assert.rejects(run(market, { retentionDays: -1 }), { code: 'vacuum-retention' });
  await assert.rejects(run(market, { retentionDays: Number.NaN }), { code: 'vacuum-retention' });
});
