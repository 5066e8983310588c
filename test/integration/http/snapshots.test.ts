import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { IsoDate } from '#base/dates.ts';
import type { LiveBar } from '#ports/live-bars.ts';
import type {
  SnapshotBar,
  TickerSnapshot,
  TickerSummary,
  UniversalTicker,
  UnknownTicker,
} from '#serving/massive/shapes/snapshots.ts';
import { readBars } from '#serving/read/bars.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { NEXT, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { assertVendorShape } from '#test/fixtures/vendor-schema.ts';

const BASE = '/v2/snapshot/locale/us/markets/stocks';
const LISTED = 'AAA ADR BBB.A BBBpC FBX FUT HLD HLT IDX MTX NEW RVS'.split(' ');
const ZEROS: SnapshotBar = { o: 0, h: 0, l: 0, c: 0, v: 0, vw: 0 };

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

interface Tickers {
  readonly count: number;
  readonly tickers: readonly TickerSnapshot[];
}

interface Universal {
  readonly results: readonly (UniversalTicker & UnknownTicker)[];
  readonly next_url?: string;
}

/** The body of an answer that has the vendor's shape. `schema`: the path as the vendor writes it. */
async function get<T>(app: HttpApp, path: string, schema: string): Promise<T> {
  const response = await app.get(path);
  const text = await response.text();
  await assertVendorShape(schema, response.status, text);
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as T;
}

const all = (app: HttpApp, query = ''): Promise<Tickers> => get(app, `${BASE}/tickers${query}`, `${BASE}/tickers`);

const universal = (app: HttpApp, query = ''): Promise<Universal> => get(app, `/v3/snapshot${query}`, '/v3/snapshot');

/** The last two bars of a symbol, as the reader of one symbol has them: split-adjusted, up to a session. */
async function lastTwo(app: HttpApp, symbol: string, to: IsoDate) {
  const view = await app.serving.views.current();
  const { bars } = await readBars(app.serving, { symbol, to, adjust: 'split' }, view);
  return { day: bars.at(-1), previous: bars.at(-2) };
}

async function assertEqualsAggregates(app: HttpApp, session: IsoDate): Promise<void> {
  const { tickers } = await all(app);
  assert.deepEqual(
    tickers.map(({ ticker }) => ticker),
    LISTED,
  );
  for (const { ticker, day, prevDay, todaysChange, todaysChangePerc } of tickers) {
    const expected = await lastTwo(app, ticker, session);
    assert.deepEqual([day.o, day.h, day.l, day.c, day.v], ohlcv(expected.day));
    assert.deepEqual([prevDay.o, prevDay.h, prevDay.l, prevDay.c, prevDay.v], ohlcv(expected.previous));
    const change = (expected.day?.close ?? 0) - (expected.previous?.close ?? 0);
    assert.ok(Math.abs(todaysChange - change) < 1e-8, `${ticker}: ${todaysChange} is ${change}`);
    assert.ok(Math.abs(todaysChangePerc - (change / (expected.previous?.close ?? 0)) * 100) < 1e-7);
  }
}

type Bar = Awaited<ReturnType<typeof lastTwo>>['day'];

function ohlcv(bar: Bar): unknown[] {
  return [bar?.open, bar?.high, bar?.low, bar?.close, bar?.volume];
}

function liveBar(symbol: string, close: number, time = '15:00'): LiveBar {
  const values = { open: close - 1, high: close + 1, low: close - 2, close, volume: 12_345, vwap: close, trades: 99 };
  return { symbol, session: NEXT, ...values, updatedMs: Date.parse(`${NEXT}T${time}:00.250Z`) };
}

test('every ticker has its day and its previous bar, even after a partial session', async () => {
  assert.ok(http.calendar.previous(PROVISIONAL) === PARTIAL);
  await assertEqualsAggregates(http, PROVISIONAL);
});

test('a change has no more digits than its prices', async () => {
  for (const { ticker, todaysChange } of (await all(http)).tickers)
    assert.match(String(todaysChange), /^-?\d+(\.\d{1,4})?$/, ticker);
});

test('changes across a split match the aggregates, with the previous close on the share basis of the day', async () => {
  await using app = await openHttpApp();
  await app.commitNextSession();
  await assertEqualsAggregates(app, NEXT);
  const { tickers } = await all(app, '?tickers=FUT');
  const percent = tickers[0]?.todaysChangePerc ?? Number.NaN;
  assert.ok(Math.abs(percent) < 10, `2 for 1 is no loss of half: ${percent} %`);
});

