import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import { scenarioFaults } from '#adapters/simulator/named-scenarios.ts';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { fetchReference } from '#batch/fetch/fetch-reference.ts';
import { validateReply } from '#batch/fetch/validate-reply.ts';
import { LISTINGS } from '#lake/tables.ts';
import { resolveSplits } from '#market/corporate-actions.ts';
import type { RawDailyRow } from '#market/quality.ts';
import { Listings } from '#market/security.ts';
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from '#ports/scenario-names.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { calendar, openFetchLake } from '#test/fixtures/fetch-lake.ts';

/** The simulated market's scenarios by name: what each does to what is delivered. */

const MARKET = { seed: 7, securities: 40, from: isoDate('2023-01-03') };
const TO = isoDate('2024-12-31');
const SESSION = isoDate('2024-03-28');
const EARLY = calendar.closeMs(SESSION) + 300_000;
const SETTLED = calendar.settlesAtMs(SESSION) + 1;

function open(names: readonly ScenarioName[], nowMs: number): { source: SimulatedSource; clock: VirtualClock } {
  const clock = new VirtualClock(nowMs);
  const faults = scenarioFaults(names, { calendar, ...MARKET, to: TO });
  return { clock, source: new SimulatedSource({ calendar, clock, market: MARKET, faults, attemptsMax: 4 }) };
}

async function rowsOf(source: SimulatedSource, session = SESSION): Promise<readonly RawDailyRow[]> {
  const reply = await source.bars(session);
  assert.ok(reply.kind === 'bars');
  return reply.rows;
}

/** The first session that a scenario of single sessions strikes, with how it is mended. */
function struck(name: ScenarioName, index = 0): { session: IsoDate; untilMs: number } {
  const fault = scenarioFaults([name], { calendar, ...MARKET, to: TO })[index];
  assert.ok(fault !== undefined && 'session' in fault);
  return { session: fault.session, untilMs: 'untilMs' in fault ? fault.untilMs : 0 };
}

const BEHAVIOURS: Readonly<Record<ScenarioName, () => Promise<void>>> = {
  'late-bars': async () => {
    const early = await rowsOf(open(['late-bars'], EARLY).source);
    const late = await rowsOf(open(['late-bars'], SETTLED).source);
    assert.ok(early.length < 0.9 * late.length);
  },
  'corrected-bars': async () => {
    const { source, clock } = open(['corrected-bars'], EARLY);
    const early = await rowsOf(source);
    clock.move(SETTLED - EARLY);
    const late = await rowsOf(source);
    assert.equal(early.length, late.length);
    assert.notDeepEqual(early, late);
    assert.deepEqual(late, source.truth(SESSION));
  },
  'partial-session': async () => {
    const mended = struck('partial-session');
    const { source, clock } = open(['partial-session'], mended.untilMs - 1);
    const all = source.truth(mended.session).length;
    assert.ok((await rowsOf(source, mended.session)).length < all / 2);
    clock.move(1);
    assert.equal((await rowsOf(source, mended.session)).length, all);
    const lasting = struck('partial-session', 1);
    const later = open(['partial-session'], Date.parse('2024-12-31T22:00:00Z')).source;
    assert.ok((await rowsOf(later, lasting.session)).length < all / 2);
  },
  'missing-session': async () => {
    const { session, untilMs } = struck('missing-session');
    const { source, clock } = open(['missing-session'], untilMs - 1);
    assert.deepEqual(await rowsOf(source, session), []);
    clock.move(1);
    assert.ok((await rowsOf(source, session)).length > 0);
  },
  'truncated-reply': async () => {
    const { session } = struck('truncated-reply');
    const { source } = open(['truncated-reply'], calendar.settlesAtMs(session));
    assert.deepEqual(await rowsOf(source, session), source.truth(session));
    assert.equal(source.requests, 2, 'it was asked for again');
  },
  'bad-rows': async () => {
    const rows = await rowsOf(open(['bad-rows'], SETTLED).source);
    assert.equal(validateReply(SESSION, rows, { calendar, lastSession: SESSION }).rejected.length, 1);
  },
  'duplicate-rows': async () => {
    const judge = (rows: readonly RawDailyRow[]) => validateReply(SESSION, rows, { calendar, lastSession: SESSION });
    const early = judge(await rowsOf(open(['duplicate-rows'], EARLY).source));
    assert.deepEqual([early.collapsed, early.rejected.length], [2, 2]);
    const late = judge(await rowsOf(open(['duplicate-rows'], SETTLED).source));
    assert.deepEqual([late.collapsed, late.rejected.length], [2, 0]);
  },
  outage: async () => {
    const [first] = scenarioFaults(['outage'], { calendar, ...MARKET, to: TO });
    assert.ok(first?.name === 'outage');
    const session = calendar.lastClosedSession(first.fromMs);
    const { source, clock } = open(['outage'], calendar.closeMs(session));
    await assert.rejects(source.bars(session), /does not respond/);
    clock.move(3 * 3_600_000);
    assert.equal((await source.bars(session)).kind, 'bars');
  },
  'too-many-requests': async () => {
    const { source } = open(['too-many-requests'], SETTLED);
    await rowsOf(source);
    assert.equal(source.requests, 2);
  },
  'split-announced-ahead': async () => {
    const splits = await allSplits(open(['split-announced-ahead'], Date.parse('2024-12-31T22:00:00Z')).source);
    const [split] = splits;
    assert.ok(split?.exDate);
    const before = open(['split-announced-ahead'], calendar.closeMs(calendar.previous(split.exDate, 3)) + 1).source;
    assert.ok((await allSplits(before)).some(({ exDate }) => exDate === split.exDate));
  },
  'late-split': async () => {
    const [split] = await allSplits(open([], Date.parse('2024-12-31T22:00:00Z')).source);
    assert.ok(split?.exDate);
    const known = async (after: number): Promise<boolean> => {
      const at = calendar.closeMs(calendar.next(split.exDate ?? SESSION, after)) + 1;
      return (await allSplits(open(['late-split'], at).source)).some(({ exDate }) => exDate === split.exDate);
    };
    assert.deepEqual([await known(4), await known(5)], [false, true]);
  },
  'two-split-values': async () => {
    const splits = await allSplits(open(['two-split-values'], Date.parse('2024-12-31T22:00:00Z')).source);
    const facts = splits.map(({ symbol, exDate, splitFrom, splitTo }) => ({
      symbol: symbol ?? '',
      exDate: exDate ?? SESSION,
      splitFrom: splitFrom ?? 0,
      splitTo: splitTo ?? 0,
      source: null,
    }));
    const { applied, held } = resolveSplits(new Listings([]), facts);
    assert.deepEqual([applied.size, held.length], [0, splits.length]);
    assert.ok(splits.length > 0);
  },
  rename: () => lived('rename', ({ renamed }) => assert.match(renamed[0] ?? '', /^(\w+) → \1Q$/)),
  'reused-symbol': () => lived('reused-symbol', ({ delisted, listed }) => assert.deepEqual(delisted, listed), 15),
  delisting: () => lived('delisting', ({ delisted }) => assert.equal(delisted.length, 1)),
  'half-day': async () => {
    const session = isoDate('2024-07-03');
    const { source, clock } = open(['half-day'], Date.parse('2024-07-03T16:59:59Z'));
    assert.equal((await source.bars(session)).kind, 'not-yet');
    clock.move(1000);
    assert.equal((await source.bars(session)).kind, 'bars');
  },
  'surprise-closure': async () => {
    const { session } = struck('surprise-closure');
    assert.deepEqual(await rowsOf(open(['surprise-closure'], Date.parse('2024-12-31T22:00:00Z')).source, session), []);
  },
  slow: async () => {
    const { source, clock } = open(['slow'], SETTLED);
    await rowsOf(source);
    assert.equal(clock.nowMs(), SETTLED + 2000);
  },
  restatement: async () => {
    const { session } = struck('restatement');
    const changesMs = calendar.settlesAtMs(session) + 48 * 3_600_000;
    const { source, clock } = open(['restatement'], changesMs - 1);
    assert.deepEqual(await rowsOf(source, session), source.truth(session));
    clock.move(1);
    assert.notDeepEqual(await rowsOf(source, session), source.truth(session));
  },
};

