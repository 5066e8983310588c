import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { resample } from '#batch/resample/resample.ts';
import { silverBars } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';
import { firstDifference, MarketModel } from './market-model.ts';
import { RandomMarket } from './random-market.ts';

/** After all sessions of the tests. */
const CLOCK = new VirtualClock(Date.parse('2027-12-01T12:00:00Z'));

const INTERVALS = [2, 3, 5, 8, 21, 34];
const STEPS = 10;
/** Seed 2 found that a split before the first published session of a window lost the window's row. */
const SEEDS = [1, 2, 3, 4, 5, 6];

for (const seed of SEEDS) {
  test(`after each step of a random history silver is what the definition gives (seed ${seed})`, async () => {
    await using open = await openTestLake({ random: seededRandom(seed) });
    const { lake } = open;
    const random = seededRandom(seed);
    const calendar = createCalendar({ lastYear: 2028 });
    const sessions = calendar.range(isoDate('2023-09-25'), isoDate('2024-02-20'));
    const market = new RandomMarket(random, calendar, sessions);
    const model = new MarketModel(lake, calendar);
    const closed: IsoDate[] = [];

    // The history so far, with holes in it.
    const start = 30 + market.integer(40);
    const known = sessions.slice(0, start).filter(() => !market.chance(0.05));
    await model.put(
      known.flatMap((session) => market.rowsOf(session)),
      sessions[start - 20],
    );
    let next = start;

    for (let step = 0; step < STEPS; step += 1) {
      const events = 1 + market.integer(3);
      for (let event = 0; event < events; event += 1) {
        const kind = market.integer(8);
        const today = sessions[next];
        if (kind <= 2 && today !== undefined) {
          await model.put(market.rowsOf(today));
          next += 1;
        } else if (kind === 3) {
          const session = market.pick(sessions.slice(0, next));
          await model.put(market.rowsOf(session));
        } else if (kind === 4 || kind === 5) {
          const kept = model.splits.filter(() => !market.chance(0.2));
          await model.putSplits([...kept, market.split(), ...(market.chance(0.2) ? [market.split()] : [])]);
        } else if (kind === 6) {
          await model.putListings(market.listings());
        } else if (kind === 7 && market.chance(0.3)) {
          const date = market.pick(sessions.filter((session) => !closed.includes(session)));
          closed.push(date);
          model.calendar = createCalendar({
            lastYear: 2028,
            closures: closed.map((day) => ({ date: day, name: 'test' })),
          });
        }
      }
      const report = await resample({ lake, calendar: model.calendar, clock: CLOCK }, { intervals: INTERVALS });
      for (const { interval, mode, error, reason } of report.intervals) {
        assert.equal(error, undefined);
        assert.ok(step === 0 || mode !== 'full', `step ${step}, ${interval} sessions: rebuilt because ${reason}`);
        const difference = firstDifference(await model.stored(interval), model.expected(interval));
        assert.equal(difference, undefined, `step ${step}, ${interval} sessions: ${difference}`);
      }
    }

    const incremental = new Map<number, readonly object[]>();
    for (const interval of INTERVALS) incremental.set(interval, await model.stored(interval));
    const again = await resample({ lake, calendar: model.calendar, clock: CLOCK }, { intervals: INTERVALS });
    for (const { interval, mode } of again.intervals) assert.equal(mode, 'unchanged', `${interval} sessions`);
    await resample({ lake, calendar: model.calendar, clock: CLOCK }, { intervals: INTERVALS, full: true });
    for (const interval of INTERVALS) {
      const stored = await model.stored(interval);
      const difference = firstDifference(stored, model.expected(interval));
      assert.equal(difference, undefined, `rebuilt, ${interval} sessions: ${difference}`);
      assert.equal(stored.length, incremental.get(interval)?.length);
      const head = await lake.table(silverBars(interval)).head();
      for (const file of head?.files ?? []) assert.ok(file.units !== undefined && file.units.size > 0);
    }
  });
}