test('unknown tickers are left out of a list, and a single one is not found', async () => {
  const some = await all(http, '?tickers=MTX,%20NOPE,DEL,AAA,aaa');
  assert.deepEqual([some.count, some.tickers.map(({ ticker }) => ticker)], [2, ['MTX', 'AAA']]);
  const one = await get<{ ticker: TickerSnapshot }>(http, `${BASE}/tickers/MTX`, `${BASE}/tickers/{ticker}`);
  assert.deepEqual(one.ticker, some.tickers[0]);
  for (const ticker of ['NOPE', 'DEL', 'aaa']) {
    const response = await http.get(`${BASE}/tickers/${ticker}`);
    await assertVendorShape(`${BASE}/tickers/{ticker}`, response.status, await response.text());
    assert.equal(response.status, 404);
  }
});

test('instants are exact nanoseconds, and an unknown price is zero', async () => {
  const response = await http.get(`${BASE}/tickers?tickers=BBBpC`);
  const text = await response.text();
  assert.match(text, new RegExp(`"updated":${Date.parse(`${PROVISIONAL}T21:00:00Z`)}000000,`));
  assert.match(text, /"vw":0\}/);
});

test('gainers and losers are the tickers that moved most on enough volume', async () => {
  const { tickers } = await all(http);
  for (const [direction, sign] of [
    ['gainers', 1],
    ['losers', -1],
  ] as const) {
    const movers = await get<Tickers>(http, `${BASE}/${direction}`, `${BASE}/{direction}`);
    const expected = tickers
      .filter(({ day, todaysChangePerc }) => day.v >= 10_000 && todaysChangePerc * sign > 0)
      .sort((a, b) => (b.todaysChangePerc - a.todaysChangePerc) * sign);
    assert.ok(expected.length > 0);
    assert.deepEqual(movers.tickers, expected);
  }
  const response = await http.get(`${BASE}/sideways`);
  assert.equal(response.status, 400);
});

test('the first live bar starts a day of zeros for all other tickers, until the session is published', async () => {
  await using app = await openHttpApp();
  app.clock.move(Date.parse(`${NEXT}T15:00:00Z`) - app.clock.nowMs());
  assert.deepEqual((await all(app)).tickers.find(({ ticker }) => ticker === 'AAA')?.day, (await lastDay(app)).day);

  app.live.set(liveBar('FUT', 50));
  app.live.set(liveBar('NEW', 40));
  const { tickers } = await all(app);
  assert.deepEqual(
    tickers.map(({ ticker }) => ticker),
    LISTED,
  );
  const future = tickers.find(({ ticker }) => ticker === 'FUT');
  const closed = await lastTwo(app, 'FUT', PROVISIONAL);
  assert.equal(future?.day.c, 50);
  assert.equal(future?.prevDay.c, (closed.day?.close ?? 0) / 2, 'a split counts from its first live bar');
  assert.ok(Math.abs((future?.todaysChange ?? 0) - (50 - (closed.day?.close ?? 0) / 2)) < 1e-8);
  const quiet = tickers.find(({ ticker }) => ticker === 'AAA');
  assert.deepEqual([quiet?.day, quiet?.todaysChange, quiet?.todaysChangePerc], [ZEROS, 0, 0]);
  assert.equal(quiet?.prevDay.c, (await lastDay(app)).day.c);
  const text = await (await app.get(`${BASE}/tickers/FUT`)).text();
  assert.match(text, new RegExp(`"updated":${Date.parse(`${NEXT}T15:00:00.250Z`)}000000,`));

  const market = await app.json<{ session: string; finality: string }>('/condvest/v1/market');
  assert.deepEqual([market.session, market.finality], [NEXT, 'live']);
  const { results: shown } = await universal(app, '?ticker.any_of=FUT,AAA');
  assert.deepEqual(
    shown.map(({ timeframe, market_status, session }) => [timeframe, market_status, session.price]),
    [
      ['DELAYED', 'open', quiet?.prevDay.c],
      ['REAL-TIME', 'open', 50],
    ],
  );
  const grouped = await app.json<{ results: { T: string; c: number }[] }>(
    `/v2/aggs/grouped/locale/us/market/stocks/${NEXT}`,
  );
  assert.deepEqual(
    grouped.results.map(({ T, c }) => [T, c]),
    [
      ['FUT', 50],
      ['NEW', 40],
    ],
  );
  app.live.set(liveBar('FUT', 51, '15:01'));
  assert.equal((await all(app)).tickers.find(({ ticker }) => ticker === 'FUT')?.day.c, 51, 'each change is seen');

  await app.commitNextSession();
  await assertEqualsAggregates(app, NEXT);
});

