import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FlatFileSource } from '#adapters/flat-files/daily-source.ts';
import { MassiveSource } from '#adapters/massive/daily-source.ts';
import { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import type { Fault } from '#adapters/simulator/scenarios.ts';
import { isoDate } from '#base/dates.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

import { calendar, dailySourceContract, NEXT, SESSION } from './daily-source.ts';

/** Noon on the next day. */
const NOW_MS = calendar.settlesAtMs(SESSION) - 1;
const SYMBOLS = ['AAA', 'BRK.B', 'TRUE'];

dailySourceContract('the simulated market', async () => {
  const clock = new VirtualClock(NOW_MS);
  const market = { seed: 1, securities: 20, from: isoDate('2023-06-01') };
  const faults: Fault[] = [];
  return {
    source: new SimulatedSource({ calendar, clock, market, faults }),
    clock,
    beyond: isoDate('2023-05-31'),
    breakDown: async () => void faults.push({ name: 'outage', fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER }),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

dailySourceContract('flat files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-files-'));
  const inside = join(folder, '2024', '03');
  const path = join(inside, `${SESSION}.csv.gz`);
  const lines = SYMBOLS.map((symbol) => `${symbol},1000,10,10.5,11,9,${calendar.openMs(SESSION)}000000,7`);
  await mkdir(inside, { recursive: true });
  await writeFile(
    path,
    gzipSync(['ticker,volume,open,close,high,low,window_start,transactions', ...lines, ''].join('\n')),
  );
  const clock = new VirtualClock(NOW_MS);
  return {
    source: new FlatFileSource({ folder }),
    clock,
    beyond: isoDate('2003-09-09'),
    // The last bytes were never written.
    breakDown: async () => writeFile(path, gzipSync(lines.join('\n')).subarray(0, 40)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
});

dailySourceContract('Massive', async () => {
  const rows = SYMBOLS.map((symbol) => {
    return { T: symbol, o: 10, h: 11, l: 9, c: 10.5, v: 1000, vw: 10.2, n: 7, t: calendar.closeMs(SESSION) };
  });
  const names = { market: 'stocks', locale: 'us', type: 'CS', primary_exchange: 'XNYS' };
  const server = await VendorServer.open({
    grouped: new Map([[SESSION, rows]]),
    tickers: [
      ...SYMBOLS.map((ticker) => ({ ticker, name: ticker, active: true, ...names })),
      { ticker: 'GONE', name: 'Gone', active: false, delisted_utc: '2023-01-03T00:00:00Z', ...names },
    ],
    splits: [
      {
        id: '1',
        ticker: 'AAA',
        execution_date: '2024-03-01',
        split_from: 1,
        split_to: 2,
        adjustment_type: 'forward_split',
      },
    ],
    dividends: [],
  });
  server.planFrom = '2022-01-01';
  server.givenUntil = calendar.previous(NEXT);
  const clock = new VirtualClock(NOW_MS);
  const common = { calendar, clock, random: seededRandom(1), types: ['CS'], exchanges: ['XNYS'] };
  return {
    source: new MassiveSource({ baseUrl: server.url, apiKey: server.key, requestsPerMinute: 0, ...common }),
    clock,
    beyond: isoDate('2021-12-31'),
    breakDown: async () => void server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'cut-body' }) as const)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
