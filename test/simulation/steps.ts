import assert from 'node:assert/strict';

import type { IsoDate } from '#base/dates.ts';
import { consolidate } from '#batch/consolidate.ts';
import { completeLedger } from '#batch/ledger/complete-ledger.ts';
import { putBars } from '#batch/put/put-bars.ts';
import { resample } from '#batch/resample/resample.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { restoreTable } from '#batch/restore.ts';
import { vacuumLake } from '#batch/vacuum.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import type { Lake } from '#lake/lake.ts';
import { LISTINGS, SPLITS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { OtherWriter } from './other-writer.ts';
import { afterPut, keyOf, NOTHING, publishedSessions, restated, restored, type Truth } from './truth.ts';
import type { Ending, World } from './world.ts';

/** Steps that can happen in a world, one after the other. Each checks right away what it can. */

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 400;
const STEPS_MIN = 5;
const STEPS_MORE = 7;

/** A random history with faults and kills, and the calm after it, in which everything must come right. */
export async function live(world: World): Promise<void> {
  const { market } = world;
  await put(world, world.sessions.slice(0, 12 + market.integer(20)));
  const steps = STEPS_MIN + market.integer(STEPS_MORE);
  for (let step = 0; step < steps; step += 1) await happen(world);
  await calmDown(world);
}

const STEPS: readonly [number, (world: World) => Promise<void>][] = [
  [5, (world) => put(world, someSessions(world))],
  [2, putTwice],
  [2, restoreBars],
  [1, restoreBesidePut],
  [2, putSplits],
  [1, putListings],
  [1, closeSession],
  [5, (world) => derive(world)],
  [2, (world) => mergeFiles(world)],
  [2, (world) => recordRestatements(world)],
  [2, cleanUp],
  [2, otherProgram],
  [3, read],
];

async function happen(world: World): Promise<void> {
  let ticket = world.market.integer(STEPS.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, step] of STEPS) {
    ticket -= weight;
    if (ticket < 0) return step(world);
  }
}

function someSessions(world: World): IsoDate[] {
  const { market, sessions } = world;
  const start = market.integer(sessions.length);
  return sessions
    .slice(start, start + 1 + market.integer(market.chance(0.2) ? 25 : 4))
    .filter((session) => !world.closed.includes(session));
}

function someRows(world: World, sessions: readonly IsoDate[]): DailyBar[] {
  const { market, truth } = world;
  const source = market.pick(['import', 'import', 'massive', 'simulated']);
  const fetchedAtMs = world.clock.nowMs();
  return sessions.flatMap((session) =>
    market.rowsOf(session).map((row) => {
      const old = truth.bars.get(keyOf(row));
      // Most rows that arrive again are unchanged.
      const values = old !== undefined && market.chance(0.7) ? old : row;
      return { ...values, source, fetchedAtMs };
    }),
  );
}

