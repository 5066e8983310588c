import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { restClient } from '@massive.com/client-js';
import { MassiveSource, type MassiveSourceOptions } from '#adapters/massive/daily-source.ts';
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
      grouped: new Map([['2024-01-03', [bar('AAA', 11), bar('BRK.B', 10), { T: 'ODD', o: 1, h: 1, l: 1, v: 5 }]]]),
      tickers: [
        ...['AAA', 'BBB', 'CCC', 'DDD', 'EEE'].map((name) => ticker(name)),
        ticker('WWW.WS', { type: 'WARRANT' }),
        ticker('OTC', { primary_exchange: null }),
        ticker('GONE', { active: false, delisted_utc: '2023-05-01T00:00:00Z', primary_exchange: undefined }),
      ],
      splits: ['2024-02-01', '2024-03-01', '2024-04-01'].map((date) => ({
        id: date,
        ticker: 'AAA',
        execution_date: date,
        split_from: 1,
        split_to: 2,
      })),
      dividends: [
        { id: '1', ticker: 'AAA', ex_dividend_date: '2024-02-01', cash_amount: 0.5, frequency: 4, dividend_type: 'CD' },
        {
          id: '2',
          ticker: 'BBB',
          ex_dividend_date: '2024-02-02',
          cash_amount: 1.5,
          frequency: 0,
          distribution_type: 'special',
        },
      ],
    });
  });
  beforeEach(() => {
    clock = new VirtualClock(Date.parse('2024-02-10T12:00:00Z'));
    server.faults.length = 0;
    server.requests.length = 0;
    server.hasNewFamily = true;
    server.onRequest = undefined;
  });
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
    assert.equal(reply.rows[2]?.close, null);
    assert.match(reply.digest, /^[0-9a-f]{64}$/);
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
      ],
    );
  });

  test('429 is waited for as it says, 5xx, resets and cut bodies are tried again', async () => {
    const startMs = clock.nowMs();
    server.faults.push({ kind: 'status', status: 429, retryAfter: '7' });
    assert.equal((await source().bars(session)).kind, 'bars');
    assert.equal(clock.nowMs() - startMs, 7000);
    server.faults.push({ kind: 'status', status: 503 }, { kind: 'reset' }, { kind: 'cut-body' });
    assert.equal((await source().bars(session)).kind, 'bars');
    server.faults.push({ kind: 'body', text: '<html>' }, { kind: 'silence' });
    assert.equal((await source({ timeoutMs: 100 }).bars(session)).kind, 'bars');
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
    assert.match((await failure(down.bars(session))).message, /left alone/);
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
