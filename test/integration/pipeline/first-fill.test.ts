import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { AppContext } from '#runtime/app.ts';
import { readConfig } from '#runtime/config/config.ts';
import { type BuildOrigin, type BuildReport, startBuild } from '#runtime/daemon/build.ts';
import { type DaemonHost, initialBackfill, runOnce, runSchedule } from '#runtime/daemon/daemon.ts';
import { saveHistoryStart } from '#runtime/daemon/history.ts';
import { type SimulatedMarketSettings, saveMarketSettings } from '#runtime/home-folder/simulated-market.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { RunService } from '#runtime/runs/run-service.ts';
import { statusTask } from '#runtime/tasks/fetch-tasks.ts';
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
    const clock = new VirtualClock(calendar.settlesAtMs(LAST) - 3_600_000);
    await using app = await openLocal(readConfig({ environment, workingFolder: folder }), { clock });
    const told: string[] = [];
    await using service = new RunService(app, { write: (line) => void told.push(line) });
    const abort = new AbortController();
    const next: string[] = [];
    const fills: string[] = [];
    const host: DaemonHost = {
      build: async (origin: BuildOrigin): Promise<BuildReport> => {
        fills.push(new Date(clock.nowMs()).toISOString());
        return (await startBuild(app, service, { origin })).report;
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
    await saveHistoryStart(app.config, FIRST);
    assert.equal(
      await initialBackfill({ app, service, host, signal: abort.signal }, { kind: 'vendor', from: FIRST }),
      false,
    );
    const openedLines = (): string[] => told.filter((line) => line.startsWith('[error]'));
    assert.deepEqual(openedLines(), ['[error] The lake cannot be filled']);
    const before = { startedMs: app.clock.nowMs(), isComplete: false };
    await runSchedule({ app, service, host, signal: abort.signal }, before);
    assert.deepEqual(openedLines(), ['[error] The lake cannot be filled']);
    assert.ok(
      told.some((line) => /over|resolved|recovered/i.test(line)),
      told.join('\n'),
    );
    assert.deepEqual(await app.notices.list({ openOnly: true, limit: 10 }), []);
    const status = await statusTask(app);
    assert.deepEqual([status.first, status.last, status.watermark], [FIRST, LAST, LAST]);
    assert.deepEqual(next[0], '2026-11-25T15:30 again', next.join('\n'));
    assert.equal(fills.length, 2);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** A home of a simulated market on a clock of its own, in which nothing is filled yet. */
async function simulatedHome(folder: string, nowMs: number): Promise<{ app: AppContext; clock: VirtualClock }> {
  const environment = { CONDVEST_HOME: folder, CONDVEST_INTERVALS: '3' };
  const clock = new VirtualClock(nowMs);
  return { app: await openLocal(readConfig({ environment, workingFolder: folder }), { clock }), clock };
}

interface SimulatedHome {
  readonly app: AppContext;
  readonly market: SimulatedMarketSettings;
  readonly service: RunService;
  /** Lines of the notices on the console. */
  readonly told: readonly string[];
}

/** A home whose market is decided and not filled yet, an hour before its last session settles. */
async function inSimulatedHome(use: (home: SimulatedHome) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-first-fill-'));
  try {
    const { app: opened } = await simulatedHome(folder, calendar.settlesAtMs(LAST) - 3_600_000);
    await using app = opened;
    const market: SimulatedMarketSettings = { seed: 1, securities: 12, from: FIRST };
    await saveMarketSettings(app.config, market);
    const told: string[] = [];
    await using service = new RunService(app, { write: (line) => void told.push(line) });
    await use({ app, market, service, told });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a simulated market that could not be filled at first is filled by schedule, from its first session on', () =>
  inSimulatedHome(async ({ app, market, service, told }) => {
    const abort = new AbortController();
    let tries = 0;
    let waits = 0;
    const host: DaemonHost = {
      build: async (origin) => {
        tries += 1;
        if (tries < 3) throw new CondvestError({ code: 'full', kind: 'transient', message: 'The disk is full' });
        return (await startBuild(app, service, { origin })).report;
      },
      onNext: () => {
        waits += 1;
        if (tries === 3 || waits > 4) abort.abort();
      },
      onStep: () => undefined,
      onRun: () => undefined,
      onTrouble: () => undefined,
    };
    const startedMs = app.clock.nowMs();
    assert.equal(
      await initialBackfill({ app, service, host, signal: abort.signal }, { kind: 'simulated', market }),
      false,
    );
    await runSchedule({ app, service, host, signal: abort.signal }, { startedMs, isComplete: false });
    const status = await statusTask(app);
    assert.deepEqual([status.first, status.watermark], [FIRST, LAST]);
    assert.deepEqual(
      told.filter((line) => /cannot be filled/.test(line)).map((line) => line.replace(/ \(.*/, '')),
      ['[error] The lake cannot be filled', '[resolved] The lake cannot be filled'],
    );
  }));

test('a filling that failed after its bars had come is over with the run that derives the rest', () =>
  inSimulatedHome(async ({ app, market, service, told }) => {
    const host: DaemonHost = {
      build: async (origin) => {
        await (await startBuild(app, service, { origin })).report;
        throw new CondvestError({ code: 'full', kind: 'transient', message: 'The disk is full' });
      },
      onNext: () => undefined,
      onStep: () => undefined,
      onRun: () => undefined,
      onTrouble: (error) => assert.equal(error.code, 'full'),
    };
    const { signal } = new AbortController();
    assert.equal(await initialBackfill({ app, service, host, signal }, { kind: 'simulated', market }), false);
    assert.deepEqual(await openKinds(app), ['run-failed']);
    assert.equal(await runOnce({ app, service, host, signal }), true);
    assert.deepEqual(await openKinds(app), []);
    assert.ok(
      told.some((line) => line.startsWith('[resolved] The lake cannot be filled')),
      told.join('\n'),
    );
  }));

async function openKinds(app: AppContext): Promise<string[]> {
  return (await app.notices.list({ openOnly: true, limit: 10 })).map(({ kind }) => kind);
}

test('a clock that was far ahead and is set right delays no run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-first-fill-'));
  try {
    const nowMs = calendar.closeMs(LAST) + 3_600_000;
    const aheadMs = 20 * 86_400_000;
    const { app: opened, clock } = await simulatedHome(folder, nowMs + aheadMs);
    await using app = opened;
    await using service = new RunService(app, { write: () => undefined });
    const abort = new AbortController();
    const next: string[] = [];
    const host: DaemonHost = {
      build: () => assert.fail('there is nothing to fill'),
      onNext: ({ atMs, reason, session }) => {
        next.push(`${new Date(atMs).toISOString().slice(0, 16)} ${reason} ${session}`);
        if (next.length === 2) abort.abort();
        else clock.move(-aheadMs);
      },
      onStep: () => undefined,
      onRun: () => undefined,
      onTrouble: () => undefined,
    };
    await runSchedule({ app, service, host, signal: abort.signal });
    assert.deepEqual(next, ['2026-12-15T16:05 settling 2026-12-14', '2026-11-25T16:05 settling 2026-11-24']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
