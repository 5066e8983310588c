import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { IsoDate } from '#base/dates.ts';
import { writeDataFile } from '#lake/data-file.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';
import type { MarketAnswer, SymbolsAnswer, WatchlistAnswer } from '#serving/condvest/shapes/market.ts';
import { readBars } from '#serving/read/bars.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { FIRST, NEXT, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

const SYMBOLS = 'AAA ADR BBB.A BBBpC DEL FBX FUT HLD HLT IDX MTX NEW RVS'.split(' ');
const sessions = http.calendar.range(FIRST, PROVISIONAL);

/** A row of one security, in the share count of the session asked for. */
interface Row {
  readonly session: IsoDate;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/**
 * The rows of what a symbol means on a session, up to it and in its share count, by the reader of one symbol; undefined where it
 * has none on it.
 */
async function history(symbol: string, session: IsoDate): Promise<Row[] | undefined> {
  const view = await http.serving.views.current();
  const { bars, segments } = await readBars(http.serving, { symbol, to: session }, view).catch((error) => {
    if (error.code === 'symbol-unknown') return { bars: [], segments: [] };
    throw error;
  });
  const last = bars.at(-1);
  if (last === undefined || last.symbol !== symbol || !('session' in last) || last.session !== session)
    return undefined;
  assert.ok(segments.length > 0);
  const raw = await readBars(http.serving, { symbol, from: session, to: session, adjust: 'raw' }, view);
  const ratio = (raw.bars[0]?.close ?? 1) / (last.close ?? 1);
  return bars.map((bar) => ({
    session: 'session' in bar ? bar.session : session,
    high: (bar.high ?? 0) * ratio,
    low: (bar.low ?? 0) * ratio,
    close: (bar.close ?? 0) * ratio,
    volume: (bar.volume ?? 0) / ratio,
  }));
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

test('movers, breadth and 52-week highs and lows of a session match each symbol’s own bars', async () => {
  // Splits, renames, a listing, a delisting, a halt and its end.
  const marked = ['2024-06-10', '2024-09-16', '2025-02-03', '2025-03-17', '2025-05-30', '2025-07-01', '2025-08-11']
    .concat('2025-08-04', PARTIAL, PROVISIONAL, '2025-03-18')
    .map((date) => date as IsoDate);
  let extremes = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...marked, ...sessions.slice(1)), async (session) => {
      const market = await http.json<MarketAnswer>(`/condvest/v1/market?session=${session}&limit=100`);
      const index = sessions.indexOf(session);
      const week = new Set(sessions.slice(Math.max(0, index - 5), index));
      const year = new Set(sessions.slice(Math.max(0, index - 251), index));
      const breadth = { advancers: 0, decliners: 0, unchanged: 0, total: 0, up_volume: 0, down_volume: 0 };
      let [highs, lows] = [0, 0];
      for (const symbol of SYMBOLS) {
        const rows = await history(symbol, session);
        const day = rows?.at(-1);
        const shown = market.active.find((mover) => mover.symbol === symbol);
        assert.equal(shown === undefined, day === undefined, `${symbol} ${session}`);
        if (rows === undefined || day === undefined || shown === undefined) continue;
        const previous = rows.slice(0, -1).findLast((row) => week.has(row.session));
        assert.ok(near(shown.close, day.close) && near(shown.volume, day.volume), `${symbol} ${session}`);
        assert.equal(shown.previous_close === null, previous === undefined, `${symbol} ${session}`);
        const before = rows.filter((row) => year.has(row.session));
        if (before.length >= 126 && day.high > Math.max(...before.map((row) => row.high)) * (1 + 1e-12)) highs += 1;
        if (before.length >= 126 && day.low < Math.min(...before.map((row) => row.low)) * (1 - 1e-12)) lows += 1;
        if (previous === undefined) continue;
        const change = day.close - previous.close;
        assert.ok(near(shown.change ?? Number.NaN, change), `${symbol} ${session}`);
        assert.ok(near(shown.change_percent ?? Number.NaN, (change / previous.close) * 100), `${symbol} ${session}`);
        breadth.total += 1;
        breadth[change > 0 ? 'advancers' : change < 0 ? 'decliners' : 'unchanged'] += 1;
        if (change > 0) breadth.up_volume += day.volume;
        if (change < 0) breadth.down_volume += day.volume;
      }
      const { new_highs: newHighs, new_lows: newLows, ...counted } = market.breadth;
      for (const [name, value] of Object.entries(breadth))
        assert.ok(near(counted[name as keyof typeof counted], value), `${name} of ${session}`);
      assert.deepEqual([newHighs, newLows], index >= 251 ? [highs, lows] : [null, null], session);
      extremes += (newHighs ?? 0) + (newLows ?? 0);
      assert.deepEqual(market.gainers, sorted(market, 1));
      assert.deepEqual(market.losers, sorted(market, -1));
    }),
    { numRuns: 25, examples: marked.map((date) => [date] as [IsoDate]) },
  );
  assert.ok(extremes > 0, 'some session had a new high or low');
});

