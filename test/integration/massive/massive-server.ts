import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { MassiveSource, type MassiveSourceOptions } from '#adapters/massive/daily-source.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

/** A vendor's server with a little of everything, and sources that fetch from it. */

export const calendar = createCalendar({ lastYear: 2028 });
export const session = isoDate('2024-01-03');
const T = Date.parse('2024-01-03T21:00:00Z');
export const bar = (symbol: string, close: number): object => ({
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

export interface MassiveServer {
  server: VendorServer;
  clock: VirtualClock;
  source(options?: Partial<MassiveSourceOptions>): MassiveSource;
}

/** Opens the server for the tests of the surrounding `describe`; each of them starts with a clock and faults of its own. */
export function useMassiveServer(): MassiveServer {
  const massive = {
    source: (options: Partial<MassiveSourceOptions> = {}) =>
      new MassiveSource({
        baseUrl: massive.server.url,
        apiKey: massive.server.key,
        calendar,
        clock: massive.clock,
        random: seededRandom(1),
        requestsPerMinute: 0,
        types: ['CS'],
        exchanges: ['XNYS'],
        ...options,
      }),
  } as MassiveServer;
  before(async () => {
    massive.server = await openServer();
  });
  beforeEach(() => {
    const { server } = massive;
    massive.clock = new VirtualClock(Date.parse('2024-02-10T12:00:00Z'));
    server.faults.length = 0;
    server.requests.length = 0;
    server.hasNewFamily = true;
    server.onRequest = undefined;
  });
  afterEach(() =>
    assert.deepEqual(massive.server.contractFaults, [], 'requests and replies are as the vendor documents them'),
  );
  after(() => massive.server[Symbol.asyncDispose]());
  return massive;
}

function openServer(): Promise<VendorServer> {
  return VendorServer.open({
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
}

/** Returns the error that the work ends with. */
export async function failure(work: Promise<unknown>): Promise<CondvestError> {
  try {
    await work;
  } catch (cause) {
    assert.ok(cause instanceof CondvestError, String(cause));
    return cause;
  }
  return assert.fail('it succeeded');
}
