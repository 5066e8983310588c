import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { restatementsKey } from '#batch/restatements/restatements-key.ts';
import { commitName } from '#lake/log-files.ts';
import { scanSql } from '#lake/scan.ts';
import { DAILY_BARS, RESTATEMENTS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { restatementsOf } from '#market/restatement.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';
import { MarketModel } from './market-model.ts';
import { RandomMarket } from './random-market.ts';

const CALENDAR = createCalendar({ lastYear: 2028 });
const SESSIONS = CALENDAR.range(isoDate('2023-11-01'), isoDate('2024-02-29'));

async function stored(open: TestLake): Promise<string[]> {
  const head = await open.lake.table(RESTATEMENTS).head();
  const scan = await scanSql(open.deps, RESTATEMENTS, head?.files ?? []);
  const rows = await open.deps.engine.rows<Record<string, unknown>>(
    `select symbol, session, version, kind, field, old, new, seen_at from (${scan})`,
  );
  return rows.map((row) => Object.values(row).map(String).join(' '));
}

test('every changed value of a random history is recorded once, whenever it is looked for', async () => {
  await using open = await openTestLake();
  const random = seededRandom(5);
  const market = new RandomMarket(random, CALENDAR, SESSIONS);
  const model = new MarketModel(open.lake, CALENDAR);
  const deps = { lake: open.lake, calendar: CALENDAR };
  const expected: string[] = [];
  await model.put(
    SESSIONS.flatMap((session) => market.rowsOf(session)),
    SESSIONS[60],
  );
  for (let version = 1; version <= 12; version += 1) {
    const sessions = [market.pick(SESSIONS), market.pick(SESSIONS)];
    const rows = new Map<string, DailyBar>();
    for (const row of sessions.flatMap((session) => market.rowsOf(session))) {
      const settled = market.chance(0.5);
      const fetchedAtMs = CALENDAR.settlesAtMs(row.session) + (settled ? version : version - 1_000_000);
      rows.set(`${row.symbol} ${row.session}`, { ...row, fetchedAtMs });
    }
    for (const row of rows.values()) {
      const before = model.bars.get(row.session)?.get(row.symbol);
      if (before === undefined) continue;
      for (const change of restatementsOf(before, row, CALENDAR.settlesAtMs(row.session))) {
        const { symbol, session, kind, field, old, new: now, seenAtMs } = change;
        expected.push([symbol, session, version, kind, field, old, now, seenAtMs].map(String).join(' '));
      }
    }
    await model.put([...rows.values()]);
    if (market.chance(0.5)) await deriveRestatements(deps);
  }
  const report = await deriveRestatements(deps);
  assert.deepEqual(report.gaps, []);
  assert.ok(
    expected.some((text) => text.includes('settlement')) && expected.some((text) => text.includes('restatement')),
  );
  const found = await stored(open);
  assert.equal(found.length, expected.length);
  assert.deepEqual(new Set(found), new Set(expected));
});

async function corrected(open: TestLake): Promise<void> {
  const market = new RandomMarket(seededRandom(9), CALENDAR, SESSIONS);
  const model = new MarketModel(open.lake, CALENDAR);
  await model.put(SESSIONS.flatMap((session) => market.rowsOf(session)));
  for (const session of SESSIONS.slice(3, 8)) await model.put(market.rowsOf(session));
}

test('a commit that was cleaned away is reported as a gap, and the others are looked at', async () => {
  await using open = await openTestLake();
  await corrected(open);
  const bars = open.lake.table(DAILY_BARS);
  await bars.checkpoint();
  for (const version of [2, 3]) await rm(join(open.root, DAILY_BARS.name, '_delta_log', commitName(version)));
  const report = await deriveRestatements({ lake: open.lake, calendar: CALENDAR });
  assert.deepEqual(report.gaps, [{ fromVersion: 2, toVersion: 3, reason: 'the commits are gone from the log' }]);
  const versions = new Set((await stored(open)).map((text) => text.split(' ')[2]));
  assert.deepEqual(versions, new Set(['1', '4', '5']));
  const head = await open.lake.table(RESTATEMENTS).head();
  assert.equal(head?.txns.get(restatementsKey((await bars.head())?.tableId ?? '')), 5);
  assert.deepEqual((await deriveRestatements({ lake: open.lake, calendar: CALENDAR })).gaps, []);
});

test('a replaced file that was deleted too early is reported as a gap', async () => {
  await using open = await openTestLake();
  await corrected(open);
  for await (const commit of open.lake.table(DAILY_BARS).commits(4, 4)) {
    for (const { path } of commit.removed) await rm(join(open.root, DAILY_BARS.name, path));
  }
  const report = await deriveRestatements({ lake: open.lake, calendar: CALENDAR });
  assert.deepEqual(report.gaps, [{ fromVersion: 4, toVersion: 4, reason: 'files that they replaced are gone' }]);
});

test('consolidation restates nothing, and moves the checkpoint', async () => {
  await using open = await openTestLake();
  await corrected(open);
  const deps = { lake: open.lake, calendar: CALENDAR };
  await deriveRestatements(deps);
  await open.lake.table(DAILY_BARS).write(async (base) => {
    const units = base?.files[0]?.units;
    assert.ok(units);
    return { operation: 'OPTIMIZE', add: [], remove: [], units, dataChange: false };
  });
  const report = await deriveRestatements(deps);
  assert.deepEqual([report.added, report.versions], [0, { from: 6, to: 6 }]);
});