async function putRows(world: World, lake: Lake, rows: readonly DailyBar[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const rules = { sourceRanks: DEFAULT_SOURCE_RANKS, longestInterval: Math.max(...world.intervals), partialShare: 0.9 };
  // As strings: a bare literal would become a DECIMAL on its way to a DOUBLE and lose its last digit.
  const number = (value: number | null): string => (value === null ? 'NULL' : `'${value}'`);
  const values = rows.map(
    (r) =>
      `('${r.symbol}', DATE '${r.session}', ${[r.open, r.high, r.low, r.close, r.volume, r.vwap, r.trades].map(number).join(', ')})`,
  );
  const select = `SELECT symbol, session, open::DOUBLE AS open, high::DOUBLE AS high, low::DOUBLE AS low, close::DOUBLE AS close,
    volume::DOUBLE AS volume, vwap::DOUBLE AS vwap, trades::BIGINT AS trades
    FROM (VALUES ${values.join(', ')}) t(symbol, session, open, high, low, close, volume, vwap, trades)`;
  await putBars(
    { lake, calendar: world.calendar, clock: world.clock, rules },
    { rows: select, source: first.source ?? 'import', fetchedAtMs: first.fetchedAtMs },
  );
}

async function put(world: World, sessions: readonly IsoDate[]): Promise<void> {
  const rows = someRows(world, sessions);
  const before = world.truth;
  const after = afterPut(before, rows);
  const ending = await world.attempt(`put ${sessions.length} sessions from ${sessions[0]}`, (lake) =>
    putRows(world, lake, rows),
  );
  await settle(world, before, ending === 'done' ? [after] : [before, after]);
  if (ending === 'done') for (const session of sessions) world.behindLedger.delete(session);
  else for (const session of sessions) world.behindLedger.add(session);
}

/** Two processes put concurrently, perhaps the same sessions. Both succeed, in either order. */
async function putTwice(world: World): Promise<void> {
  const first = someRows(world, someSessions(world));
  const second = someRows(
    world,
    world.market.chance(0.5) ? someSessions(world) : [...new Set(first.map((row) => row.session))],
  );
  const before = world.truth;
  const endings = await Promise.all([
    world.attempt('put beside another', (lake) => putRows(world, lake, first)),
    world.attempt('put beside another', (lake) => putRows(world, lake, second)),
  ]);
  const one = (rows: readonly DailyBar[], ending: Ending): (readonly DailyBar[])[] =>
    ending === 'done' ? [rows] : [rows, []];
  const candidates: Truth[] = [];
  for (const a of one(first, endings[0] ?? 'failed')) {
    for (const b of one(second, endings[1] ?? 'failed')) {
      candidates.push(afterPut(afterPut(before, a), b), afterPut(afterPut(before, b), a));
    }
  }
  // The order determines what was restated in which version, so that is checked only for one writer at a time.
  await world.settle(candidates);
  for (const row of [...first, ...second]) world.behindLedger.add(row.session);
  await forgetRestatements(world);
}

/** A person restores a version while another process puts sessions. Both succeed, in either order. */
async function restoreBesidePut(world: World): Promise<void> {
  const { market, past } = world;
  if (past.size === 0) return;
  const rows = someRows(world, someSessions(world));
  const before = world.truth;
  const version = market.pick([...past.keys()]);
  const after = { ...before, bars: past.get(version) ?? NOTHING.bars };
  const endings = await Promise.all([
    world.attempt(`restore version ${version} beside a put`, (lake) =>
      restoreTable(ledgerDeps(world, lake), { table: 'daily_bars', to: { version } }),
    ),
    world.attempt('put beside a restore', (lake) => putRows(world, lake, rows)),
  ]);
  const candidates = [afterPut(after, rows), after];
  if (endings[0] !== 'done') candidates.push(afterPut(before, rows));
  if (endings.every((ending) => ending !== 'done')) candidates.push(before);
  await world.settle(candidates);
  for (const row of rows) world.behindLedger.add(row.session);
  // Which values came back depends on the order.
  await forgetRestatements(world);
}

/** A person restores an earlier version of the bars, or the empty table. */
async function restoreBars(world: World): Promise<void> {
  const { market, past } = world;
  if (past.size === 0) return;
  const before = world.truth;
  const isEmptied = market.chance(0.1);
  const version = market.pick([...past.keys()]);
  const bars = isEmptied ? NOTHING.bars : (past.get(version) ?? NOTHING.bars);
  const after = { ...before, bars };
  const ending = await world.attempt(`restore ${isEmptied ? 'nothing' : `version ${version}`}`, (lake) =>
    restoreTable(ledgerDeps(world, lake), { table: 'daily_bars', to: isEmptied ? 'empty' : { version } }),
  );
  const { truth, version: made } = await world.settle(ending === 'done' ? [after] : [before, after]);
  if (truth === before) return;
  for (const text of restored(before, after, made)) world.restated.push({ version: made, text });
}

function ledgerDeps({ calendar }: World, lake: Lake) {
  return { lake, calendar, rules: { partialShare: 0.9 } };
}

async function settle(world: World, before: Truth, candidates: readonly Truth[]): Promise<void> {
  const { truth, version } = await world.settle(candidates);
  if (truth === before) return;
  for (const text of restated(before, truth, version, (session) => world.calendar.settlesAtMs(session))) {
    world.restated.push({ version, text });
  }
}

/** Accepts what is stored up to here; later versions are checked again. */
async function forgetRestatements(world: World): Promise<void> {
  const lake = world.clean();
  await deriveRestatements({ lake, calendar: world.calendar });
  await world.adoptRestatements();
}

async function putSplits(world: World): Promise<void> {
  const { market } = world;
  const splits = [
    ...world.truth.splits.filter(() => !market.chance(0.15)),
    market.split(),
    ...(market.chance(0.2) ? [market.split()] : []),
  ];
  const unique = [
    ...new Map(splits.map((split) => [`${split.symbol} ${split.exDate} ${split.splitTo}`, split])).values(),
  ];
  const rows = unique.map((s) => ({
    symbol: s.symbol,
    ex_date: s.exDate,
    split_from: s.splitFrom,
    split_to: s.splitTo,
    source: s.source,
  }));
  const shape = { symbol: 'VARCHAR', ex_date: 'DATE', split_from: 'DOUBLE', split_to: 'DOUBLE', source: 'VARCHAR' };
  const ending = await world.attempt('late splits', (lake) => world.replaceTable(lake, SPLITS, rows, shape), true);
  assert.equal(ending, 'done');
  world.truth = { ...world.truth, splits: unique };
}

async function putListings(world: World): Promise<void> {
  const listings = world.market.listings();
  const rows = listings.map((row) => ({
    security_id: row.securityId,
    symbol: row.symbol,
    first_session: row.firstSession,
    last_session: row.lastSession,
  }));
  const shape = { security_id: 'VARCHAR', symbol: 'VARCHAR', first_session: 'DATE', last_session: 'DATE' };
  const ending = await world.attempt('listing links', (lake) => world.replaceTable(lake, LISTINGS, rows, shape), true);
  assert.equal(ending, 'done');
  world.truth = { ...world.truth, listings };
}

/** The exchange announces a closure on a day without bars. */
async function closeSession(world: World): Promise<void> {
  const published = new Set(publishedSessions(world.truth));
  const open = world.sessions.filter((session) => !published.has(session) && !world.closed.includes(session));
  if (open.length === 0) return;
  const date = world.market.pick(open);
  world.closed = [...world.closed, date];
  world.calendar = createCalendar({
    lastYear: 2028,
    closures: world.closed.map((day) => ({ date: day, name: 'simulated' })),
  });
  // A closure is configured, not stored: windows that extend past it change, even as of an earlier instant.
  world.answers = world.answers.filter(({ interval }) => interval === 1);
  world.trace.push(`closing on ${date}`);
}

async function derive(world: World, calm = false): Promise<void> {
  let hasFailed = false;
  const full = world.market.chance(0.1);
  const ending = await world.attempt(
    full ? 'resample, full' : 'resample',
    async (lake) => {
      const report = await resample(
        { lake, calendar: world.calendar, clock: world.clock },
        { intervals: world.intervals, full },
      );
      hasFailed = report.intervals.some((part) => part.mode === 'failed');
    },
    calm,
  );
  assert.ok(!calm || (ending === 'done' && !hasFailed), 'nothing fails in the calm');
  await world.checkSilver(ending === 'done' && !hasFailed);
}

async function mergeFiles(world: World, calm = false): Promise<void> {
  const mode = world.market.chance(0.3) ? 'full' : 'incremental';
  const ending = await world.attempt(
    `consolidate, ${mode}`,
    (lake) => consolidate({ lake, calendar: world.calendar, clock: world.clock }, { mode, intervals: world.intervals }),
    calm,
  );
  assert.ok(!calm || ending === 'done', 'nothing fails in the calm');
  await world.settle([world.truth]);
}

async function recordRestatements(world: World, calm = false): Promise<void> {
  const ending = await world.attempt(
    'restatements',
    (lake) => deriveRestatements({ lake, calendar: world.calendar }),
    calm,
  );
  if (ending === 'done') await world.checkRestatements();
}

async function cleanUp(world: World): Promise<void> {
  const { market } = world;
  world.clock.move(market.chance(0.4) ? (RETENTION_DAYS + 10) * DAY_MS : market.integer(30) * DAY_MS);
  const retentionDays = market.chance(0.3) ? 30 : RETENTION_DAYS;
  // A vacuum that dies may already have deleted files.
  world.answers = world.answers.filter((answer) => answer.asOfMs >= world.clock.nowMs() - retentionDays * DAY_MS);
  await world.attempt(`vacuum, ${retentionDays} days`, (lake) =>
    vacuumLake({ lake, calendar: world.calendar }, { retentionDays }),
  );
  await world.settle([world.truth]);
  await world.checkSilver(false);
}

async function otherProgram(world: World): Promise<void> {
  const lake = world.clean();
  const writer = new OtherWriter(world.inner, lake, world.random);
  const nowMs = world.clock.nowMs();
  const published = publishedSessions(world.truth);
  if (world.market.chance(0.5) && published.length > 0) {
    const session = world.market.pick(published);
    const row: DailyBar = {
      symbol: 'FGN',
      session,
      open: 5,
      high: 6,
      low: 4,
      close: 5.5,
      volume: 1000,
      vwap: 5.25,
      trades: 10,
      source: null,
      fetchedAtMs: nowMs,
    };
    if (world.truth.bars.has(keyOf(row))) return;
    await writer.append(row, nowMs);
    world.trace.push(`another program appends ${keyOf(row)}`);
    world.behindLedger.add(session);
    const bars = new Map(world.truth.bars).set(keyOf(row), row);
    await world.settle([{ ...world.truth, bars }]);
    return;
  }
  if (await writer.compact(nowMs)) world.trace.push('another program compacts a year');
  await world.settle([world.truth]);
}

/** Records answers that must be reproduced later, and reproduces earlier ones. */
async function read(world: World): Promise<void> {
  const lake = world.clean();
  const deps = { lake, calendar: world.calendar, clock: world.clock, caches: new MarketCaches(lake) };
  for (const answer of world.answers) {
    const { asOfMs, symbol, interval, text } = answer;
    const again = await readBars(deps, { symbol, interval, asOfMs });
    assert.equal(JSON.stringify(again.bars), text, `bars of ${symbol} as of ${new Date(asOfMs).toISOString()}`);
  }
  const published = publishedSessions(world.truth);
  if (published.length === 0) return;
  const session = world.market.pick(published);
  const row = world.market.pick([...world.truth.bars.values()].filter((bar) => bar.session === session));
  const interval = world.market.pick([1, ...world.intervals, 7]);
  const request = { symbol: row.symbol, interval, to: session };
  const asOfMs = world.clock.nowMs();
  const now = await readBars(deps, { symbol: row.symbol, interval, asOfMs });
  world.answers.push({ asOfMs, symbol: row.symbol, interval, text: JSON.stringify(now.bars) });
  const raw = await readBars(deps, { ...request, adjust: 'raw' });
  if (raw.grain === 'session') {
    const last = raw.bars.at(-1);
    assert.deepEqual(
      [last?.session, last?.open, last?.close, last?.volume],
      [session, row.open, row.close, row.volume],
      `raw bar of ${keyOf(row)}`,
    );
  }
  world.trace.push(`read ${row.symbol}, ${interval} sessions`);
  world.clock.move(1000);
  world.answers = world.answers.slice(-6);
}

/** Ends the faults and runs everything once more; after that, everything must be right. */
async function calmDown(world: World): Promise<void> {
  world.trace.push('calm');
  // A restore that died before the ledger followed it is followed by the next run.
  await world.attempt(
    'complete the ledger',
    (lake) => completeLedger(ledgerDeps(world, lake), world.clock.nowMs()),
    true,
  );
  // Putting the same rows again repairs the ledger after a put that died or a foreign write.
  const mended = [...world.behindLedger].filter((session) => world.calendar.isSession(session));
  const rows = [...world.truth.bars.values()].filter((bar) => mended.includes(bar.session));
  if (rows.length > 0) await world.attempt('put again what is there', (lake) => putRows(world, lake, rows), true);
  await world.settle([world.truth]);
  await derive(world, true);
  await recordRestatements(world, true);
  await mergeFiles(world, true);
  await world.checkSilver(true);
  const report = await verifyLake(
    { lake: world.clean(), calendar: world.calendar, clock: world.clock },
    { deep: true },
  );
  assert.deepEqual(report.findings, [], 'what verify finds');
  const before = await resample(
    { lake: world.clean(), calendar: world.calendar, clock: world.clock },
    { intervals: world.intervals },
  );
  assert.ok(
    before.intervals.every((part) => part.windows === 0 && part.removedWindows === 0),
    'a second resample finds nothing to do',
  );
  await resample(
    { lake: world.clean(), calendar: world.calendar, clock: world.clock },
    { intervals: world.intervals, full: true },
  );
  await world.checkSilver(true);
}
