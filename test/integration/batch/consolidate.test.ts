import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { type ConsolidateReport, consolidate } from '#batch/consolidate.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import type { Compaction } from '#lake/compact.ts';
import { DAILY_BARS, QUARANTINE, silverBars } from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';
import type { PublishedObject } from '#ports/object-store.ts';
import { type MarketLake, openMarketLake } from '#test/fixtures/market-lake.ts';

const NOON_2024_06_28 = Date.parse('2024-06-28T16:00:00Z');
const INTERVALS = [3, 34];

async function run(market: MarketLake, mode: 'incremental' | 'full' = 'incremental'): Promise<ConsolidateReport> {
  const { test: lake, calendar, clock } = market;
  return consolidate({ lake: lake.lake, calendar, clock }, { mode, intervals: INTERVALS, maxWorkers: 2 });
}

/** Returns the numbers of sessions in shared files, and the number of files with a single session. */
async function layout(market: MarketLake, definition = DAILY_BARS): Promise<string> {
  const files = (await market.test.lake.table(definition).head())?.files ?? [];
  const sizes = files.map((file) => file.units?.size ?? 0).filter((size) => size > 1);
  return `${sizes.sort((a, b) => b - a).join('+')} and ${files.length - sizes.length} alone`;
}

/** Sessions of 2024 fetched one by one, each on the evening of its day, as a nightly run does it. */
async function nightly(market: MarketLake, sessions: readonly IsoDate[]): Promise<void> {
  for (const session of sessions) {
    market.clock.move(market.calendar.closeMs(session) + 3_600_000 - market.clock.nowMs());
    await market.put([session]);
  }
}

test('lesson: one failed look at the merged file must not rebuild history from the last 30 days', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  const sessions = market.calendar.range(isoDate('2023-01-03'), isoDate('2023-05-15'));
  await market.put(sessions);
  const before = await market.text(DAILY_BARS);
  assert.equal(before.length, 3 * sessions.length);
  let failures = 0;
  class Flaky extends FsObjectStore {
    override async localPath(key: string): Promise<string> {
      failures += 1;
      if (failures === 1) throw new Error('the check failed');
      return super.localPath(key);
    }
  }
  const flaky = new Flaky({ root: market.test.root });
  const lake = market.test.again({ store: flaky });
  const request = { mode: 'full', intervals: INTERVALS } as const;
  await assert.rejects(
    consolidate({ lake, calendar: market.calendar, clock: market.clock }, request),
    /the check failed/,
  );
  assert.deepEqual(await market.text(DAILY_BARS), before, 'nothing was committed');
  await consolidate({ lake, calendar: market.calendar, clock: market.clock }, request);
  assert.deepEqual(await market.text(DAILY_BARS), before);
});

test('lesson: a corrected day leaves one row, whatever is merged before or after', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  const sessions = market.calendar.range(isoDate('2023-01-03'), isoDate('2023-03-31'));
  await market.put(sessions);
  await market.put(sessions.slice(5, 6), 7);
  await run(market, 'full');
  await market.put(sessions.slice(6, 7), 7);
  await run(market, 'full');
  const rows = await market.text(DAILY_BARS);
  assert.equal(rows.length, 3 * sessions.length);
  assert.equal(new Set(rows.map((row) => row.split(' ').slice(0, 2).join(' '))).size, rows.length);
});

test('lesson: an incremental run is incremental, and finds nothing to do the second time', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  await market.put(market.calendar.range(isoDate('2022-01-03'), isoDate('2022-12-30')));
  assert.equal(await layout(market), '251 and 0 alone');
  const sessions = market.calendar.range(isoDate('2024-04-01'), isoDate('2024-04-30'));
  await nightly(market, sessions);
  market.clock.move(30 * 86_400_000);
  assert.equal(await layout(market), `251 and ${sessions.length} alone`);
  // Fetched in the evening, all of them are provisional.
  assert.deepEqual((await run(market)).merged, []);
  await market.put(sessions, 1);
  assert.equal(await layout(market), `251+${sessions.length} and 0 alone`, 'fetched again late, they are settled');
  const before = await market.text(DAILY_BARS);
  assert.deepEqual((await run(market)).merged, []);
  assert.deepEqual(await market.text(DAILY_BARS), before);
});

