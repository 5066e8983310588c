import assert from 'node:assert/strict';
import type { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import { type Fault, faultyRows } from '#adapters/simulator/scenarios.ts';
import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { currentLedger } from '#batch/ledger/ledger.ts';
import { currentListings } from '#batch/tables/listings-table.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { RawDailyRow } from '#market/quality.ts';
import type { Clock } from '#ports/clock.ts';
import type { NoticeEvent, Notices } from '#ports/notices.ts';
import { firstDifference, MarketModel } from '#test/integration/resample/market-model.ts';

/** Checks after every night and at the end of a month. */

export const INTERVALS = [3, 8];
export const REQUESTS_PER_MINUTE = 5;

/** The state of the world after the nights so far. */
export interface Evidence {
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly lake: Lake;
  readonly notices: Notices;
  /** The market without faults. */
  readonly market: SimulatedSource;
  readonly faults: readonly Fault[];
  /** The first session to be fetched, and the last one of the month. */
  readonly from: IsoDate;
  readonly last: IsoDate;
  /** Notices that reached the channel, in order. */
  readonly events: readonly NoticeEvent[];
  /** Instants of requests to the source, over all processes. */
  readonly askedMs: readonly number[];
  readonly kills: number;
  readonly failedRuns: number;
  /** Whether settled sessions were fetched again. */
  readonly askedAgain: boolean;
  /** Whether a session that was fetched again was stored with its earlier values. */
  readonly restates: boolean;
}

/**
 * Checks every run that completed: someone who watches the notices knows about every session with no or few bars by its
 * deadline, and about every failed run, and is told once these conditions are resolved. Stored rows are counted here;
 * the expected rows are the market's own truth.
 */
export async function checkTold(of: Evidence, state: string): Promise<void> {
  const open = await of.notices.list({ openOnly: true, limit: 1000 });
  const isTold = (kind: string, session: IsoDate): boolean =>
    open.some((notice) => notice.kind === kind && covers(notice.key, session));
  const stored = await storedRows(of);
  const nowMs = of.clock.nowMs();
  for (const session of of.calendar.range(of.from, of.calendar.lastClosedSession(nowMs))) {
    if (nowMs < of.calendar.settlesAtMs(session)) continue;
    const [rows, whole] = [stored.get(session)?.length ?? 0, of.market.truth(session).length];
    if (rows === 0) assert.ok(isTold('session-missing', session), `${session} is missing, and nobody was told`);
    else if (rows < whole / 2)
      assert.ok(isTold('session-partial', session), `${session} has ${rows} of ${whole} bars, and nobody was told`);
    const isBundled = open.some(({ key }) => key.includes('..') && covers(key, session));
    if (rows === whole && !isBundled) assert.ok(!isTold('session-missing', session), `${session} is whole`);
  }
  const failures = open.filter(({ kind }) => kind === 'run-failed' || kind === 'quarantine-over-bound');
  if (state === 'failed') assert.ok(failures.length > 0, 'a run failed, and nobody was told');
  else
    assert.deepEqual(
      failures.map(({ key }) => key),
      [],
      'a run succeeded, and its failure is not over',
    );
}

export async function storedRows(of: Pick<Evidence, 'lake'>): Promise<Map<IsoDate, DailyBar[]>> {
  const { lake } = of;
  const head = await lake.table(DAILY_BARS).head();
  const scan = await lake.table(DAILY_BARS).scanSql(head?.files ?? []);
  const rows = await lake.rows<Omit<DailyBar, 'source' | 'fetchedAtMs'> & { readonly session: IsoDate }>(
    `SELECT symbol, session, open, high, low, close, volume, vwap, trades FROM (${scan}) ORDER BY session, symbol`,
  );
  const stored = new Map<IsoDate, DailyBar[]>();
  for (const row of rows) {
    const list = stored.get(row.session) ?? [];
    list.push({ ...row, source: 'simulated', fetchedAtMs: 0 });
    stored.set(row.session, list);
  }
  return stored;
}

export async function checkEnd(of: Evidence): Promise<void> {
  const { lake } = of;
  const ledger = await currentLedger(lake);
  const settledUntil = of.calendar.previous(of.calendar.lastClosedSession(of.clock.nowMs()));
  const stored = await storedRows(of);
  for (const session of of.calendar.range(of.from, settledUntil)) {
    assert.equal(ledger.get(session)?.state, 'settled', `state of ${session}`);
    const restatement = of.faults.find((fault) => fault.name === 'restatement' && fault.session === session);
    const settlesAtMs = of.calendar.settlesAtMs(session);
    // A value that changed after its session had settled is seen only if the session is fetched again.
    const seen = restatement !== undefined && of.askedAgain ? [restatement] : [];
    const ask = { session, attempt: 9, nowMs: of.clock.nowMs(), settlesAtMs };
    const expected = faultyRows(of.market.truth(session), ask, seen).map(textOf).toSorted(byText);
    const found = (stored.get(session) ?? []).map(textOf).toSorted(byText);
    assert.deepEqual(found, expected, `bars of ${session}`);
    assert.equal(ledger.get(session)?.rows, expected.length, `ledger's rows of ${session}`);
  }
  await checkSilver(of, stored);
  const report = await verifyLake({ lake, calendar: of.calendar, clock: of.clock }, { deep: true });
  assert.deepEqual(report.findings, []);
  assert.ok(report.comparedRows > 0);
  await checkNotices(of);
  checkBudget(of);
}

/** Checks that silver equals what the pure functions derive from the bars and from the market's splits. */
async function checkSilver(of: Evidence, stored: ReadonlyMap<IsoDate, readonly DailyBar[]>): Promise<void> {
  const model = new MarketModel(of.lake, of.calendar);
  for (const [session, rows] of stored) model.bars.set(session, new Map(rows.map((row) => [row.symbol, row])));
  model.listings = [...(await currentListings(of.lake))];
  model.splits = (await of.market.splits(of.from)).map(({ symbol, exDate, splitFrom, splitTo }) => ({
    symbol: defined(symbol, 'the market names its symbols'),
    exDate: defined(exDate, 'and days'),
    splitFrom: defined(splitFrom, 'and ratios'),
    splitTo: defined(splitTo, 'and ratios'),
    source: 'simulated',
  }));
  for (const interval of INTERVALS) {
    const difference = firstDifference(await model.stored(interval), model.expected(interval));
    assert.equal(difference, undefined, `bars of ${interval} sessions: ${difference}`);
  }
}

async function checkNotices(of: Evidence): Promise<void> {
  const all = await of.notices.list({ openOnly: false, limit: 1000 });
  const lasting = all.filter(({ kind, state }) => state === 'open' && kind !== 'restated' && kind !== 'settled-short');
  assert.deepEqual(
    lasting.map(({ key }) => key),
    [],
    'every condition is over',
  );
  // A complete session never becomes incomplete again, so it has at most one notice of each kind.
  for (const session of of.calendar.range(of.from, of.last)) {
    for (const kind of ['session-missing', 'session-partial', 'session-late', 'settled-short']) {
      const count = all.filter((notice) => notice.kind === kind && covers(notice.key, session)).length;
      assert.ok(count <= 1, `${session} has ${count} notices: ${kind}`);
    }
  }
  const restated = all.filter(({ kind }) => kind === 'restated').length;
  assert.equal(restated, of.restates ? 1 : 0, 'restatements are told once');
  const told = new Map<string, number>();
  for (const { event, notice } of of.events) {
    const key = `${event} ${notice.id}`;
    told.set(key, (told.get(key) ?? 0) + 1);
  }
  // If a process was killed after delivering an event and before recording that, the event is delivered again under the
  // same id.
  const twice = [...told.values()].reduce((sum, count) => sum + count - 1, 0);
  assert.ok(twice <= of.kills, `${twice} events were told more than once, after ${of.kills} kills`);
  for (const notice of all) {
    assert.ok(told.has(`opened ${notice.id}`), `${notice.key} was told`);
    const isOver = notice.state === 'resolved';
    assert.equal(told.has(`resolved ${notice.id}`), isOver, `${notice.key} was told to be over: ${isOver}`);
  }
  const failures = all.filter(({ kind }) => kind === 'run-failed').length;
  assert.ok(failures <= of.failedRuns + of.kills, `${failures} notices of ${of.failedRuns} failed runs`);
}

function checkBudget(of: Evidence): void {
  assert.ok(of.askedMs.length > 0);
  for (const [index, atMs] of of.askedMs.entries()) {
    const before = of.askedMs[index - REQUESTS_PER_MINUTE];
    assert.ok(before === undefined || atMs - before >= 60_000, `request ${index} is over the budget`);
  }
}

function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Returns the values of a bar as one string. */
export function textOf(row: RawDailyRow | DailyBar): string {
  const { symbol, session, open, high, low, close, volume, vwap, trades } = row;
  return JSON.stringify([symbol, session, open, high, low, close, volume, vwap, trades]);
}

/** Returns whether a notice's key names a session, by itself or within a range. */
function covers(key: string, session: IsoDate): boolean {
  const [first = '', last = first] = key.slice(key.indexOf(':') + 1).split('..');
  return first <= session && session <= last;
}
