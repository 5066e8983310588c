import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { Lake } from '#lake/lake.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { type BuildOrigin, type BuildReport, startBuild } from '#runtime/build.ts';
import { readConfig } from '#runtime/config.ts';
import { type DaemonHost, fillFirst, keepTime } from '#runtime/daemon.ts';
import { statusTask } from '#runtime/fetch-tasks.ts';
import { keepHistoryStart } from '#runtime/history.ts';
import { type Laptop, openLaptop } from '#runtime/laptop.ts';
import { RunDesk } from '#runtime/run-desk.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const calendar = createCalendar({ lastYear: 2028 });
const FIRST = isoDate('2026-10-01');
const LAST = isoDate('2026-11-24');
const SYMBOLS = ['AAA', 'BBB', 'CCC'];

function bar(symbol: string, session: IsoDate): object {
  return { T: symbol, o: 10, h: 11, l: 9, c: 10.5, v: 1000, vw: 10.1, n: 7, t: calendar.closeMs(session) };
}

test('a vendor that is down when an empty lake is begun is waited for by schedule: told once, then filled, and told to be over', async () => {
  const names = { market: 'stocks', locale: 'us', active: true, type: 'CS', primary_exchange: 'XNYS' };
  const grouped = new Map(
    calendar.range(FIRST, LAST).map((session) => [session, SYMBOLS.map((symbol) => bar(symbol, session))]),
  );
  const tickers = SYMBOLS.map((ticker) => ({ ticker, name: ticker, ...names }));
  await using vendor = await VendorServer.open({ grouped, tickers, splits: [], dividends: [] }, 1000);
  const folder = await mkdtemp(join(tmpdir(), 'condvest-first-fill-'));
  try {
    const environment = {
      CONDVEST_HOME: folder,
      MASSIVE_API_KEY: vendor.key,
      CONDVEST_MASSIVE_URL: vendor.url,
      CONDVEST_REQUESTS_PER_MINUTE: '0',
    };
    await using opened = await openLaptop(readConfig({ environment, workingFolder: folder }));
    const clock = new VirtualClock(calendar.settlesAtMs(LAST) - 3_600_000);
    const laptop: Laptop = { ...opened, clock, lake: new Lake({ ...opened.lake.deps, clock }) };
    const told: string[] = [];
    await using desk = new RunDesk(laptop, { write: (line) => void told.push(line) });
    const abort = new AbortController();
    const next: string[] = [];
    const fills: string[] = [];
    const host: DaemonHost = {
      fill: async (origin: BuildOrigin): Promise<BuildReport> => {
        fills.push(new Date(clock.nowMs()).toISOString());
        return (await startBuild(laptop, desk, { origin })).report;
      },
      onNext: ({ atMs, reason }) => {
        next.push(`${new Date(atMs).toISOString().slice(0, 16)} ${reason}`);
        // The vendor is back before the next try.
        vendor.faults.length = 0;
        if (fills.length === 2 && reason !== 'again') abort.abort();
      },
      onStep: () => undefined,
      onRun: () => undefined,
      onTrouble: () => undefined,
    };
    vendor.faults.push(...Array.from({ length: 1000 }, () => ({ kind: 'reset' }) as const));
    await keepHistoryStart(laptop, FIRST);
    assert.equal(await fillFirst(laptop, desk, host, { kind: 'vendor', from: FIRST }, abort.signal), false);
    const openedLines = (): string[] => told.filter((line) => line.startsWith('[error]'));
    assert.deepEqual(openedLines(), ['[error] The lake cannot be filled']);
    const before = { startedMs: laptop.clock.nowMs(), isWhole: false };
    await keepTime(laptop, desk, host, abort.signal, before);
    assert.deepEqual(openedLines(), ['[error] The lake cannot be filled']);
    assert.ok(
      told.some((line) => /over|resolved|recovered/i.test(line)),
      told.join('\n'),
    );
    assert.deepEqual(await desk.notices({ openOnly: true, limit: 10 }), []);
    const status = await statusTask(laptop);
    assert.deepEqual([status.first, status.last, status.watermark], [FIRST, LAST, LAST]);
    assert.deepEqual(next[0], '2026-11-25T15:30 again', next.join('\n'));
    assert.equal(fills.length, 2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