async function lastDay(app: HttpApp): Promise<{ readonly day: SnapshotBar }> {
  const { day } = await lastTwo(app, 'AAA', PROVISIONAL);
  const { open = 0, high = 0, low = 0, close = 0, volume = 0, vwap = 0 } = day ?? {};
  return { day: { o: open ?? 0, h: high ?? 0, l: low ?? 0, c: close ?? 0, v: volume ?? 0, vw: vwap ?? 0 } };
}

test('a session that waits for batch is the previous day of the next live one', async () => {
  await using app = await openHttpApp();
  const later = app.calendar.next(NEXT);
  app.clock.move(Date.parse(`${later}T15:00:00Z`) - app.clock.nowMs());
  app.live.set(liveBar('FUT', 50));
  app.live.set({ ...liveBar('FUT', 55), session: later });
  app.live.set({ ...liveBar('AAA', 150), session: later });
  const { tickers } = await all(app, '?tickers=FUT,AAA,MTX');
  const closes = tickers.map(({ ticker, day, prevDay }) => [ticker, day.c, prevDay.c]);
  const closed = await Promise.all(['AAA', 'MTX'].map((symbol) => lastTwo(app, symbol, PROVISIONAL)));
  assert.deepEqual(closes, [
    ['FUT', 55, 50],
    ['AAA', 150, closed[0]?.day?.close],
    ['MTX', 0, closed[1]?.day?.close],
  ]);
});

test('pages of any size, order and range add up to one page', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...QUERIES), fc.integer({ min: 1, max: 9 }), async (query, limit) => {
      const { results, next_url: next } = await universal(http, `?limit=250&${query}`);
      assert.equal(next, undefined);
      assert.deepEqual(await followed(http, `?${query}&limit=${limit}&apiKey=secret`), results);
    }),
    { numRuns: 40 },
  );
});

test('pages agree with the first one, whatever is committed or starts trading in between', async () => {
  await using app = await openHttpApp();
  const { results: before } = await universal(app, '?limit=250');
  const meanwhile = async (page: number): Promise<void> => {
    if (page === 1) app.live.set(liveBar('NEW', 40));
    if (page === 2) await app.commitNextSession();
  };
  const paged = await followed(app, '?limit=4', meanwhile);
  const bare = (rows: Universal['results']) => rows.map(({ market_status: _, ...row }) => row);
  assert.deepEqual(bare(paged), bare(before));
  const { results: later } = await universal(app, '?limit=250');
  assert.notDeepEqual(bare(later), bare(before));
});

/** The rows of all pages. `meanwhile` is called after each page. */
async function followed(
  app: HttpApp,
  query: string,
  meanwhile: (page: number) => Promise<void> = async () => {},
): Promise<Universal['results']> {
  const rows: Universal['results'][number][] = [];
  for (let page = 1, next: string | undefined = query; next !== undefined; page += 1) {
    assert.ok(page < 20);
    const { results, next_url: url }: Universal = await universal(app, next);
    assert.ok(page === 1 || results.length > 0);
    rows.push(...results);
    assert.match(url ?? 'http://localhost:8080/v3/snapshot?cursor=', /^http:\/\/localhost:8080\/v3\/snapshot\?cursor=/);
    assert.doesNotMatch(url ?? '', /secret/);
    next = url === undefined ? undefined : new URL(url).search;
    await meanwhile(page);
  }
  return rows;
}

const NAMED = [...LISTED, 'NOPE', 'ZZZ'];
const QUERIES: readonly string[] = [
  'order=asc',
  'order=desc&type=stocks',
  'ticker.gte=BBB.A&ticker.lt=MTX',
  'ticker.gt=AAA&order=desc&ticker.lte=HLT',
  `ticker.any_of=${NAMED.join('%2C')}`,
  `ticker.any_of=${NAMED.toReversed().join(',')}&order=desc`,
];

test('an unknown ticker is an element that says so, and other asset classes are empty', async () => {
  const { results } = await universal(http, '?ticker.any_of=NOPE,AAA&order=desc');
  assert.deepEqual(results[0], { ticker: 'NOPE', error: 'NOT_FOUND', message: 'Ticker not found.' });
  assert.equal(results[1]?.name, 'Alpha Aggregates Inc.');
  assert.deepEqual((await universal(http, '?ticker=NOPE')).results.length, 1);
  for (const type of ['crypto', 'options', 'fx', 'indices', 'otc'])
    assert.equal((await http.get(`/v3/snapshot?type=${type}`)).status, 403, type);
  const { results: ten } = await universal(http);
  assert.equal(ten.length, 10, 'ten a page, unless asked otherwise');
  const both = await universal(http, '?ticker=AAA&ticker.any_of=AAA,ADR');
  assert.deepEqual(
    both.results.map(({ ticker }) => ticker),
    ['AAA'],
    'every filter counts',
  );
});