test('lesson: files are never overwritten, so a reader that began before goes on reading what it began with', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  const { lake } = market.test;
  const sessions = market.calendar.range(isoDate('2023-01-03'), isoDate('2023-03-31'));
  await market.put(sessions);
  const before = await lake.table(DAILY_BARS).head();
  using session = await lake.session();
  const scan = await lake.table(DAILY_BARS).scanSql(before?.files ?? []);
  const reader = await session.stream(`SELECT close FROM (${scan}) a, range(200) r(copy) ORDER BY ALL`);
  await market.put(sessions.slice(0, 40), 5);
  await run(market, 'full');
  let count = 0;
  for await (const chunk of reader.chunks) count += chunk.rowCount;
  assert.equal(count, 3 * sessions.length * 200);
  const again = await lake.table(DAILY_BARS).at({ version: 0 });
  assert.equal(await lake.table(DAILY_BARS).scanSql(again?.files ?? []), scan, 'the old version names the same files');
});

test('lesson: a partial failure fails; what was merged before it stays merged, the rest as it was', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  for (const year of [2021, 2022, 2023]) {
    await market.put(market.calendar.range(isoDate(`${year}-01-03`), isoDate(`${year}-02-28`)));
  }
  const before = await market.text(DAILY_BARS);
  class Failing extends FsObjectStore {
    override async publish(localPath: string, key: string): Promise<PublishedObject> {
      if (key.includes('year=2022')) {
        throw new CondvestError({ code: 'no-space', kind: 'permanent', message: 'The disk is full' });
      }
      return super.publish(localPath, key);
    }
  }
  const lake = market.test.again({ store: new Failing({ root: market.test.root }) });
  const merged: (number | undefined)[] = [];
  const deps = {
    lake,
    calendar: market.calendar,
    clock: market.clock,
    onProgress: (done: Compaction) => merged.push(done.year),
  };
  await assert.rejects(consolidate(deps, { mode: 'full', intervals: INTERVALS }), { code: 'no-space' });
  assert.deepEqual(merged, [2021]);
  assert.deepEqual(await market.text(DAILY_BARS), before);
  assert.deepEqual(await readdir(join(market.test.root, '.scratch')), [], 'nothing half-done is left');
});

test('sessions that have settled join the year 21 at a time, the open window stays out', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  // Each fetched on the evening of its day, and again the day after, when it settles.
  const sessions = market.calendar.range(isoDate('2024-03-28'), isoDate('2024-06-27'));
  for (const session of sessions) {
    market.clock.move(market.calendar.settlesAtMs(session) + 3_600_000 - market.clock.nowMs());
    await market.put([session]);
    const { merged } = await run(market);
    for (const { filesBefore } of merged) assert.equal(filesBefore >= 21, true);
  }
  const open = market.calendar.sessionIndex(isoDate('2024-06-28'));
  const start = market.calendar.sessionAt(Math.floor(open / 34) * 34);
  const before = sessions.filter((session) => session < start);
  const merged = Math.floor(before.length / 21) * 21;
  const [first] = (await layout(market)).split(' ');
  assert(Number(first) >= merged - 21 && Number(first) <= before.length, `${first} of ${before.length} are merged`);
  const report = await run(market, 'full');
  assert.equal(await layout(market), `${before.length} and ${sessions.length - before.length} alone`);
  assert.equal(
    report.merged.every(({ rows }) => rows > 0),
    true,
  );
});

test('silver windows that are over merge in the same way, and resampling goes on from there', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  const sessions = market.calendar.range(isoDate('2024-01-02'), isoDate('2024-06-27'));
  for (const session of sessions.slice(0, 25)) {
    market.clock.move(market.calendar.settlesAtMs(session) + 3_600_000 - market.clock.nowMs());
    await market.put([session]);
    await market.resample([3]);
  }
  market.clock.move(NOON_2024_06_28 - market.clock.nowMs());
  await market.put(sessions.slice(25));
  await market.resample([3]);
  const before = await market.text(silverBars(3));
  await run(market, 'full');
  assert.match(await layout(market, silverBars(3)), /^\d+ and \d+ alone$/);
  assert.deepEqual(await market.text(silverBars(3)), before);
  const again = await market.resample([3]);
  assert.equal(again.intervals[0]?.windows, 0, 'merging changed no data');
  await market.put(sessions.slice(3, 4), 5);
  const corrected = await market.resample([3]);
  assert.deepEqual([corrected.intervals[0]?.mode, corrected.intervals[0]?.windows], ['incremental', 1]);
});

