import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { windowNumber } from '#market/window.ts';
import { readBars } from '#serving/read/bars.ts';
import { effort } from '#test/fixtures/effort.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { NEXT, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { type Bar, UdfAdapter } from '#test/fixtures/udf-adapter.ts';

const RESOLUTIONS = ['1D', '3D', '5D', '8D', '13D', '21D', '34D', '1W', '1M'];
const DAY = 86_400;

interface History {
  readonly s: string;
  readonly t?: readonly number[];
  readonly c?: readonly number[];
  readonly nextTime?: number;
  readonly errmsg?: string;
}

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());
const adapter = new UdfAdapter((path) => http.json(path));
const nowSeconds = (app: HttpApp): number => Math.floor(app.clock.nowMs() / 1000);
const secondsAt = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 1000;
const dateAt = (seconds: number): IsoDate => isoDate(new Date(seconds * 1000).toISOString().slice(0, 10));

function history(symbol: string, resolution: string, query: string): Promise<History> {
  return http.json<History>(`/udf/history?symbol=${symbol}&resolution=${resolution}&${query}`);
}

describe('a datafeed', () => {
  test('says what it can do', async () => {
    const config = await http.json('/udf/config');
    assert.deepEqual(config.supported_resolutions, RESOLUTIONS);
    assert.notEqual(config.supports_search, config.supports_group_request);
    const text = await (await http.get('/udf/time')).text();
    assert.equal(text, String(nowSeconds(http)));
  });

  test('knows symbols with and without their exchange, whatever the case', async () => {
    for (const name of ['AAA', 'NASDAQ:AAA', 'aaa', 'NYSE:AAA'])
      assert.equal((await adapter.resolve(name)).ticker, 'AAA');
    // The library writes what a user types in capitals.
    assert.equal((await adapter.resolve('BBBPC')).ticker, 'BBBpC');
    await assert.rejects(adapter.resolve('NOPE'), /unknown_symbol/);
    await assert.rejects(adapter.resolve(''), /unknown_symbol/);
  });

  test('describes a symbol so that the library asks for our bars and draws no bar on a holiday', async () => {
    const info = await adapter.resolve('NASDAQ:AAA');
    const { session_holidays: holidays, corrections } = info;
    assert.ok(String(holidays).split(',').includes('20250109') && String(holidays).split(',').includes('20261225'));
    assert.ok(String(corrections).split(';').includes('0930-1300:20251128'));
    assert.deepEqual(
      {
        daily: info.daily_multipliers,
        resolutions: info.supported_resolutions,
        exchange: info.exchange,
        type: info.type,
        description: info.description,
        timezone: info.timezone,
        intraday: info.has_intraday,
      },
      {
        daily: ['1', '3', '5', '8', '13', '21', '34'],
        resolutions: RESOLUTIONS,
        exchange: 'NASDAQ',
        type: 'stock',
        description: 'Alpha Aggregates Inc.',
        timezone: 'America/New_York',
        intraday: false,
      },
    );
    assert.equal(info.pricescale, 100);
    assert.equal((await adapter.resolve('IDX')).type, 'fund');
    const gone = await adapter.resolve('DEL');
    assert.deepEqual([gone.expired, gone.expiration_date], [true, secondsAt('2025-05-30')]);
  });

  test('counts prices below a dollar in hundredths of a cent', async () => {
    await using cheap = await openHttpApp({ isEmpty: true });
    const csv = 'symbol,session,open,high,low,close,volume\nPNY,2025-12-30,0.51,0.52,0.5,0.5123,1000\n';
    await cheap.lake.import(await cheap.lake.file('pny.csv', csv));
    cheap.clock.move(60_000);
    assert.equal((await cheap.json('/udf/symbols?symbol=PNY')).pricescale, 10_000);
  });

  test('finds symbols by symbol and name, the nearest first', async () => {
    const search = async (query: string): Promise<unknown[]> =>
      (await http.json<{ full_name: string }[]>(`/udf/search?${query}`)).map(({ full_name: name }) => name);
    assert.deepEqual(await search('query=FOOBAR'), ['ARCA:FBX']);
    assert.deepEqual(await search('query=H&limit=3'), ['NYSE:HLD', 'NASDAQ:HLT', 'NYSE:BBB.A']);
    assert.deepEqual(await search('query=NYSE:BBB'), ['NYSE:BBB.A', 'NYSE:BBBpC']);
    assert.deepEqual(await search('query=&type=fund'), ['ARCA:FBX', 'ARCA:IDX']);
    assert.deepEqual(await search('query=&exchange=NASDAQ&type=stock'), [
      ...['NASDAQ:AAA', 'NASDAQ:HLT', 'NASDAQ:MTX', 'NASDAQ:NEW', 'NASDAQ:RVS'],
    ]);
    assert.deepEqual(await search('query=DEL'), []);
  });

  test('reports every error with status 200 and a reason', async () => {
    for (const [path, reason] of [
      ['/udf/history?symbol=AAA&resolution=5&to=1', 'Allowed: 1D to 252D, 1W, 1M'],
      ['/udf/history?symbol=AAA&resolution=1D&to=now', 'Unix seconds'],
      ['/udf/history?symbol=AAA&resolution=1D&to=1&countback=-3', 'a whole number'],
      ['/udf/history?symbol=NOPE&resolution=1D&to=1', 'unknown_symbol'],
      ['/udf/history?resolution=1D&to=1', '"symbol"'],
      ['/udf/marks?symbol=AAA&resolution=1D', '"from"'],
      [`/udf/quotes?symbols=${Array.from({ length: 101 }, (_, i) => `A${i}`).join(',')}`, 'at most 100'],
    ]) {
      const response = await http.get(path ?? '');
      assert.equal(response.status, 200);
      const body = (await response.json()) as { s: string; errmsg: string };
      assert.equal(body.s, 'error');
      assert.ok(body.errmsg.includes(reason ?? ''), `${path}: ${body.errmsg}`);
    }
  });

  test('says so if the lake is empty', async () => {
    await using empty = await openHttpApp({ isEmpty: true });
    const body = await empty.json<History>('/udf/history?symbol=AAA&resolution=1D&to=1767225600&countback=2');
    assert.equal(body.s, 'error');
    assert.deepEqual(await empty.json('/udf/search?query=A'), []);
  });
});