test('too many tickers are rejected with the bound', async () => {
  const many = Array.from({ length: 251 }, (_, i) => `T${i}`).join(',');
  for (const path of [`/v3/snapshot?ticker.any_of=${many}`, `/v1/summaries?ticker.any_of=${many}`]) {
    const response = await http.get(path);
    const body = (await response.json()) as { error: string };
    assert.equal(response.status, 400);
    assert.match(body.error, /250/);
  }
  const forged = await http.get('/v3/snapshot?cursor=bm90LW91cnM');
  assert.equal(forged.status, 400);
});

test('a cursor of another route is rejected instead of starting over', async () => {
  const bars = '/v2/aggs/ticker/AAA/range/1/day/2024-01-01/2025-12-31?limit=1';
  const { next_url: next } = (await (await http.get(bars)).json()) as { readonly next_url: string };
  const response = await http.get(`/v3/snapshot${new URL(next).search}`);
  assert.equal(response.status, 400);
  assert.match(await response.text(), /not a cursor of this route/);
});

test('summaries come in the requested order', async () => {
  const path = '/v1/summaries?ticker.any_of=MTX,NOPE,AAA';
  const { results } = await get<{ results: (TickerSummary & UnknownTicker)[] }>(http, path, '/v1/summaries');
  assert.deepEqual(
    results.map(({ ticker, error }) => [ticker, error]),
    [
      ['MTX', undefined],
      ['NOPE', 'NOT_FOUND'],
      ['AAA', undefined],
    ],
  );
  const { day } = await lastTwo(http, 'MTX', PROVISIONAL);
  assert.deepEqual([results[0]?.price, results[0]?.session.close], [day?.close, day?.close]);
});

test('responses and pages as of an instant never change', async () => {
  await using app = await openHttpApp();
  const asOf = `as_of=${app.clock.nowMs()}`;
  app.clock.move(120_000);
  const paths = [`${BASE}/tickers?${asOf}`, `${BASE}/tickers/FUT?${asOf}`, `${BASE}/losers?${asOf}`].concat(
    `/v1/summaries?ticker.any_of=FUT,MTX&${asOf}`,
    `/v3/snapshot?limit=250&${asOf}`,
    `/v2/aggs/grouped/locale/us/market/stocks/${PROVISIONAL}?${asOf}`,
  );
  const texts = (): Promise<string[]> => Promise.all(paths.map(async (path) => (await app.get(path)).text()));
  const before = await texts();
  const paged = await followed(app, `?limit=5&${asOf}`, async (page) => {
    if (page === 1) app.live.set(liveBar('FUT', 50));
    if (page === 2) await app.commitNextSession();
  });
  const { results } = await universal(app, `?limit=250&${asOf}`);
  const bare = (rows: Universal['results']) => rows.map(({ market_status: _, ...row }) => row);
  assert.deepEqual(bare(paged), bare(results));
  const after = await texts();
  for (const [i, path] of paths.entries()) {
    // What the market does now is told now.
    const still = (text = ''): string => text.replaceAll(/"(market_status|request_id)":"[^"]*",?/g, '');
    assert.equal(still(after[i]), still(before[i]), path);
  }
  const response = await app.get(paths[0] ?? '');
  assert.match(response.headers.get('cache-control') ?? '', /immutable/);
});

test('a lake without bars says so', async () => {
  await using empty = await openHttpApp({ isEmpty: true });
  for (const path of [
    `${BASE}/tickers`,
    '/v3/snapshot',
    '/condvest/v1/market',
    '/v2/aggs/grouped/locale/us/market/stocks/2024-01-02',
  ]) {
    const response = await empty.get(path);
    assert.equal(response.status, 503, path);
    assert.equal(((await response.json()) as { code: string }).code, 'lake-empty');
  }
});

test('the market status as of an instant is that of the instant, on any later day', async () => {
  await using http = await openHttpApp();
  const asOf = http.clock.nowMs() - 120_000;
  const paths = [`/v1/summaries?ticker.any_of=AAA&as_of=${asOf}`, `/v3/snapshot?ticker=AAA&as_of=${asOf}`];
  const first = await Promise.all(paths.map((path) => http.json<{ results: { market_status?: string }[] }>(path)));
  for (const { results } of first) assert.equal(results[0]?.market_status, 'late_trading');
  http.clock.move(Date.parse('2026-01-02T16:00:00Z') - http.clock.nowMs());
  for (const [i, path] of paths.entries()) {
    const again = await http.get(path);
    assert.deepEqual(await again.json(), first[i]);
    assert.match(again.headers.get('cache-control') ?? '', /immutable/);
  }
});
