import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { restClient } from '@massive.com/client-js';
import { MassiveSource, type MassiveSourceOptions } from '#adapters/massive/daily-source.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const calendar = createCalendar({ lastYear: 2028 });
const session = isoDate('2024-01-03');
const T = Date.parse('2024-01-03T21:00:00Z');
const bar = (symbol: string, close: number): object => ({
  T: symbol,
  o: 10,
  h: 12,
  l: 9,
  c: close,
  v: 1000,
  vw: 10.5,
  n: 7,
  t: T,
});
const dividend = (id: string, name: string, exDate: string, cash: number, more: object): object => ({
  id,
  ticker: name,
  ex_dividend_date: exDate,
  cash_amount: cash,
  frequency: 4,
  ...more,
});
const ticker = (name: string, more: object = {}): object => ({
  ticker: name,
  name: `${name} Inc.`,
  market: 'stocks',
  locale: 'us',
  active: true,
  type: 'CS',
  primary_exchange: 'XNYS',
  composite_figi: `BBG${name}`,
  ...more,
});

describe('Massive over HTTP', () => {
  let server: VendorServer;
  let clock: VirtualClock;
  before(async () => {
    server = await VendorServer.open({
      grouped: new Map([['2024-01-03', [bar('AAA', 11), bar('BRK.B', 10), bar('ODD', 10)]]]),
      tickers: [
        ...['AAA', 'BBB', 'CCC', 'DDD', 'EEE'].map((name) =>
          ticker(name, name === 'EEE' ? { list_date: '2023-11-08' } : {}),
        ),
        ticker('WWW.WS', { type: 'WARRANT' }),
        ticker('OTC', { primary_exchange: undefined }),
        ticker('GONE', { active: false, delisted_utc: '2023-05-01T00:00:00Z', primary_exchange: undefined }),
      ],
      splits: ['2024-02-01', '2024-03-01', '2024-04-01'].map((date) => ({
        id: date,
        ticker: 'AAA',
        execution_date: date,
        split_from: 1,
        split_to: 2,
        adjustment_type: 'forward_split',
      })),
      dividends: [
        dividend('1', 'AAA', '2024-02-01', 0.5, {
          ...{ distribution_type: 'recurring', currency: 'USD' },
          ...{ declaration_date: '2024-01-18', record_date: '2024-02-02', pay_date: '2024-02-15' },
        }),
        dividend('2', 'BBB', '2024-02-02', 1.5, { distribution_type: 'special' }),
        dividend('3', 'CCC', '2024-02-05', 2, { distribution_type: 'recurring', currency: 'CAD' }),
      ],
      events: new Map([
        [
          'META',
          [
            { date: '2022-06-09', event_type: 'ticker_change', ticker_change: { ticker: 'META' } },
            { date: '2012-05-18', event_type: 'ticker_change', ticker_change: { ticker: 'FB' } },
          ],
        ],
      ]),
    });
  });
  beforeEach(() => {
    clock = new VirtualClock(Date.parse('2024-02-10T12:00:00Z'));
    server.faults.length = 0;
    server.requests.length = 0;
    server.hasNewFamily = true;
    server.onRequest = undefined;
  });
  afterEach(() => assert.deepEqual(server.contractFaults, [], 'requests and replies are as the vendor documents them'));
  after(() => server[Symbol.asyncDispose]());

  function source(options: Partial<MassiveSourceOptions> = {}): MassiveSource {
    return new MassiveSource({
      baseUrl: server.url,
      apiKey: server.key,
      calendar,
      clock,
      random: seededRandom(1),
      requestsPerMinute: 0,
      types: ['CS'],
      exchanges: ['XNYS'],
      ...options,
    });
  }

  async function failure(work: Promise<unknown>): Promise<CondvestError> {
    try {
      await work;
    } catch (cause) {
      assert.ok(cause instanceof CondvestError, String(cause));
      return cause;
    }
    return assert.fail('it succeeded');
  }

  test('the fake vendor speaks as the vendor’s own client expects', async () => {
    const api = restClient(server.key, server.url, { pagination: false });
    const reply = await api.getGroupedStocksAggregates({ date: '2024-01-03', adjusted: false } as never);
    assert.equal((reply as { resultsCount?: number }).resultsCount, 3);
  });

  test('bars come unadjusted, as the vendor gave them; what is missing is null', async () => {
    const reply = await source().bars(session);
    assert.ok(reply.kind === 'bars');
    assert.match(server.requests[0] ?? '', /adjusted=false/);
    assert.deepEqual(reply.rows[1], {
      symbol: 'BRK.B',
      session,
      open: 10,
      high: 12,
      low: 9,
      close: 10,
      volume: 1000,
      vwap: 10.5,
      trades: 7,
    });
    const text = JSON.stringify({
      status: 'OK',
      resultsCount: 2,
      results: [
        { T: 'ODD', o: 1, h: 1, l: 1, v: 5, c: '7' },
        { T: 'ODD', t: '2024-01-03' },
      ],
    });
    server.faults.push({ kind: 'body', text });
    const odd = await source().bars(session);
    assert.ok(odd.kind === 'bars');
    assert.deepEqual([odd.rows[0]?.open, odd.rows[0]?.close, odd.rows[0]?.vwap], [1, null, null]);
    assert.deepEqual(
      odd.rows.map((row) => row.session),
      [session, null],
      'no time is none; a wrong one is not guessed at',
    );
  });

  test('lists are read to their last page, on our own base address', async () => {
    const symbols = await source().symbols({ session, delisted: false });
    assert.deepEqual(
      symbols.map(({ symbol }) => symbol),
      ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'],
    );
    assert.equal(server.requests.length, 4);
    const gone = await source().symbols({ session, delisted: true });
    assert.deepEqual(
      gone.map(({ symbol, delistedOn }) => [symbol, delistedOn]),
      [['GONE', '2023-05-01']],
    );
  });

  test('splits and dividends come from the new family, or from the older one where that is all there is', async () => {
    assert.equal((await source().splits(session)).length, 3);
    server.hasNewFamily = false;
    const older = source();
    assert.equal((await older.splits(session)).length, 3);
    assert.deepEqual(
      (await older.dividends(session)).map(({ symbol, kind }) => [symbol, kind]),
      [
        ['AAA', 'CD'],
        ['BBB', 'SC'],
        ['CCC', 'CD'],
      ],
    );
    assert.ok(server.requests.some((path) => path.startsWith('/v3/reference/splits?')));
  });

  test('dividends come with the dates and the frequency that the vendor knows, from either family', async () => {
    for (const hasNewFamily of [true, false]) {
      server.hasNewFamily = hasNewFamily;
      const details = (await source().dividends(session)).map((one) => [
        ...[one.declarationDate, one.recordDate, one.payDate, one.frequency],
      ]);
      assert.deepEqual(details[0], ['2024-01-18', '2024-02-02', '2024-02-15', 4]);
      assert.deepEqual(details[1], [null, null, null, 4]);
    }
  });

  test('a split whose row lacks a field is no reason to refuse the list, and its currency is told', async () => {
    const rows = [
      { adjustment_type: 'forward_split', ticker: 'AAA' },
      { adjustment_type: 'forward_split', ticker: 'BBB', execution_date: '2024-02-01', split_from: 1, split_to: 2 },
    ];
    server.faults.push({ kind: 'body', text: JSON.stringify({ status: 'OK', request_id: 'r', results: rows }) });
    const splits = await source().splits(session);
    assert.deepEqual(splits[0], { symbol: 'AAA', exDate: null, splitFrom: null, splitTo: null });
    assert.equal(splits[1]?.splitTo, 2);
    assert.deepEqual(
      (await source().dividends(session)).map(({ currency }) => currency),
      ['USD', null, 'CAD'],
    );
  });

  test('symbols that a security has had come from its events, oldest first', async () => {
    assert.deepEqual(await source().symbolChanges('META'), [
      { date: '2012-05-18', symbol: 'FB' },
      { date: '2022-06-09', symbol: 'META' },
    ]);
    assert.deepEqual(await source().symbolChanges('AAA'), []);
  });

  test('the first day of a symbol comes from its details', async () => {
    assert.equal(await source().listedOn('EEE'), '2023-11-08');
    assert.equal(await source().listedOn('AAA'), undefined);
    assert.equal(await source().listedOn('NONE'), undefined);
    for (const status of [400, 403, 422]) {
      server.faults.push({ kind: 'status', status }, { kind: 'status', status });
      assert.equal(await source().listedOn('EEE'), undefined, 'one symbol that it refuses is no failure of the list');
      assert.deepEqual(await source().symbolChanges('META'), []);
    }
  });

  test('a few symbols that are gone are asked for one by one, many by their whole list', async () => {
    const few = await source().symbols({ session, delisted: true, among: ['GONE', 'AAA'] });
    assert.deepEqual(
      few.map(({ symbol }) => symbol),
      ['GONE'],
    );
    assert.equal(server.requests.length, 2);
    assert.ok(server.requests.every((path) => path.includes('ticker=')));
    const among = Array.from({ length: 11 }, (_, index) => `G${index}`);
    await source().symbols({ session, delisted: true, among });
    assert.equal(server.requests.length, 3);
  });

  test('bodies come compressed', async () => {
    const before = server.compressed;
    assert.equal((await source().bars(session)).kind, 'bars');
    assert.equal(server.compressed, before + 1);
  });

  test('what we ask is what the vendor’s own client asks', async () => {
    const api = restClient(server.key, server.url, { pagination: false });
    const wire = (path: string): object => {
      const url = new URL(path, server.url);
      url.searchParams.delete('apiKey');
      return { path: url.pathname, query: Object.fromEntries(url.searchParams) };
    };
    const pairs: readonly (readonly [() => Promise<unknown>, () => Promise<unknown>])[] = [
      [
        () => source().bars(session),
        () => api.getGroupedStocksAggregates({ date: session, adjusted: false, includeOtc: false }),
      ],
      [
        () => source().symbols({ session, delisted: false }),
        () =>
          api.listTickers({
            market: 'stocks' as never,
            active: true,
            date: session,
            limit: 1000,
            sort: 'ticker' as never,
            order: 'asc' as never,
          }),
      ],
      [
        () => source().splits(session),
        () => api.getStocksV1Splits({ executionDateGte: session, limit: 5000, sort: 'execution_date.asc' }),
      ],
      [
        () => source().dividends(session),
        () => api.getStocksV1Dividends({ exDividendDateGte: session, limit: 5000, sort: 'ex_dividend_date.asc' }),
      ],
      [() => source().symbolChanges('META'), () => api.getEvents({ id: 'META', types: 'ticker_change' })],
      [() => source().listedOn('EEE'), () => api.getTicker({ ticker: 'EEE' })],
    ];
    for (const [ours, theirs] of pairs) {
      server.requests.length = 0;
      await ours();
      const [own] = server.requests;
      server.requests.length = 0;
      await theirs();
      const [other] = server.requests;
      assert.deepEqual(wire(own ?? ''), wire(other ?? ''));
    }
  });

  test('429 is waited for as it says, 5xx, resets and cut bodies are tried again', async () => {
    const startMs = clock.nowMs();
    server.faults.push({ kind: 'status', status: 429, retryAfter: '7' });
    assert.equal((await source().bars(session)).kind, 'bars');
    assert.equal(clock.nowMs() - startMs, 7000);
    server.faults.push({ kind: 'status', status: 503, retryAfter: new Date(clock.nowMs() + 9000).toUTCString() });
    assert.equal((await source().bars(session)).kind, 'bars');
    assert.equal(clock.nowMs() - startMs, 16_000);
    server.faults.push({ kind: 'status', status: 503 }, { kind: 'reset' }, { kind: 'cut-body' });
    assert.equal((await source().bars(session)).kind, 'bars');
    server.faults.push({ kind: 'body', text: '<html>' }, { kind: 'silence' });
    assert.equal((await source({ timeoutMs: 100 }).bars(session)).kind, 'bars');
  });

  test('a body that never ends is given up in time, and asked for again', async () => {
    server.faults.push({ kind: 'endless-body' });
    assert.equal((await source({ timeoutMs: 100 }).bars(session)).kind, 'bars');
    assert.equal(server.requests.length, 2);
  });

  test('what one request was told to wait, all others wait too', async () => {
    const atMs: number[] = [];
    server.onRequest = () => atMs.push(clock.nowMs());
    const one = source();
    const startMs = clock.nowMs();
    server.faults.push({ kind: 'status', status: 429, retryAfter: '30' });
    await one.bars(session);
    assert.deepEqual(atMs, [startMs, startMs + 30_000]);
    atMs.length = 0;
    server.faults.push({ kind: 'status', status: 429, retryAfter: '30' });
    const first = one.bars(session);
    const paused = new Promise<void>((resolve) => {
      server.onRequest = () => {
        atMs.push(clock.nowMs());
        resolve();
      };
    });
    await paused;
    await first;
    await one.bars(session);
    assert.ok((atMs[1] ?? 0) - (atMs[0] ?? 0) >= 30_000, 'nobody asked before the time was over');
  });

  test('who waits for the budget when the vendor asks for rest waits for that too', async () => {
    // In real time: on the virtual clock the rest of one is over before another one is looked at.
    const atMs: number[] = [];
    server.onRequest = () => atMs.push(performance.now());
    const waits = [0, 100];
    const grants = { take: () => waits.shift() ?? 0 };
    const one = source({ clock: systemClock, requestsPerMinute: 1, grants, timeoutMs: 5000 });
    server.faults.push({ kind: 'status', status: 429, retryAfter: '1' });
    await Promise.all([one.bars(session), one.bars(session)]);
    assert.equal(atMs.length, 3);
    const [refused = 0, next = 0] = atMs;
    assert.ok(next - refused >= 990, `asked ${Math.round(next - refused)} ms after it was asked to wait for 1000`);
  });

  test('a vendor that asks for an hour of rest gets it', async () => {
    const resting = source();
    server.faults.push({ kind: 'status', status: 429, retryAfter: '3600' });
    const error = await failure(resting.bars(session));
    assert.equal(error.kind, 'transient');
    assert.match(error.message, /rate-limited; retry after 3600 s/);
    assert.match((await failure(resting.bars(session))).message, /rate-limited/);
    assert.equal(server.requests.length, 1);
    clock.move(3_600_000);
    assert.equal((await resting.bars(session)).kind, 'bars');
  });

  test('429 without a word on how long is waited for in the vendor’s measure, a part of a minute', async () => {
    const startMs = clock.nowMs();
    server.faults.push({ kind: 'status', status: 429 });
    await source().bars(session);
    assert.ok(clock.nowMs() - startMs >= 7_500, `${clock.nowMs() - startMs} ms`);
  });

  test('a vendor that stays down is a transient failure, after a bounded number of tries', async () => {
    server.faults.push(...Array.from({ length: 4 }, () => ({ kind: 'status', status: 500 }) as const));
    const error = await failure(source().bars(session));
    assert.equal(error.code, 'massive-unavailable');
    assert.equal(error.kind, 'transient');
    assert.equal(server.requests.length, 4);
  });

  test('after many failures the vendor is left alone for a minute', async () => {
    server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'reset' }) as const));
    const down = source();
    await failure(down.bars(session));
    await failure(down.bars(session));
    const asked = server.requests.length;
    assert.match((await failure(down.bars(session))).message, /no requests for a minute/);
    assert.equal(server.requests.length, asked);
    clock.move(61_000);
    assert.equal((await down.bars(session)).kind, 'bars');
  });

  test('a wrong key is said at once, never tried again, and never shown', async () => {
    const error = await failure(source({ apiKey: 'a-wrong-secret-key' }).bars(session));
    assert.equal(error.code, 'massive-key-wrong');
    assert.equal(server.requests.length, 1);
    assert.ok(!error.message.includes('a-wrong-secret-key'));
    assert.match(error.message, /MASSIVE_API_KEY/);
    const known = source({ apiKey: 'a-wrong-secret-key' });
    await failure(known.bars(session));
    await failure(known.splits(session));
    assert.equal(server.requests.length, 2, 'a key that is known to be wrong is not sent again');
  });

  test('an address that sends its callers elsewhere is named at once, and the key is not sent there', async () => {
    server.faults.push({ kind: 'status', status: 301, location: `${server.url}/elsewhere` });
    const error = await failure(source().bars(session));
    assert.deepEqual([error.code, error.kind], ['massive-moved', 'permanent']);
    assert.match(error.message, /CONDVEST_MASSIVE_URL/);
    assert.equal(server.requests.length, 1);
  });

  test('a next page on another server is refused, and nothing is requested there', async () => {
    for (const address of [
      'https://evil.example/v3/x?cursor=1',
      '//evil.example/x',
      'https://api.massive.com:8443/x',
    ]) {
      server.faults.push({ kind: 'body', text: JSON.stringify({ status: 'OK', results: [], next_url: address }) });
      const asked = server.requests.length;
      const error = await failure(source().symbols({ session, delisted: false }));
      assert.deepEqual([error.code, error.kind], ['massive-next-url-foreign', 'permanent'], address);
      assert.match(error.message, /CONDVEST_MASSIVE_URL/);
      assert.equal(server.requests.length, asked + 1, address);
    }
  });

  test('403 on a young session is "not yet", on an old one the horizon of the plan', async () => {
    server.faults.push({ kind: 'status', status: 403 });
    assert.equal((await source().bars(session)).kind, 'beyond-plan');
    clock = new VirtualClock(calendar.closeMs(session) + 60_000);
    server.faults.push({ kind: 'status', status: 403 });
    assert.equal((await source().bars(session)).kind, 'not-yet');
  });

  test('a reply with fewer rows than it promises is no reply', async () => {
    const text = JSON.stringify({ status: 'OK', resultsCount: 5, results: [bar('AAA', 11)] });
    server.faults.push({ kind: 'body', text }, { kind: 'body', text });
    assert.equal((await failure(source().bars(session))).code, 'massive-reply-truncated');
    server.faults.push({ kind: 'body', text: '{"status":"OK"}' }, { kind: 'body', text: '{"status":"OK"}' });
    assert.match((await failure(source().bars(session))).message, /resultsCount/);
    server.faults.push({ kind: 'body', text: '{"status":"ERROR"}' }, { kind: 'body', text: '{"status":"ERROR"}' });
    assert.match((await failure(source().splits(session))).message, /status/);
  });

  test('a reply of another shape names the field at fault', async () => {
    const text = JSON.stringify({ status: 'OK', results: [{ name: 'no ticker' }] });
    server.faults.push({ kind: 'body', text }, { kind: 'body', text });
    const error = await failure(source().symbols({ session, delisted: false }));
    assert.equal(error.code, 'massive-reply-invalid');
    assert.match(error.message, /results\.0\.ticker/);
  });

  test('no minute has more requests than the budget, retries among them', async () => {
    const atMs: number[] = [];
    server.onRequest = () => atMs.push(clock.nowMs());
    const limited = source({ requestsPerMinute: 5 });
    server.faults.push({ kind: 'status', status: 500 }, { kind: 'status', status: 429 });
    for (let request = 0; request < 17; request += 1) await limited.bars(session);
    assert.equal(atMs.length, 19);
    for (const [index, at] of atMs.entries()) {
      const within = atMs.filter((other) => other >= at && other < at + 60_000).length;
      assert.ok(within <= 5, `${within} requests within a minute of request ${index}`);
    }
  });
});