test('the many small files of quarantine become one', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  const { lake } = market.test;
  for (let n = 1; n <= 21; n += 1) {
    const select = `SELECT 'daily_bars' AS dataset, '{"n": ${n}}' AS row, 'price' AS reason, 'digest' AS source_digest,
      ${22 - n} AS row_number, 'import' AS source, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS seen_at`;
    await lake.table(QUARANTINE).write(async () => {
      const file = await lake.table(QUARANTINE).writeDataFile({ select });
      assert(file !== undefined);
      return { operation: 'WRITE', add: [file], remove: [], units: SessionSet.empty, dataChange: true };
    });
    if (n === 20) assert.deepEqual((await run(market)).merged, []);
  }
  const { merged } = await run(market);
  assert.deepEqual(
    merged.map(({ table, filesBefore, filesAfter, rows }) => [table, filesBefore, filesAfter, rows]),
    [[QUARANTINE.name, 21, 1, 21]],
  );
  const head = await lake.table(QUARANTINE).head();
  const scan = await lake.table(QUARANTINE).scanSql(head?.files ?? []);
  const rows = await lake.rows<{ row_number: number }>(`SELECT row_number FROM (${scan})`);
  assert.deepEqual(
    rows.map(({ row_number: number }) => number),
    Array.from({ length: 21 }, (_, i) => i + 1),
    'sorted',
  );
});

test('wrong requests are refused before anything is touched', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  const deps = { lake: market.test.lake, calendar: market.calendar, clock: market.clock };
  const request = { mode: 'incremental', intervals: [3] } as const;
  await assert.rejects(consolidate(deps, { ...request, maxWorkers: 0 }), { code: 'consolidate-workers' });
  await assert.rejects(consolidate(deps, { ...request, years: [1812] }), { code: 'consolidate-year' });
  assert.deepEqual((await consolidate(deps, request)).merged, [], 'an empty lake has nothing to merge');
});

test('a merge of verified files is proved, and a nightly check takes its word; what it cannot know is looked at', async () => {
  await using market = await openMarketLake(NOON_2024_06_28);
  const { test: opened, calendar, clock } = market;
  const { lake } = opened;
  await market.put(calendar.range(isoDate('2022-01-03'), isoDate('2022-12-30')));
  await market.put(calendar.range(isoDate('2023-01-03'), isoDate('2023-01-31')));
  for (const session of calendar.range(isoDate('2023-02-01'), isoDate('2023-03-31'))) await market.put([session]);
  clock.move(30 * 86_400_000);

  const proved = async (): Promise<number> =>
    ((await lake.table(DAILY_BARS).head())?.files ?? []).filter((file) => file.isProved).length;
  const merge = (verifiedBeforeMs?: number) =>
    consolidate(
      { lake, calendar, clock },
      { mode: 'full', intervals: [], ...(verifiedBeforeMs === undefined ? {} : { verifiedBeforeMs }) },
    );
  await merge();
  assert.equal(await proved(), 0, 'nobody said that anything was verified');
  await merge(Date.now() + 1000);
  assert.equal(await proved(), 2);
  // Proved files are as good as verified ones, however young they are.
  await merge(0);
  assert.equal(await proved(), 2);
  const report = await verifyLake({ lake, calendar, clock }, { sinceMs: 0 });
  assert.deepEqual(report.findings, []);
  const file = (await lake.table(DAILY_BARS).head())?.files[0] ?? assert.fail('there are files');
  await rm(join(opened.root, 'bronze/daily_bars', file.path));
  const found = await verifyLake({ lake, calendar, clock }, { sinceMs: 0 });
  assert.deepEqual(
    found.findings.map(({ check }) => check),
    ['file-missing'],
  );
});
