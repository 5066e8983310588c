import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { IsoDate } from '#base/dates.ts';
import type { AppContext } from '#runtime/app.ts';
import { readConfig } from '#runtime/config/config.ts';
import { type DaemonHost, runOnce } from '#runtime/daemon/daemon.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { RunService } from '#runtime/runs/run-service.ts';
import { fetchTask } from '#runtime/tasks/fetch-tasks.ts';
import { importTask } from '#runtime/tasks/tasks.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';

/** `condvest up` with more sessions than one run takes. */

const BARS = ['S0', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7'];
/** Listed as well, but without bars: every session is short of a fifth of what is expected. */
const LISTED = [...BARS, 'X0', 'X1'];
const PARTIAL_SESSIONS = 80;

describe('catching up', () => {
  let folder: string;
  let server: VendorServer;
  let app: AppContext;
  let sessions: readonly IsoDate[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-catch-up-'));
    const grouped = new Map<string, object[]>();
    const tickers = LISTED.map((ticker) => {
      const names = { name: ticker, market: 'stocks', locale: 'us', type: 'CS', primary_exchange: 'XNYS' };
      return { ticker, active: true, composite_figi: `F${ticker}`, ...names };
    });
    server = await VendorServer.open({ grouped, tickers, splits: [], dividends: [] }, 1000);
    const environment = {
      CONDVEST_HOME: folder,
      MASSIVE_API_KEY: server.key,
      CONDVEST_MASSIVE_URL: server.url,
      CONDVEST_REQUESTS_PER_MINUTE: '0',
      CONDVEST_INTERVALS: '3',
    };
    app = await openLocal(readConfig({ environment, workingFolder: folder }));
    const { calendar, clock } = app;
    const last = calendar.lastClosedSession(clock.nowMs());
    sessions = calendar.range(calendar.previous(last, PARTIAL_SESSIONS - 1), last);
    for (const session of sessions)
      grouped.set(
        session,
        BARS.map((T) => ({ T, o: 1, h: 1, l: 1, c: 1, v: 9, vw: 1, n: 7, t: calendar.closeMs(session) })),
      );
    const listings = join(folder, 'listings.csv');
    const lines = LISTED.map((symbol) => `${symbol},2020-01-02,,${symbol},CS,XNYS`);
    await writeFile(listings, ['symbol,first_session,last_session,name,type,exchange', ...lines, ''].join('\n'));
    await importTask(app, { files: [listings], source: 'import' });
  });
  afterEach(async () => {
    await app[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const asked = (): string[] => server.requests.flatMap((path) => /stocks\/(\d{4}-\d\d-\d\d)\?/.exec(path)?.[1] ?? []);
  /** Sessions that each run left for the next one. */
  const catchUp = async (of: AppContext): Promise<number[]> => {
    const left: number[] = [];
    const host: DaemonHost = {
      build: () => assert.fail('there is history'),
      onNext: () => undefined,
      onStep: () => undefined,
      onRun: (report) => void left.push(report.left),
      onTrouble: (error) => assert.fail(error),
    };
    await using service = new RunService(of, { write: () => undefined });
    await runOnce({ app: of, service, host, signal: new AbortController().signal });
    return left;
  };

  test('sessions that stay partial are asked for once until the next close, however many they are', async () => {
    await fetchTask(app, { from: sessions[0] });
    server.requests.length = 0;
    assert.deepEqual(await catchUp(app), [0]);
    assert.ok(asked().length <= 1, `only the last one may still change: ${asked().join(' ')}`);
  });

  test('sessions that cannot be had are not asked for run after run', async () => {
    const inside = join(folder, 'files');
    const home = join(folder, 'other');
    await mkdir(inside);
    await writeFile(
      join(inside, `${sessions[0]}.csv`),
      'ticker,volume,open,close,high,low,window_start,transactions\nS0,9,1,1,1,1,0,7\n',
    );
    const environment = {
      CONDVEST_HOME: home,
      CONDVEST_SOURCE: 'flat-files',
      CONDVEST_FLAT_FILES: inside,
      CONDVEST_INTERVALS: '3',
    };
    await using other = await openLocal(readConfig({ environment, workingFolder: folder }));
    await fetchTask(other, { from: sessions[0], to: sessions[0] });
    assert.deepEqual(await catchUp(other), [19, 19]);
  });
});