function sorted(market: MarketAnswer, sign: number) {
  return market.active
    .filter((mover) => mover.volume >= 10_000 && (mover.change_percent ?? 0) * sign > 0)
    .sort((a, b) => ((b.change_percent ?? 0) - (a.change_percent ?? 0)) * sign);
}

test('the newest session is the default, with its state in the ledger', async () => {
  const newest = await http.json<MarketAnswer>('/condvest/v1/market?limit=3');
  assert.deepEqual([newest.session, newest.previous, newest.finality], [PROVISIONAL, PARTIAL, 'provisional']);
  assert.equal(newest.next, null);
  assert.deepEqual([newest.active.length, newest.active[0]?.symbol], [3, 'IDX']);
  const partial = await http.json<MarketAnswer>(`/condvest/v1/market?session=${PARTIAL}`);
  assert.deepEqual([partial.finality, partial.breadth.total, partial.next], ['partial', 6, PROVISIONAL]);
  const first = await http.json<MarketAnswer>(`/condvest/v1/market?session=${FIRST}`);
  assert.deepEqual([first.previous, first.breadth.total, first.gainers], [null, 0, []]);
  assert.equal(first.active[0]?.previous_close, null);
});

test('each session links to the next one, up to the live one', async () => {
  await using app = await openHttpApp();
  app.clock.move(Date.parse(`${NEXT}T15:00:00Z`) - app.clock.nowMs());
  const values = { open: 50, high: 50, low: 50, close: 50, volume: 9, vwap: 50, trades: 1 };
  app.live.set({ symbol: 'FUT', session: NEXT, ...values, updatedMs: app.clock.nowMs() });
  let session: string | null = PARTIAL;
  const seen: string[] = [];
  while (session !== null) {
    seen.push(session);
    session = (await app.json<MarketAnswer>(`/condvest/v1/market?session=${session}&limit=1`)).next;
  }
  assert.deepEqual(seen, [PARTIAL, PROVISIONAL, NEXT]);
});

test('a day without bars is rejected with the range of sessions', async () => {
  for (const [date, allowed] of [
    ['2024-06-08', /2024-06-07 or 2024-06-10/],
    ['2019-01-02', /2024-01-02 to 2025-12-31/],
    [NEXT, /2024-01-02 to 2025-12-31/],
    ['2090-01-03', /1962-01-02 to/],
  ] as const) {
    const response = await http.get(`/condvest/v1/market?session=${date}`);
    assert.equal(response.status, 400, date);
    assert.match(((await response.json()) as { message: string }).message, allowed);
  }
});

test('a watchlist of an earlier session ends with that session, on its share basis', async () => {
  const market = await http.json<MarketAnswer>('/condvest/v1/market?session=2024-06-07&limit=100');
  const path = '/condvest/v1/watchlist?symbols=AAA,MTX&sessions=20';
  const then = await http.json<WatchlistAnswer>(`${path}&session=2024-06-07`);
  const newest = await http.json<WatchlistAnswer>(path);
  // AAA split 4 for 1 on 2024-06-10; MTX was FBX then.
  const mover = market.active.find(({ symbol }) => symbol === 'AAA');
  const row = then.results.find(({ symbol }) => symbol === 'AAA');
  assert.deepEqual([row?.close, row?.change, row?.volume], [mover?.close, mover?.change, mover?.volume]);
  assert.deepEqual([then.session, row?.last, row?.closes.length], ['2024-06-07', '2024-06-07', 20]);
  assert.equal(then.results.find(({ symbol }) => symbol === 'MTX')?.last, '2024-06-07');
  const weekend = await http.json<WatchlistAnswer>(`${path}&session=2024-06-09`);
  assert.deepEqual([weekend.session, weekend.results], ['2024-06-07', then.results]);
  assert.deepEqual(await http.json<WatchlistAnswer>(`${path}&session=2099-01-02`), newest);
});

test('a watchlist has the closes of each symbol alone, through splits and renames', async () => {
  const all = [...SYMBOLS, 'NOPE'];
  for (const count of [2, 5, 60, 260]) {
    const list = await http.json<WatchlistAnswer>(`/condvest/v1/watchlist?symbols=${all.join(',')}&sessions=${count}`);
    assert.deepEqual([list.last_published, list.unknown], [PROVISIONAL, ['NOPE']]);
    assert.deepEqual(
      list.results.map(({ symbol }) => symbol),
      SYMBOLS,
    );
    const view = await http.serving.views.current();
    const from = sessions[sessions.length - count];
    for (const watched of list.results) {
      const { bars } = await readBars(http.serving, { symbol: watched.symbol, from }, view);
      const closes = bars.map(({ close }) => close);
      assert.deepEqual(watched.closes, closes, watched.symbol);
      const [previous, last] = [closes.at(-2) ?? null, closes.at(-1) ?? null];
      assert.deepEqual([watched.previous_close, watched.close], [previous, last]);
      if (last === null || previous === null) assert.equal(watched.change, null);
      else assert.ok(near(watched.change ?? Number.NaN, last - previous), watched.symbol);
      assert.equal(watched.volume, bars.at(-1)?.volume ?? null);
    }
  }
});

