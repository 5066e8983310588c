import { SimulatedFeed } from '#adapters/simulator/live-feed.ts';
import { SimulatedTape } from '#adapters/simulator/tape.ts';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { type FeedUnderTest, marketFeedContract } from './market-feed.ts';

const calendar = createCalendar({ lastYear: 2028 });
const market = { seed: 1, securities: 16, from: isoDate('2024-01-02') };
const tape = new SimulatedTape({ calendar, market });
const SESSION = isoDate('2024-03-28');
/** Half an hour after the open. */
const MORNING_MS = calendar.openMs(SESSION) + 30 * 60_000;
const NIGHT_MS = calendar.openMs(SESSION) - 8 * 3_600_000;

async function simulatedAt(startMs: number): Promise<FeedUnderTest> {
  const clock = new VirtualClock(startMs);
  const busiest = [...(tape.session(SESSION)?.securities ?? [])].sort(
    (a, b) => (b.bar.trades ?? 0) - (a.bar.trades ?? 0),
  );
  const [first, second] = busiest.map(({ symbol }) => symbol);
  return {
    feed: new SimulatedFeed({ calendar, clock, seed: market.seed, tape }),
    symbols: [first ?? '', second ?? ''],
    pass: async (ms) => {
      const untilMs = clock.nowMs() + ms;
      while (clock.nowMs() < untilMs) await new Promise((resolve) => setImmediate(resolve));
    },
    // A machine that slept has lost its connections.
    cut: async () => clock.move(120_000),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

marketFeedContract(
  'the simulated market',
  () => simulatedAt(MORNING_MS),
  () => simulatedAt(NIGHT_MS),
);
