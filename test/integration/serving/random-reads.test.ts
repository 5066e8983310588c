import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addDays, isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { resample } from '#batch/resample/resample.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { DividendFact } from '#market/corporate-actions.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import type { BarsRequest } from '#serving/read/served-bars.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

import { MarketModel } from '../resample/market-model.ts';
import { RandomMarket } from '../resample/random-market.ts';
import { barsOf, expectedBars, firstDifference, putDividends } from './reading-model.ts';

/** Intervals that are stored, and others that are not. */
const STORED = [3, 8, 21];
const ASKED = [1, 1, 3, 8, 21, 4, 13, 252];
const SYMBOLS = ['AAA', 'BACpB', 'BRK.B', 'OLD', 'NEW', 'RE', 'NONE'];
const STEPS = 8;
const READS = 10;
const SEEDS = Array.from({ length: 8 }, (_, seed) => seed + 1);

/** N-session bars by where they came from: shows that both ways were taken. */
const origins = { stored: 0, computed: 0 };

for (const seed of SEEDS) {
  test(`after each step of a random history, every read matches the pure functions (seed ${seed})`, async () => {
    const clock = new VirtualClock(Date.parse('2025-06-02T15:00:00Z'));
    await using open = await openTestLake({ random: seededRandom(seed), clock });
    const { lake } = open;
    const caches = new MarketCaches(lake);
    const calendar = createCalendar({ lastYear: 2028 });
    const sessions = calendar.range(isoDate('2023-09-25'), isoDate('2024-02-20'));
    const market = new RandomMarket(seededRandom(seed + 1000), calendar, sessions);
    const model = new MarketModel(lake, calendar);
    let dividends: DividendFact[] = [];

    const start = 40 + market.integer(30);
    const known = sessions.slice(0, start).filter(() => !market.chance(0.05));
    await model.put(
      known.flatMap((session) => market.rowsOf(session)),
      sessions[start - 25],
    );
    let next = start;
    for (let step = 0; step < STEPS; step += 1) {
      const kind = market.integer(8);
      const today = sessions[next];
      if (kind <= 1 && today !== undefined) {
        await model.put(market.rowsOf(today));
        next += 1;
      } else if (kind === 2) {
        await model.put(market.rowsOf(market.pick(sessions.slice(0, next))));
      } else if (kind === 3) {
        await model.putSplits([...model.splits, market.split()]);
      } else if (kind === 4) {
        await model.putListings(market.listings());
      } else if (kind === 5) {
        dividends = [...dividends, dividend(market)];
        await putDividends(lake, dividends);
      } else {
        await resample({ lake, calendar, clock }, { intervals: STORED });
      }
      for (let read = 0; read < READS; read += 1) {
        const a = addDays(isoDate('2023-09-20'), market.integer(160));
        const b = addDays(a, market.integer(100));
        const request: BarsRequest = {
          symbol: market.pick(SYMBOLS),
          interval: market.pick(ASKED),
          adjust: market.pick(['raw', 'split', 'split', 'total'] as const),
          from: market.chance(0.5) ? a : undefined,
          to: market.chance(0.5) ? b : undefined,
        };
        const where = `step ${step}, ${JSON.stringify(request)}`;
        const expected = expectedBars(model, dividends, request, newYorkAt(clock.nowMs()).date);
        // Half of the reads are by a process that has nothing in memory yet.
        const again = market.chance(0.5) ? undefined : open.again();
        const deps =
          again === undefined
            ? { lake, calendar, clock, caches }
            : { lake: again, calendar, clock, caches: new MarketCaches(again) };
        const found = await readBars(deps, request).catch((cause: unknown) => {
          if (cause instanceof CondvestError && cause.code === 'symbol-unknown') return 'unknown';
          throw cause;
        });
        if (expected === 'unknown' || typeof found === 'string') assert.equal(found, expected, where);
        else assert.equal(firstDifference(barsOf(found), expected), undefined, where);
        if (typeof found === 'string' || found.grain === 'session' || found.adjust === 'total') continue;
        origins.stored += found.stored;
        if (STORED.includes(found.interval)) origins.computed += found.bars.length - found.stored;
      }
    }
  });
}

test('these histories were served from stored bars and, where those were stale, from daily rows', () => {
  assert.ok(origins.stored > 100 && origins.computed > 100, JSON.stringify(origins));
});

function dividend(market: RandomMarket): DividendFact {
  return {
    symbol: market.pick(['AAA', 'BACpB', 'OLD', 'NEW', 'RE']),
    exDate: addDays(isoDate('2023-09-26'), market.integer(150)),
    kind: market.pick(['CD', 'SC']),
    cashAmount: market.pick([0.25, 1.5, 3, 90]),
    source: 'test',
  };
}
