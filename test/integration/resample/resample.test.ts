import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { type ResampleReport, type ResampleRequest, resample } from '#batch/resample/resample.ts';
import { commitName } from '#lake/log-files.ts';
import { DAILY_BARS, SPLITS, silverBars } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';
import { firstDifference, MarketModel } from './market-model.ts';

/** After all sessions of the tests. */
const CLOCK = new VirtualClock(Date.parse('2027-12-01T12:00:00Z'));

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

const from = (first: string, count: number): IsoDate[] => {
  const index = CALENDAR.indexOnOrAfter(isoDate(first));
  return Array.from({ length: count }, (_, i) => CALENDAR.sessionAt(index + i));
};

interface Market {
  readonly model: MarketModel;
  readonly run: (request?: Partial<ResampleRequest>) => Promise<ResampleReport>;
}

function marketIn(open: TestLake, sessions: readonly IsoDate[] = []): Market & { fill: () => Promise<void> } {
  const model = new MarketModel(open.lake, CALENDAR);
  return {
    model,
    fill: () =>
      model.put(sessions.flatMap((session, i) => [bar('AAA', session, 10 + i), bar('BBB', session, 400 - i)])),
    run: (request = {}) =>
      resample(
        { lake: open.lake, calendar: model.calendar, clock: CLOCK },
        { intervals: DEFAULT_INTERVALS, ...request },
      ),
  };
}

async function assertRight(model: MarketModel, intervals: readonly number[] = DEFAULT_INTERVALS): Promise<void> {
  for (const interval of intervals) {
    const difference = firstDifference(await model.stored(interval), model.expected(interval));
    assert.equal(difference, undefined, `${interval} sessions: ${difference}`);
  }
}

const modes = (report: ResampleReport): string[] => report.intervals.map(({ mode }) => mode);
const windows = (report: ResampleReport): number[] => report.intervals.map((part) => part.windows);

test('without daily bars there is nothing to do', async () => {
  await using open = await openTestLake();
  const report = await marketIn(open).run();
  assert.equal(report.lastPublished, undefined);
  assert.deepEqual(modes(report), Array(6).fill('unchanged'));
});

test('a first run folds every window: closed ones into one file a year, the open one into its own', async () => {
  await using open = await openTestLake();
  const { model, run, fill } = marketIn(open, from('2023-10-02', 125));
  await fill();
  const report = await run();
  assert.ok(report.intervals.every(({ mode, reason }) => mode === 'full' && reason === 'the table is new'));
  await assertRight(model);
  const files = (await open.lake.table(silverBars(21)).head())?.files ?? [];
  const byYear = files.map((file) => `${file.partitionValues.year}: ${file.units?.size}`).sort();
  assert.deepEqual(byYear, ['2023: 4', '2024: 1', '2024: 2']);
  assert.deepEqual(modes(await run()), Array(6).fill('unchanged'));
});

test('one new session touches one window a table, and reads and writes no other', async () => {
  await using open = await openTestLake();
  const sessions = from('2023-10-02', 125);
  const { model, run, fill } = marketIn(open, sessions);
  await fill();
  await run();
  const next = CALENDAR.next(sessions.at(-1) ?? CALENDAR.firstSession);
  await model.put([bar('AAA', next, 77), bar('CCC', next, 5)]);
  const report = await run();
  assert.deepEqual(modes(report), Array(6).fill('incremental'));
  assert.deepEqual(windows(report), Array(6).fill(1));
  assert.ok(report.intervals.every((part) => part.rows <= 3 && part.filesAdded === 1 && part.filesRemoved <= 1));
  await assertRight(model);
});

test('lesson: a run that brings few rows leaves all others of their year in place', async () => {
  await using open = await openTestLake();
  const sessions = from('2024-01-02', 60);
  const { model, run, fill } = marketIn(open, sessions);
  await fill();
  await run({ intervals: [5] });
  const before = (await model.stored(5)).length;
  const late = sessions[7] ?? CALENDAR.firstSession;
  await model.put([bar('AAA', late, 999)]);
  const report = await run({ intervals: [5] });
  assert.deepEqual(windows(report), [1]);
  assert.equal((await model.stored(5)).length, before);
  await assertRight(model, [5]);
});

