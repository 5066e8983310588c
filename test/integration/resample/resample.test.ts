import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { resample } from '#batch/resample/resample.ts';
import type { DailyBar } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';

import { openTestLake } from '#test/fixtures/test-lake.ts';
import { firstDifference, MarketModel } from './market-model.ts';

const CALENDAR = createCalendar({ lastYear: 2028 });

function bar(symbol: string, session: IsoDate, price: number, more: Partial<DailyBar> = {}): DailyBar {
  return {
    symbol,
    session,
    open: price,
    high: price * 1.25,
    low: price * 0.75,
    close: price * 1.125,
    volume: 1000,
    vwap: price * 1.0625,
    trades: 10,
    source: 'test',
    fetchedAtMs: Date.parse(`${session}T21:00:00Z`),
    ...more,
  };
}

async function check(model: MarketModel, intervals: readonly number[] = DEFAULT_INTERVALS): Promise<void> {
  for (const interval of intervals) {
    const difference = firstDifference(await model.stored(interval), model.expected(interval));
    assert.equal(difference, undefined, `${interval} sessions: ${difference}`);
  }
}

test('a first run folds every window, closed ones into one file a year and the open one into its own', async () => {
  await using lake = await openTestLake();
  const model = new MarketModel(lake.lake, CALENDAR);
  const sessions = CALENDAR.range(isoDate('2023-10-02'), isoDate('2024-03-28'));
  await model.put(sessions.flatMap((session, i) => [bar('AAA', session, 10 + i), bar('BBB', session, 200 - i)]));
  const report = await resample({ lake: lake.lake, calendar: CALENDAR }, { intervals: DEFAULT_INTERVALS });
  assert.deepEqual(
    report.intervals.map(({ mode, reason }) => [mode, reason]),
    DEFAULT_INTERVALS.map(() => ['full', 'the table is new']),
  );
  await check(model);
});
