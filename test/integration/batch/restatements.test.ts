import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { putBars } from '#batch/put/put-bars.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { scanSql } from '#lake/scan.ts';
import { RESTATEMENTS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';

const SESSION = isoDate('2024-01-03');
const calendar = createCalendar({ lastYear: 2028 });

async function put(opened: TestLake, close: number, source = 'import', isFetch = false): Promise<void> {
  const rules = { sourceRanks: DEFAULT_SOURCE_RANKS, longestInterval: 34, partialShare: 0.9 };
  const rows = `SELECT 'A' AS symbol, DATE '2024-01-03' AS session, 10.0::DOUBLE AS open, 20.0::DOUBLE AS high,
    5.0::DOUBLE AS low, ${close}::DOUBLE AS close, 100::DOUBLE AS volume, NULL::DOUBLE AS vwap, NULL::BIGINT AS trades`;
  const request = { rows, source, fetchedAtMs: opened.deps.clock.nowMs(), countUnchangedAttempts: isFetch };
  await putBars({ lake: opened.lake, calendar, clock: opened.deps.clock, rules }, request);
}

async function stored(opened: TestLake): Promise<unknown[]> {
  const head = await opened.lake.table(RESTATEMENTS).head();
  const rows = await scanSql(opened.deps, RESTATEMENTS, head?.files ?? []);
  return opened.deps.engine.rows(`SELECT version, kind, field, old, new FROM (${rows}) ORDER BY version, field`);
}

test('a value that changes is a settlement before 11:00 on the next session, and a restatement after', async () => {
  const clock = new VirtualClock(calendar.closeMs(SESSION));
  await using opened = await openTestLake({ clock });
  const deps = { lake: opened.lake, calendar, clock };
  await put(opened, 11);
  assert.equal((await deriveRestatements(deps)).added, 0);
  clock.move(calendar.settlesAtMs(SESSION) - clock.nowMs());
  await put(opened, 12);
  clock.move(86_400_000);
  await put(opened, 13);
  const report = await deriveRestatements(deps);
  assert.equal(report.added, 2);
  assert.deepEqual(await stored(opened), [
    { version: 1, kind: 'settlement', field: 'close', old: 11, new: 12 },
    { version: 2, kind: 'restatement', field: 'close', old: 12, new: 13 },
  ]);
  assert.equal((await deriveRestatements(deps)).added, 0);
  assert.equal((await stored(opened)).length, 2);
});

test('a value that the settling fetch confirmed is final: a change months later is a restatement', async () => {
  const clock = new VirtualClock(calendar.closeMs(SESSION));
  await using opened = await openTestLake({ clock });
  const deps = { lake: opened.lake, calendar, clock };
  await put(opened, 11, 'massive', true);
  clock.move(calendar.settlesAtMs(SESSION) - clock.nowMs());
  await put(opened, 11, 'massive', true);
  clock.move(90 * 86_400_000);
  await put(opened, 12, 'massive', true);
  assert.deepEqual(
    await deriveRestatements(deps).then(({ restatements, settlements }) => [settlements, restatements]),
    [0, 1],
  );
  assert.deepEqual((await verifyLake(deps, { deep: true })).findings, []);
});

test('a value that nobody looked at again is no restatement, however late it changes', async () => {
  const clock = new VirtualClock(calendar.closeMs(SESSION));
  await using opened = await openTestLake({ clock });
  await put(opened, 11, 'massive', true);
  clock.move(90 * 86_400_000);
  await put(opened, 12, 'massive', true);
  assert.equal((await deriveRestatements({ lake: opened.lake, calendar })).settlements, 1);
});