test('lesson: the newest bar of three sessions begins on the same session on successive nights', async () => {
  await using open = await openTestLake();
  const { model, run } = marketIn(open);
  const first = CALENDAR.sessionAt(Math.ceil(CALENDAR.indexOnOrAfter(isoDate('2024-05-13')) / 3) * 3);
  const index = CALENDAR.sessionIndex(first);
  const starts: IsoDate[] = [];
  const complete: boolean[] = [];
  for (let night = 0; night < 4; night += 1) {
    const session = CALENDAR.sessionAt(index + night);
    await model.put([bar('AAA', session, 10 + night)]);
    await run({ intervals: [3] });
    const newest = (await model.stored(3)).at(-1);
    starts.push(newest?.firstSession ?? CALENDAR.firstSession);
    complete.push(newest?.complete ?? false);
  }
  assert.deepEqual(starts, [first, first, first, CALENDAR.next(first, 3)]);
  // Lesson: half-built bars were stored as final. Here they are served, and marked.
  assert.deepEqual(complete, [false, false, true, false]);
});

test('lesson: history that arrives late moves no boundary and is folded, however old it is', async () => {
  await using open = await openTestLake();
  const { model, run, fill } = marketIn(open, from('2024-03-01', 40));
  await fill();
  await run({ intervals: [8] });
  const before = (await model.stored(8)).map((row) => row.firstSession);
  await model.put(from('2021-06-01', 30).map((session) => bar('OLD', session, 3)));
  const report = await run({ intervals: [8] });
  assert.deepEqual(modes(report), ['incremental']);
  await assertRight(model, [8]);
  const after = (await model.stored(8)).filter((row) => row.symbol !== 'OLD').map((row) => row.firstSession);
  assert.deepEqual(after, before);
});

test('lesson: a symbol that begins later than others shares their windows and is never stranded', async () => {
  await using open = await openTestLake();
  const sessions = from('2024-03-01', 30);
  const { model, run, fill } = marketIn(open, sessions);
  await fill();
  await run({ intervals: [13] });
  await model.put(sessions.slice(11).map((session) => bar('IPO', session, 20)));
  await run({ intervals: [13] });
  await assertRight(model, [13]);
  const rows = await model.stored(13);
  const ofOthers = new Set(rows.filter((row) => row.symbol === 'AAA').map((row) => row.firstSession));
  assert.ok(rows.filter((row) => row.symbol === 'IPO').every((row) => ofOthers.has(row.firstSession)));
});

test('lesson: a bar over a split is in one price scale', async () => {
  await using open = await openTestLake();
  const index = Math.ceil(CALENDAR.indexOnOrAfter(isoDate('2024-06-03')) / 5) * 5;
  const [a, b, c, d, e] = Array.from({ length: 5 }, (_, i) => CALENDAR.sessionAt(index + i));
  assert.ok(a && b && c && d && e);
  const { model, run } = marketIn(open);
  await model.put([bar('NVDA', a, 1200), bar('NVDA', b, 1200), bar('NVDA', c, 120), bar('NVDA', d, 120)]);
  await run({ intervals: [5] });
  assert.deepEqual(
    (await model.stored(5)).map((row) => [row.high, row.volume]),
    [[1500, 4000]],
  );
  // The split is learned late: exactly this window is derived again.
  await model.putSplits([{ symbol: 'NVDA', exDate: c, splitFrom: 1, splitTo: 10, source: 'test' }]);
  const report = await run({ intervals: [5] });
  assert.deepEqual(windows(report), [1]);
  assert.deepEqual(
    (await model.stored(5)).map((row) => [row.high, row.volume]),
    [[150, 22_000]],
  );
  await assertRight(model, [5]);
  // It was wrong, and is taken back.
  await model.putSplits([]);
  assert.deepEqual(windows(await run({ intervals: [5] })), [1]);
  assert.deepEqual(
    (await model.stored(5)).map((row) => [row.high, row.volume]),
    [[1500, 4000]],
  );
});

