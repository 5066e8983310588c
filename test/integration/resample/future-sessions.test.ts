import assert from 'node:assert/strict';
import { it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { DAILY_BARS, silverBars } from '#lake/tables.ts';
import { openMarketLake } from '#test/fixtures/market-lake.ts';

const INTERVALS = [3, 8];
/** The evening of Thursday, 2024-06-27. */
const NOW = Date.parse('2024-06-27T22:00:00Z');
const DAY = 86_400_000;

it('N-session bars leave out sessions that have not closed, by whatever way the clock went', async () => {
  await using market = await openMarketLake(NOW);
  await using model = await openMarketLake(NOW);
  const { calendar, clock } = market;
  const past = calendar.range(isoDate('2024-05-01'), isoDate('2024-06-27'));
  // Friday, and a session of a window that has no other.
  const future = [isoDate('2024-06-28'), isoDate('2024-07-19')];
  const rows = async (lake: typeof market): Promise<string[][]> => {
    const report = await lake.resample(INTERVALS);
    for (const { error } of report.intervals) if (error !== undefined) throw error;
    const { findings } = await verifyLake({ lake: lake.test.again(), calendar, clock: lake.clock }, { deep: true });
    assert.deepEqual(
      findings.filter(({ table }) => table !== DAILY_BARS.name),
      [],
    );
    return Promise.all(INTERVALS.map((interval) => lake.text(silverBars(interval))));
  };
  const withoutSeenAt = async () => [await rows(market), await rows(model)] as const;

  await market.put(past);
  await model.put(past);
  // A clock that is ahead, by which they have closed.
  clock.move(60 * DAY);
  await market.put(future);
  const ahead = await rows(market);
  // Set right: as if they had not been stored.
  clock.move(-60 * DAY);
  const [corrected, expected] = await withoutSeenAt();
  assert.notDeepEqual(corrected, ahead);
  assert.deepEqual(corrected, expected);
  const again = await market.resample(INTERVALS);
  assert.ok(again.intervals.every(({ mode }) => mode === 'unchanged'));
  assert.equal(again.lastPublished, '2024-06-27');
  // Friday closes, without another commit of the bars.
  clock.move(DAY);
  model.clock.move(DAY);
  await model.put(future.slice(0, 1));
  const [later, laterExpected] = await withoutSeenAt();
  assert.deepEqual(later, laterExpected);
});