function allSplits(source: SimulatedSource): ReturnType<SimulatedSource['splits']> {
  return source.splits(MARKET.from);
}

/** A lake that sees the list of symbols on the last day before a change, and some sessions after it. */
async function lived(
  name: ScenarioName,
  check: (changes: { renamed: readonly string[]; delisted: readonly string[]; listed: readonly string[] }) => void,
  sessions = 1,
): Promise<void> {
  const { session } = struck(name, 2);
  const start = calendar.previous(session, 3);
  await using server = await VendorServer.open({ grouped: new Map(), tickers: [], splits: [], dividends: [] });
  await using lake = await openFetchLake(server, calendar.closeMs(start) + 1);
  const faults = scenarioFaults([name], { calendar, ...MARKET, to: TO });
  const deps = lake.from(new SimulatedSource({ calendar, clock: lake.clock, market: MARKET, faults }));
  await fetchReference(deps, { session: start });
  const seen = { renamed: [] as string[], delisted: [] as string[], listed: [] as string[] };
  for (const day of calendar.range(calendar.next(start), calendar.next(session, sessions))) {
    lake.clock.move(calendar.closeMs(day) + 1 - lake.clock.nowMs());
    const { listings } = await fetchReference(deps, { session: day });
    seen.renamed.push(...listings.renamed);
    seen.delisted.push(...listings.delisted);
    seen.listed.push(...listings.listed);
    const active = new Set((await rowsOf(deps.source as SimulatedSource, day)).map(({ symbol }) => symbol));
    const open = (await lake.rows(LISTINGS)).filter((row) => row.last_session === null).map((row) => row.symbol);
    for (const symbol of active) assert.ok(open.includes(symbol), `${symbol} trades on ${day} and is listed`);
  }
  check(seen);
}

describe('scenarios by name', () => {
  for (const name of SCENARIO_NAMES) test(`${name}: ${SCENARIOS[name]}`, BEHAVIOURS[name]);

  test('the same seed gives the same trouble, another seed another', () => {
    const drawn = (seed: number): unknown => scenarioFaults(SCENARIO_NAMES, { calendar, ...MARKET, seed, to: TO });
    assert.deepEqual(drawn(7), drawn(7));
    assert.notDeepEqual(drawn(7), drawn(8));
  });

  test('a longer range changes nothing about the sessions before', () => {
    const sessionsOf = (to: IsoDate): string[] =>
      scenarioFaults(['partial-session'], { calendar, ...MARKET, to }).map((fault) => JSON.stringify(fault));
    const short = sessionsOf(isoDate('2024-03-28'));
    assert.deepEqual(sessionsOf(TO).slice(0, short.length), short);
  });

  test('the page of the simulated market says what each does', async () => {
    const page = await readFile('docs/reference/simulated-market.md', 'utf8');
    for (const name of SCENARIO_NAMES) assert.ok(page.includes(`| \`${name}\` | ${SCENARIOS[name]} |`), name);
  });
});