test('a split announced for a session that is not published yet scales nothing until it is', async () => {
  await using open = await openTestLake();
  const index = Math.ceil(CALENDAR.indexOnOrAfter(isoDate('2024-06-03')) / 5) * 5;
  const [a, b, c] = Array.from({ length: 3 }, (_, i) => CALENDAR.sessionAt(index + i));
  assert.ok(a && b && c);
  const { model, run } = marketIn(open);
  await model.put([bar('NVDA', a, 1200), bar('NVDA', b, 1200)]);
  await model.putSplits([{ symbol: 'NVDA', exDate: c, splitFrom: 1, splitTo: 10, source: 'test' }]);
  await run({ intervals: [5] });
  assert.equal((await model.stored(5))[0]?.open, 1200);
  await model.put([bar('NVDA', c, 120)]);
  await run({ intervals: [5] });
  assert.equal((await model.stored(5))[0]?.open, 120);
  await assertRight(model, [5]);
});

test('a rename inside a window gives one bar, under the symbol of its last session', async () => {
  await using open = await openTestLake();
  const sessions = from('2022-05-20', 30);
  const changed = sessions[14];
  const last = sessions[13];
  assert.ok(changed && last);
  const { model, run } = marketIn(open);
  await model.put(sessions.map((session) => bar(session < changed ? 'FB' : 'META', session, 190)));
  await run();
  await model.putListings([
    { securityId: 'FB', symbol: 'FB', firstSession: isoDate('2012-05-18'), lastSession: last },
    { securityId: 'FB', symbol: 'META', firstSession: changed, lastSession: null },
  ]);
  const report = await run();
  assert.deepEqual(modes(report), Array(6).fill('incremental'));
  await assertRight(model);
  for (const interval of DEFAULT_INTERVALS) {
    const rows = await model.stored(interval);
    const over = rows.filter((row) => row.firstSession < changed && changed <= row.lastSession);
    assert.ok(over.length <= 1);
    assert.ok(over.every((row) => row.symbol === 'META' && row.securityId === 'FB'));
  }
});

test('a symbol handed to another security gives two bars where both have rows in a window', async () => {
  await using open = await openTestLake();
  const sessions = from('2024-03-01', 34);
  const { model, run } = marketIn(open);
  const reborn = sessions[20];
  assert.ok(reborn);
  await model.put(sessions.filter((_, i) => i < 15 || i >= 20).map((session) => bar('RE', session, 50)));
  await model.putListings([{ securityId: `RE@${reborn}`, symbol: 'RE', firstSession: reborn, lastSession: null }]);
  await run();
  await assertRight(model);
});

test('a new closing recomputes the windows from the first differing session on, and says so', async () => {
  await using open = await openTestLake();
  const { model, run, fill } = marketIn(open, from('2024-12-02', 60));
  await fill();
  await run();
  const before = await model.stored(5);
  model.calendar = createCalendar({ lastYear: 2028, closures: [{ date: isoDate('2025-01-15'), name: 'test' }] });
  const report = await run();
  assert.ok(report.intervals.every((part) => part.mode === 'incremental' && part.reason?.includes('calendar changed')));
  await assertRight(model);
  const untouched = before.filter((row) => row.lastSession < '2025-01-15').length;
  const written = report.intervals.find((part) => part.interval === 5)?.windows ?? 0;
  assert.ok(written * 2 < before.length && untouched > 0, 'windows before the closing stay');
  assert.deepEqual(modes(await run()), Array(6).fill('unchanged'));
});

test('a commit that was cleaned away before it was resampled means a rebuild, said aloud', async () => {
  await using open = await openTestLake();
  const sessions = from('2024-03-01', 30);
  const { model, run, fill } = marketIn(open, sessions.slice(0, 20));
  await fill();
  await run();
  for (const session of sessions.slice(20, 23)) await model.put([bar('AAA', session, 60)]);
  await open.lake.table(DAILY_BARS).checkpoint();
  await rm(join(open.root, DAILY_BARS.name, '_delta_log', commitName(2)));
  const report = await run();
  assert.ok(report.intervals.every((part) => part.mode === 'full' && part.reason?.includes('cleaned away')));
  await assertRight(model);
});

