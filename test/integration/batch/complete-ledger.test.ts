import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import { isoDate } from '#base/dates.ts';
import { fetchBars } from '#batch/fetch/fetch-bars.ts';
import { planFetch } from '#batch/fetch/plan.ts';
import { completeLedger } from '#batch/ledger/complete-ledger.ts';
import { currentLedger, stageLedger } from '#batch/ledger/ledger.ts';
import { recordStep } from '#batch/pipeline/steps.ts';
import { replaceAll } from '#batch/tables/small-table.ts';
import { SESSIONS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

const calendar = createCalendar({ lastYear: 2028 });
const FIRST = isoDate('2024-03-04');
const LAST = isoDate('2024-03-07');
const DAYS_MS = 4 * 86_400_000;

test('bars whose process was killed before it wrote the ledger get into it, also while the source is down', async () => {
  const clock = new VirtualClock(calendar.closeMs(LAST) + 300_000);
  await using open = await openTestLake({ clock });
  const { lake } = open;
  const market = { seed: 1, securities: 4, from: FIRST };
  const source = new SimulatedSource({ calendar, clock, market, faults: [] });
  const rules = { sourceRanks: DEFAULT_SOURCE_RANKS, longestInterval: 5, partialShare: 0.9, quarantineBound: 0.1 };
  const deps = { lake, calendar, clock, source, rules, intervals: [3] };
  const ledgerNow = async () => await currentLedger(lake);
  const plan = { calendar, ledger: new Map(), nowMs: clock.nowMs(), from: FIRST, to: LAST };
  await fetchBars(deps, { sessions: planFetch(plan) });
  const whole = await ledgerNow();
  assert.equal(whole.size, 4);

  // As it is after a kill: of one session nothing is said, of another what was so before its last rows came.
  const cut = [...whole.values()]
    .filter(({ session }) => session !== LAST)
    .map((row) => (row.session === FIRST ? { ...row, rows: row.rows - 1 } : row));
  const table = lake.table(SESSIONS);
  await table.write(async (base) =>
    replaceAll(base, await stageLedger(lake, new Map(cut.map((row) => [row.session, row])), []), {}),
  );
  assert.equal((await ledgerNow()).size, 3);

  await recordStep(deps, { replace: async () => undefined, search: async () => [] });
  const rowsOf = (ledger: typeof whole) =>
    [...ledger.values()].map(({ session, rows, state }) => [session, rows, state]);
  assert.deepEqual(rowsOf(await ledgerNow()), rowsOf(whole));
  assert.equal((await ledgerNow()).get(LAST)?.lastFetchMs, whole.get(LAST)?.lastFetchMs);

  // Once it says everything, nothing is written.
  const version = (await table.head())?.version;
  assert.deepEqual(await completeLedger(deps, clock.nowMs() - DAYS_MS), []);
  assert.equal((await table.head())?.version, version);
});