describe('history', () => {
  test('is our bars, at their first trading day, 00:00 UTC', async () => {
    const view = await http.serving.views.current();
    for (const resolution of ['1D', '3D', '21D', '34D']) {
      const interval = Number.parseInt(resolution, 10);
      for (const symbol of ['AAA', 'MTX', 'RVS', 'HLT', 'FBX']) {
        const expected = (await readBars(http.serving, { symbol, interval }, view)).bars.map((bar) => ({
          time: secondsAt('session' in bar ? bar.session : bar.firstSession) * 1000,
          open: bar.open,
          high: bar.high,
          low: bar.low,
          close: bar.close,
          volume: bar.volume,
        }));
        const drawn = await adapter.wholeHistory(symbol, resolution, nowSeconds(http), 37);
        assert.deepEqual(drawn, expected, `${symbol} ${resolution}`);
      }
    }
  });

  test('starts weeks and months on their first trading day', async () => {
    const days = await adapter.wholeHistory('AAA', '1D', nowSeconds(http), 500);
    for (const [resolution, keyOf] of [
      ['1W', (date: string): string => String(Math.floor((secondsAt(date) / DAY + 4) / 7))],
      ['1M', (date: string): string => date.slice(0, 7)],
    ] as const) {
      const groups = Map.groupBy(days, ({ time }) => keyOf(dateAt(time / 1000)));
      const expected = [...groups.values()].map((bars) => ({
        time: bars[0]?.time,
        open: bars[0]?.open,
        high: Math.max(...bars.map(({ high }) => high)),
        low: Math.min(...bars.map(({ low }) => low)),
        close: bars.at(-1)?.close,
        volume: bars.reduce((sum, { volume }) => sum + volume, 0),
      }));
      assert.deepEqual(await adapter.wholeHistory('AAA', resolution, nowSeconds(http), 20), expected, resolution);
    }
    // Labor Day is a Monday: its week begins on Tuesday.
    const week = await history('AAA', '1W', `from=${secondsAt('2025-09-01')}&to=${secondsAt('2025-09-06')}`);
    assert.deepEqual(week.t?.map(dateAt), ['2025-09-02']);
  });

  test('of any range equals that part of the whole', async () => {
    const symbols = ['AAA', 'HLT', 'NEW', 'MTX', 'DEL'];
    const wholes = new Map<string, readonly Bar[]>();
    for (const symbol of symbols)
      for (const resolution of RESOLUTIONS)
        wholes.set(`${symbol} ${resolution}`, await adapter.wholeHistory(symbol, resolution, nowSeconds(http), 1000));
    const anySeconds = fc.integer({ min: secondsAt('2023-12-01'), max: secondsAt('2026-02-01') });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...symbols),
        fc.constantFrom(...RESOLUTIONS),
        anySeconds,
        anySeconds,
        fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        async (symbol, resolution, from, to, countback) => {
          const count = countback === undefined ? '' : `&countback=${countback}`;
          const found = await history(symbol, resolution, `from=${from}&to=${to}${count}`);
          const times = (wholes.get(`${symbol} ${resolution}`) ?? []).map(({ time }) => time / 1000);
          const before = times.filter((time) => time < to);
          const expected = countback === undefined ? before.filter((time) => time >= from) : before.slice(-countback);
          if (expected.length > 0) assert.deepEqual(found.t, expected);
          else {
            const next = countback === undefined ? times.findLast((time) => time < from) : undefined;
            assert.deepEqual(found, next === undefined ? { s: 'no_data' } : { s: 'no_data', nextTime: next });
          }
        },
      ),
      { numRuns: effort({ usual: 100, long: 3000 }) },
    );
  });

  test('leads from a halt to the bar before it, and ends before the first bar', async () => {
    const halt = await history('HLT', '1D', `from=${secondsAt('2025-08-04')}&to=${secondsAt('2025-08-09')}`);
    assert.deepEqual(halt, { s: 'no_data', nextTime: secondsAt('2025-08-01') });
    const weekend = await history('AAA', '1D', `from=${secondsAt('2025-08-02')}&to=${secondsAt('2025-08-04')}`);
    assert.deepEqual(weekend, { s: 'no_data', nextTime: secondsAt('2025-08-01') });
    const early = await history(
      'NEW',
      '1D',
      `from=${secondsAt('2025-06-01')}&to=${secondsAt('2025-07-01')}&countback=50`,
    );
    assert.deepEqual(early, { s: 'no_data' });
  });
});