test('a replaced input table means a rebuild, once; a new one does not', async () => {
  await using open = await openTestLake();
  const sessions = from('2024-03-01', 30);
  const { model, run, fill } = marketIn(open, sessions);
  const split = { symbol: 'AAA', splitFrom: 1, splitTo: 2, source: 'test' };
  await fill();
  await run();
  await model.putSplits([{ ...split, exDate: isoDate('2024-03-12') }]);
  assert.deepEqual(modes(await run()), Array(6).fill('incremental'));
  await assertRight(model);

  await rm(join(open.root, SPLITS.name), { recursive: true });
  const other = new MarketModel(open.again(), CALENDAR);
  other.bars.clear();
  for (const [session, rows] of model.bars) other.bars.set(session, rows);
  await other.putSplits([{ ...split, exDate: isoDate('2024-03-20') }]);
  const again = await resample({ lake: other.lake, calendar: CALENDAR, clock: CLOCK }, { intervals: [5] });
  assert.deepEqual(
    again.intervals.map(({ reason }) => reason),
    ['an input table was replaced by another one'],
  );
  await assertRight(other, [5]);
  const third = await resample({ lake: other.lake, calendar: CALENDAR, clock: CLOCK }, { intervals: [5] });
  assert.deepEqual(modes(third), ['unchanged']);
});

test('lesson: two resamplers of the same tables at once end with what one would have made', async () => {
  await using open = await openTestLake();
  const sessions = from('2024-03-01', 60);
  const { model, run, fill } = marketIn(open, sessions.slice(0, 50));
  await fill();
  await run();
  for (const session of sessions.slice(50)) {
    await model.put([bar('AAA', session, 60), bar('BBB', session, 80)]);
    await Promise.all(
      [open.lake, open.again(), open.again()].map((lake) =>
        resample({ lake, calendar: CALENDAR, clock: CLOCK }, { intervals: [3, 13] }),
      ),
    );
    await assertRight(new MarketModelView(model, open), [3, 13]);
  }
});

/** The same expectation, read by a lake that has nothing in memory. */
class MarketModelView extends MarketModel {
  constructor(model: MarketModel, open: TestLake) {
    super(open.again(), model.calendar);
    for (const [session, rows] of model.bars) this.bars.set(session, rows);
    this.splits = model.splits;
    this.listings = model.listings;
  }
}

test('lesson: one interval that fails leaves the five others, and says why', async () => {
  await using open = await openTestLake();
  const { model, fill } = marketIn(open, from('2024-03-01', 60));
  await fill();
  const store = open.deps.store;
  const full: ObjectStore = new Proxy(store, {
    get(target, name) {
      if (name !== 'publish') {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (path: string, key: string) => {
        if (!key.startsWith('silver/bars_8d/')) return target.publish(path, key);
        throw new CondvestError({ code: 'no-space', kind: 'permanent', message: 'The disk is full' });
      };
    },
  });
  const report = await resample(
    { lake: open.again({ store: full }), calendar: CALENDAR, clock: CLOCK },
    { intervals: DEFAULT_INTERVALS },
  );
  assert.deepEqual(
    report.intervals.map(({ interval, mode, error }) => [interval, mode, error?.code]),
    DEFAULT_INTERVALS.map((n) => (n === 8 ? [8, 'failed', 'no-space'] : [n, 'full', undefined])),
  );
  const view = new MarketModelView(model, open);
  await assertRight(view, [3, 5, 13, 21, 34]);
  await resample({ lake: view.lake, calendar: CALENDAR, clock: CLOCK }, { intervals: DEFAULT_INTERVALS });
  await assertRight(view);
});

test('a full rebuild is the same table again', async () => {
  await using open = await openTestLake();
  const sessions = from('2023-11-01', 90);
  const { model, run, fill } = marketIn(open, sessions);
  await fill();
  await run();
  const before = await model.stored(5);
  const report = await run({ full: true, intervals: [5] });
  assert.deepEqual(
    report.intervals.map(({ mode, reason }) => [mode, reason]),
    [['full', 'asked for']],
  );
  assert.deepEqual(await model.stored(5), before);
});

test('an interval that is not among the defaults can be stored too', async () => {
  await using open = await openTestLake();
  const { model, run, fill } = marketIn(open, from('2023-01-03', 300));
  await fill();
  await run({ intervals: [2, 252] });
  await assertRight(model, [2, 252]);
});
