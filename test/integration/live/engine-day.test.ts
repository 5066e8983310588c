import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SimulatedFeed } from '#adapters/simulator/live-feed.ts';
import { SimulatedTape } from '#adapters/simulator/tape.ts';
import { openTicks } from '#adapters/sqlite-ticks/open-ticks.ts';
import { isoDate } from '#base/dates.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { TradeDates } from '#market/trade-date.ts';
import { LiveEngine } from '#speed/engine.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const calendar = createCalendar({ lastYear: 2028 });
const SESSION = isoDate('2024-03-28');
const SEED = 3;
const HOUR_MS = 3_600_000;
/** Frames every 20 seconds: a day of them takes little time, and no bar depends on it. */
const TICK_MS = 20_000;
const OPTIONS = { secondBoundMs: 2000, boundMs: 5000, sealMs: 15 * 60_000 };

/** Runs an engine over the simulated feed from one instant to another, and returns it. */
async function follow(folder: string, fromMs: number, toMs: number): Promise<LiveEngine> {
  const clock = new VirtualClock(fromMs);
  const tape = new SimulatedTape({ calendar, market: { seed: SEED, securities: 10, from: isoDate('2024-01-02') } });
  const feed = new SimulatedFeed({ calendar, clock, seed: SEED, tape, tickMs: TICK_MS });
  feed.follow([{ channel: 'trades', symbol: null }]);
  using ticks = openTicks({
    folder,
    oldestSession: () => SESSION,
    currentSession: () => SESSION,
    bytesMax: 2 ** 30,
    clock,
    onSetAside: ({ reason }) => assert.fail(reason),
  });
  const engine = await LiveEngine.open(
    {
      feed,
      stream: ticks.stream,
      ticks: ticks.store,
      tradeDates: new TradeDates(calendar, null),
      clock,
      onNotice: ({ message }) => assert.fail(message),
    },
    OPTIONS,
  );
  const stop = new AbortController();
  let isOver = false;
  const running = engine.run(stop.signal).finally(() => {
    isOver = true;
  });
  while (!isOver && clock.nowMs() < toMs) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await running;
  return engine;
}

describe('a day of the simulated market through the engine', () => {
  test('ends with the daily bars of the batch layer, also after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'condvest-engine-day-'));
    try {
      const tape = new SimulatedTape({ calendar, market: { seed: SEED, securities: 10, from: isoDate('2024-01-02') } });
      const truth = tape.session(SESSION)?.securities ?? [];
      assert.ok(truth.length >= 8);
      const endMs = calendar.closeMs(SESSION) + 4.5 * HOUR_MS;
      const engine = await follow(folder, calendar.openMs(SESSION) - 6 * HOUR_MS, endMs);
      assertDays(engine);
      assert.deepEqual(
        [engine.state.counts.afterSeal, engine.state.counts.dropped, engine.state.counts.outside],
        [0, 0, 0],
      );
      assertDays(await follow(folder, endMs, endMs + 60_000));

      function assertDays({ state }: LiveEngine): void {
        for (const { symbol, bar } of truth) {
          const day = state.dayBar(symbol, SESSION);
          assert.ok(day !== undefined && day.vwap !== null, symbol);
          assert.equal(day.origin, 'built');
          const shown = { ...day, vwap: Math.round(day.vwap * 10_000) / 10_000 };
          for (const field of BAR_FIELDS) assert.equal(shown[field], bar[field], `${symbol} ${field}`);
        }
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