test('a watched symbol continues with its live bar', async () => {
  await using app = await openHttpApp();
  const before = await watch(app);
  app.clock.move(Date.parse(`${NEXT}T15:00:00Z`) - app.clock.nowMs());
  const values = { open: 50, high: 50, low: 50, close: 50, volume: 9, vwap: 50, trades: 1 };
  app.live.set({ symbol: 'FUT', session: NEXT, ...values, updatedMs: app.clock.nowMs() });
  const after = await watch(app);
  assert.deepEqual(
    after.closes.slice(0, -1),
    before.closes.slice(1).map((close) => close / 2),
    'two for one, from now on',
  );
  assert.deepEqual([after.last, after.close, after.closes.at(-1), after.volume], [NEXT, 50, 50, 9]);
});

async function watch(app: HttpApp) {
  const { results } = await app.json<WatchlistAnswer>('/condvest/v1/watchlist?symbols=FUT&sessions=10');
  const [watched] = results;
  assert.ok(watched !== undefined);
  assert.equal(watched.closes.length, 10);
  return watched;
}

test('too many symbols are rejected', async () => {
  const response = await http.get(`/condvest/v1/watchlist?symbols=${Array.from({ length: 201 }, (_, i) => `S${i}`)}`);
  assert.equal(response.status, 400);
  assert.match(((await response.json()) as { message: string }).message, /at most 200/);
});

test('responses as of an instant never change, and can be cached forever', async () => {
  await using app = await openHttpApp();
  const path = `/condvest/v1/market?as_of=${app.clock.nowMs()}`;
  app.clock.move(3_600_000);
  const first = await app.get(path);
  const before = await first.text();
  await app.commitNextSession();
  const second = await app.get(path);
  assert.equal(await second.text(), before);
  assert.match(second.headers.get('cache-control') ?? '', /immutable/);
  assert.notEqual(await (await app.get('/condvest/v1/market')).text(), before);
});

test('impossible rows left by another program are rejected, not shown as prices', async () => {
  const grouped = '/v2/aggs/grouped/locale/us/market/stocks';
  for (const [symbol, session, close, paths] of [
    ['AAA', PROVISIONAL, '1.0', [`${grouped}/${PROVISIONAL}`, '/condvest/v1/market']],
    ['BAD', PROVISIONAL, 'NULL', [`${grouped}/${PROVISIONAL}`, '/condvest/v1/market']],
    ['AAA', PARTIAL, '1.0', [`${grouped}/${PARTIAL}`, '/condvest/v1/market']],
  ] as const) {
    await using app = await openHttpApp();
    await app.lake.test.lake.table(DAILY_BARS).write(async () => {
      const select = `SELECT '${symbol}' AS symbol, DATE '${session}' AS session, 1.0 AS open, 1.0 AS high, 1.0 AS low,
        ${close} AS close, 1.0 AS volume, NULL AS vwap, NULL AS trades, 'other' AS source, NULL AS fetched_at`;
      const units = SessionSet.of([session]);
      const file = await writeDataFile(app.lake.test.deps, DAILY_BARS, { select, year: 2025, units });
      return { operation: 'WRITE', add: file === undefined ? [] : [file], remove: [], units, dataChange: true };
    });
    app.clock.move(1000);
    for (const path of paths) {
      const response = await app.get(path);
      const body = (await response.json()) as { code: string; message: string };
      assert.deepEqual([response.status, body.code], [500, 'bars-corrupt'], path);
      assert.match(body.message, new RegExp(`${symbol} ${session}`));
    }
    // Whoever runs the server is told.
    assert.equal(app.bugs.splice(0).length, paths.length);
  }
});

test('symbols that begin with the text come first, then names; a reused symbol is what it is today', async () => {
  const found = async (search: string): Promise<string[]> =>
    (await http.json<SymbolsAnswer>(`/condvest/v1/symbols?search=${encodeURIComponent(search)}`)).results.map(
      ({ symbol }) => symbol,
    );
  assert.deepEqual(await found('b'), ['BBB.A', 'BBBpC', 'IDX', 'HLD', 'FBX', 'HLT']);
  assert.deepEqual(await found('bbb.a'), ['BBB.A']);
  assert.deepEqual(await found('Corp'), ['BBB.A', 'BBBpC', 'NEW']);
  assert.deepEqual(await found('inc.'), ['AAA', 'HLT', 'MTX', 'DEL'], 'what is not traded any more comes last');
  assert.deepEqual(await found('no such thing'), []);
  const { results } = await http.json<SymbolsAnswer>('/condvest/v1/symbols?search=FBX');
  assert.deepEqual(results, [
    {
      symbol: 'FBX',
      name: 'Foobar Thematic Fund',
      type: 'ETF',
      exchange: 'ARCX',
      first_session: '2025-02-03',
      last_session: null,
      active: true,
    },
  ]);
  const everything = await http.json<SymbolsAnswer>('/condvest/v1/symbols?limit=1000');
  assert.deepEqual(everything.results.map(({ symbol }) => symbol).sort(), SYMBOLS);
});