describe('an open chart', () => {
  test('refreshes the open window, and gets the next one along with the one before', async () => {
    await using own = await openHttpApp();
    const feed = new UdfAdapter((path) => own.json(path));
    const { calendar } = own;
    for (const resolution of ['1D', '3D', '13D', '21D']) {
      const interval = Number.parseInt(resolution, 10);
      const heard: Bar[] = [];
      const poll = feed.subscribe(
        'AAA',
        resolution,
        () => own.clock.nowMs(),
        (bar) => heard.push(bar),
      );
      await poll();
      await poll();
      assert.equal(heard.length, 2);
      assert.deepEqual(heard[0], heard[1]);
      // A live bar of the session after the last published one.
      own.clock.move(Date.parse(`${NEXT}T15:30:00Z`) - own.clock.nowMs());
      own.live.set({
        symbol: 'AAA',
        session: NEXT,
        open: 150,
        high: 9000,
        low: 149,
        close: 151,
        volume: 1000,
        vwap: 150,
        trades: 10,
        updatedMs: own.clock.nowMs(),
      });
      await poll();
      const isSame =
        interval > 1 && windowNumber(calendar, interval, NEXT) === windowNumber(calendar, interval, PROVISIONAL);
      assert.equal(heard.length, isSame ? 3 : 4, resolution);
      const last = heard.at(-1);
      assert.deepEqual([last?.high, last?.close], [9000, 151]);
      assert.equal(last?.time === heard[1]?.time, isSame, resolution);
      own.live.clear();
      own.clock.move(Date.parse(`${PROVISIONAL}T23:30:00Z`) - own.clock.nowMs());
    }
    // Batch publishes the session: its bar takes the live one's place.
    const heard: Bar[] = [];
    const poll = feed.subscribe(
      'AAA',
      '1D',
      () => own.clock.nowMs(),
      (bar) => heard.push(bar),
    );
    await poll();
    await own.commitNextSession();
    await poll();
    assert.deepEqual(
      heard.map(({ time }) => dateAt(time / 1000)),
      [PROVISIONAL, PROVISIONAL, NEXT],
    );
  });

  test('marks splits, dividends and bars that are not final, on bars that exist', async () => {
    const range = `from=${secondsAt('2023-01-01')}&to=${nowSeconds(http)}`;
    interface Marks {
      readonly time: readonly number[];
      readonly text: readonly string[];
      readonly label: readonly string[];
      readonly id: readonly string[];
    }
    for (const symbol of ['AAA', 'HLT', 'HLD', 'FUT', 'MTX', 'IDX'])
      for (const resolution of RESOLUTIONS) {
        const marks = await http.json<Marks>(`/udf/marks?symbol=${symbol}&resolution=${resolution}&${range}`);
        const drawn = await adapter.wholeHistory(symbol, resolution, nowSeconds(http), 1000);
        const times = new Set(drawn.map(({ time }) => time / 1000));
        for (const time of marks.time) assert.ok(times.has(time), `${symbol} ${resolution} ${dateAt(time)}`);
        assert.equal(new Set(marks.id).size, marks.id.length);
        for (const column of Object.values(marks)) assert.equal((column as unknown[]).length, marks.id.length);
        const scale = await http.json<{ time: number; tooltip: string[] }[]>(
          `/udf/timescale_marks?symbol=${symbol}&resolution=${resolution}&${range}`,
        );
        for (const { time } of scale) assert.ok(times.has(time));
      }
    const textsOf = async (symbol: string, resolution: string): Promise<readonly string[]> =>
      (await http.json<Marks>(`/udf/marks?symbol=${symbol}&resolution=${resolution}&${range}`)).text;
    const alpha = await textsOf('AAA', '21D');
    assert.equal(alpha.filter((text) => text.startsWith('Dividend')).length, 8);
    assert.ok(alpha.includes('Split 4 for 1\n2024-06-10'));
    assert.ok(alpha.some((text) => /^Open: \d+ of 21 sessions$/.test(text)));
    // The window that the data begin in is not open: nothing more will come.
    assert.ok(alpha.some((text) => /^Incomplete: \d+ of 21 sessions$/.test(text)));
    assert.ok((await textsOf('HLT', '3D')).includes('Bars on 1 of 3 sessions'));
    assert.ok((await textsOf('AAA', '1D')).includes('Not final: provisional'));
    assert.equal((await textsOf('HLD', '1D')).filter((text) => text.startsWith('Not applied: split')).length, 2);
    // Announced for the day after the last session: on no bar yet.
    assert.equal(
      (await textsOf('FUT', '1D')).some((text) => text.startsWith('Split')),
      false,
    );
    const [first] = await http.json<{ label: string; tooltip: string[] }[]>(
      `/udf/timescale_marks?symbol=MTX&resolution=1D&${range}`,
    );
    assert.deepEqual(first?.tooltip, ['Dividend $0.5 CD', '2024-06-14']);
  });

  test('gets quotes under the requested names', async () => {
    const { d } = await http.json<{ d: { s: string; n: string; v: Record<string, number> }[] }>(
      '/udf/quotes?symbols=NASDAQ:AAA,%20NOPE',
    );
    const [known, unknown] = d;
    const bars = await adapter.wholeHistory('AAA', '1D', nowSeconds(http), 1000);
    const [before, last] = bars.slice(-2);
    assert.deepEqual([known?.s, known?.n, known?.v.short_name], ['ok', 'NASDAQ:AAA', 'AAA']);
    assert.deepEqual(
      [known?.v.lp, known?.v.prev_close_price, known?.v.volume],
      [last?.close, before?.close, last?.volume],
    );
    assert.ok(Math.abs((known?.v.ch ?? 0) - ((last?.close ?? 0) - (before?.close ?? 0))) < 1e-6);
    assert.deepEqual([unknown?.s, unknown?.n], ['error', 'NOPE']);
  });
});
