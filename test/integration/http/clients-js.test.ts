import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { restClient as massive10 } from '@massive.com/client-js';
import { restClient as polygon7 } from 'polygon-client-7';
import { restClient as polygon8 } from 'polygon-client-8';

import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

/**
 * The official JavaScript clients, unmodified, over a socket: every method that is about stocks either works or is
 * refused as not entitled. Another route is another row of `CALLS`.
 */

type Method = (...parameters: unknown[]) => Promise<unknown>;
type Methods = Readonly<Record<string, Method>>;

interface Call {
  /** Parameters by name, as the newest client takes them. */
  readonly by: Readonly<Record<string, unknown>>;
  /** The same by position, as version 8 does. Undefined: that version does not have the method. */
  readonly at?: readonly unknown[];
  /** Group, method and parameters of version 7; undefined: it does not have it. */
  readonly old?: readonly [group: 'stocks' | 'reference', method: string, ...parameters: unknown[]];
  /** The server does not have this. */
  readonly isRefused?: true;
  /** The address that gives all rows at once, with which a client that follows pages must agree. */
  readonly whole?: string;
}

const DAYS = '/v2/aggs/ticker/AAA/range/1/day/2024-05-01/2024-07-31';
const RANGE = { stocksTicker: 'AAA', multiplier: 1, timespan: 'day', from: '2024-05-01', to: '2024-07-31' };
const none = undefined;

const CALLS: Readonly<Record<string, Call>> = {
  getStocksAggregates: {
    by: { ...RANGE, adjusted: true, sort: 'asc', limit: 25 },
    at: ['AAA', 1, 'day', '2024-05-01', '2024-07-31', true, 'asc', 25],
    old: ['stocks', 'aggregates', 'AAA', 1, 'day', '2024-05-01', '2024-07-31', { limit: 25 }],
    whole: DAYS,
  },
  getPreviousStocksAggregates: {
    by: { stocksTicker: 'AAA' },
    at: ['AAA'],
    old: ['stocks', 'previousClose', 'AAA'],
  },
  getStocksOpenClose: {
    by: { stocksTicker: 'AAA', date: '2024-06-10' },
    at: ['AAA', '2024-06-10'],
    old: ['stocks', 'dailyOpenClose', 'AAA', '2024-06-10'],
  },
  getGroupedStocksAggregates: {
    by: { date: '2024-06-10' },
    at: ['2024-06-10'],
    old: ['stocks', 'aggregatesGroupedDaily', '2024-06-10'],
  },
  // The newest clients spread `results` of each page, which is an object here, against the vendor's own service too.
  getStocksSMA: { by: { stockTicker: 'NEW', limit: 5000 }, at: ['NEW', ...gap(7), 5000], old: old('sma') },
  getStocksEMA: { by: { stockTicker: 'NEW', limit: 5000 }, at: ['NEW', ...gap(7), 5000], old: old('ema') },
  getStocksRSI: { by: { stockTicker: 'NEW', limit: 5000 }, at: ['NEW', ...gap(7), 5000], old: old('rsi') },
  getStocksMACD: { by: { stockTicker: 'NEW', limit: 5000 }, at: ['NEW', ...gap(9), 5000], old: old('macd') },
  getStocksSnapshotTickers: { by: {}, at: [], old: ['stocks', 'snapshotAllTickers'] },
  getStocksSnapshotTicker: { by: { stocksTicker: 'AAA' }, at: ['AAA'], old: ['stocks', 'snapshotTicker', 'AAA'] },
  getStocksSnapshotDirection: {
    by: { direction: 'gainers' },
    at: ['gainers'],
    old: ['stocks', 'snapshotGainersLosers', 'gainers'],
  },
  getSnapshots: {
    by: { tickerAnyOf: 'AAA,IDX', type: 'stocks' },
    at: [none, none, none, none, none, none, 'AAA,IDX'],
    old: ['stocks', 'universalSnapshot', { 'ticker.any_of': 'AAA,IDX' }],
  },
  getSnapshotSummary: {
    by: { tickerAnyOf: 'AAA,IDX' },
    at: ['AAA,IDX'],
    old: ['stocks', 'summaries', { 'ticker.any_of': 'AAA,IDX' }],
  },
  listTickers: {
    by: { limit: 5, market: 'stocks' },
    at: [...gap(14), 5],
    old: ['reference', 'tickers', { limit: 5 }],
    whole: '/v3/reference/tickers?limit=1000',
  },
  getTicker: { by: { ticker: 'AAA' }, at: ['AAA'], old: ['reference', 'tickerDetails', 'AAA'] },
  listTickerTypes: { by: {}, at: [], old: ['reference', 'tickerTypes'] },
  getEvents: { by: { id: 'MTX' }, at: ['MTX'] },
  listDividends: {
    by: { ticker: 'AAA', limit: 3 },
    at: ['AAA', ...gap(32), 3],
    old: ['reference', 'dividends', { ticker: 'AAA', limit: 3 }],
    whole: '/v3/reference/dividends?ticker=AAA&limit=1000',
  },
  listStockSplits: {
    by: { limit: 2 },
    at: [...gap(12), 2],
    old: ['reference', 'stockSplits', { limit: 2 }],
    whole: '/v3/reference/splits?limit=1000',
  },
  getStocksV1Dividends: { by: { ticker: 'AAA' } },
  getStocksV1Splits: { by: { ticker: 'AAA' } },
  getStocksV1Exchanges: { by: {} },
  listExchanges: { by: {}, at: [], old: ['reference', 'exchanges'] },
  listConditions: { by: {}, at: [], old: ['reference', 'conditions'] },
  getMarketStatus: { by: {}, at: [], old: ['reference', 'marketStatus'] },
  getMarketHolidays: { by: {}, at: [], old: ['reference', 'marketHolidays'] },

  getLastStocksTrade: refused('stocksTicker', ['stocks', 'lastTrade', 'AAA']),
  getLastStocksQuote: refused('stocksTicker', ['stocks', 'lastQuote', 'AAA']),
  getStocksTrades: refused('stockTicker', ['stocks', 'trades', 'AAA']),
  getStocksQuotes: refused('stockTicker', ['stocks', 'quotes', 'AAA']),
  getRelatedCompanies: refused('ticker'),
  listNews: refused('ticker', ['reference', 'tickerNews', { ticker: 'AAA' }]),
  listFinancials: refused('ticker', ['reference', 'stockFinancials', { ticker: 'AAA' }]),
  listIPOs: refused('ticker'),
  getStocksV1ShortInterest: refused('ticker'),
  getStocksV1ShortVolume: refused('ticker'),
  getStocksVXFloat: { by: { ticker: 'AAA' }, isRefused: true },
  getV1ReferenceIpos: { by: { ticker: 'AAA' }, isRefused: true },
  getStocksFinancialsV1BalanceSheets: { by: { tickers: 'AAA' }, isRefused: true },
  getStocksFinancialsV1CashFlowStatements: { by: { tickers: 'AAA' }, isRefused: true },
  getStocksFinancialsV1IncomeStatements: { by: { tickers: 'AAA' }, isRefused: true },
  getStocksFinancialsV1Ratios: { by: { ticker: 'AAA' }, isRefused: true },
  getStocksFilings10KVX0Sections: { by: { ticker: 'AAA' }, isRefused: true },
  getStocksFilings10KVXSections: { by: { ticker: 'AAA' }, isRefused: true },
  getStocksFilings8KVXDisclosures: { by: { ticker: 'AAA' }, isRefused: true },
  getStocksFilings8KVXText: { by: { ticker: 'AAA' }, isRefused: true },
  getStocksFilingsVX13F: { by: {}, isRefused: true },
  getStocksFilingsVXForm3: { by: {}, isRefused: true },
  getStocksFilingsVXForm4: { by: {}, isRefused: true },
  getStocksFilingsVXIndex: { by: {}, isRefused: true },
  getStocksFilingsVXRiskFactors: { by: { ticker: 'AAA' }, isRefused: true },
  getStocksTaxonomiesVXDisclosures: { by: {}, isRefused: true },
  getStocksTaxonomiesVXRiskFactors: { by: {}, isRefused: true },
  getStocksDevTradesTicker: { by: { ticker: 'AAA' }, isRefused: true },
  deprecatedGetHistoricStocksTrades: {
    by: { ticker: 'AAA', date: '2024-06-10' },
    at: ['AAA', '2024-06-10'],
    isRefused: true,
  },
  deprecatedGetHistoricStocksQuotes: {
    by: { ticker: 'AAA', date: '2024-06-10' },
    at: ['AAA', '2024-06-10'],
    isRefused: true,
  },
};

function gap(count: number): readonly undefined[] {
  return Array.from({ length: count }, () => undefined);
}

function old(method: string): NonNullable<Call['old']> {
  return ['stocks', method, 'NEW', { limit: 5000 }];
}

function refused(name: string, version7?: NonNullable<Call['old']>): Call {
  return { by: { [name]: 'AAA' }, at: ['AAA'], isRefused: true, ...(version7 === undefined ? {} : { old: version7 }) };
}

/** Methods about other assets than stocks, or about nothing that is traded. */
const OTHER =
  /Crypto|Forex|Options|Option\b|OptionContract|Indices|Futures|Benzinga|Etf|Fed|Consumer|Tmx|Currency|^aggregatesV1$|^constructor$/;

let http: HttpApp;
let base: string;

before(async () => {
  http = await openHttpApp();
  base = await http.listen();
});
after(() => http[Symbol.asyncDispose]());

/** Rows of an answer, wherever this route has them. */
function rowsOf(answer: unknown): readonly unknown[] {
  const body = answer as { results?: unknown; tickers?: unknown };
  return [body.results ?? body.tickers ?? answer].flat();
}

const asText = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

async function check(call: Call, run: () => Promise<unknown>): Promise<void> {
  if (call.isRefused === true) {
    await assert.rejects(run, (error: unknown) => {
      assert.match(wordsOf(error), /not entitled/);
      return true;
    });
    return;
  }
  const rows = rowsOf(await run());
  assert.ok(rows.length > 0);
  for (const row of rows) assert.ok(typeof row === 'object' && row !== null, `a row: ${String(row)}`);
  const { values } = rows[0] as { values?: readonly unknown[] };
  if (values !== undefined) assert.ok(values.length > 10);
  if (call.whole === undefined) return;
  const wanted = rowsOf(await (await fetch(`${base}${call.whole}`)).json());
  assert.ok(wanted.length > Number(call.by.limit), 'there is more than one page');
  // These clients put pages in another order than they came in.
  assert.deepEqual(asText(rows), asText(wanted));
}

/** The message that a person would see; each version throws in its own form. */
function wordsOf(error: unknown): string {
  const { message, response } = error as { message?: string; response?: { data?: { message?: string } } };
  return `${message ?? ''} ${response?.data?.message ?? ''} ${typeof error === 'string' ? error : ''}`;
}

function methodsOf(client: object): readonly string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(client)).filter((name) => !OTHER.test(name));
}

describe('the client of Massive, version 10', () => {
  test('has every method about stocks in the table', () => {
    assert.deepEqual(
      methodsOf(massive10('KEY', base)).filter((name) => CALLS[name] === undefined),
      [],
    );
  });

  for (const [name, call] of Object.entries(CALLS)) {
    test(`has ${name} answered`, async () => {
      const client = massive10('KEY', base, { pagination: call.whole !== undefined }) as unknown as Methods;
      await check(call, () => client[name]?.(call.by) ?? Promise.reject(new Error(`no method ${name}`)));
    });
  }

  test('gets session windows, which the vendor does not have', async () => {
    const client = massive10('KEY', base) as unknown as Methods;
    const answer = await client.getStocksAggregates?.({ ...RANGE, timespan: 'session', multiplier: 13 });
    assert.ok(rowsOf(answer).length > 3);
  });
});

describe('the client of Polygon.io, version 8', () => {
  test('has every method about stocks in the table', () => {
    assert.deepEqual(
      methodsOf(polygon8('KEY', base)).filter((name) => CALLS[name]?.at === undefined),
      [],
    );
  });

  for (const [name, call] of Object.entries(CALLS)) {
    const { at } = call;
    if (at === undefined) continue;
    test(`has ${name} answered`, async () => {
      const client = polygon8('KEY', base, { pagination: call.whole !== undefined }) as unknown as Methods;
      if (client[name] === undefined) return;
      await check(call, () => client[name]?.(...at) ?? Promise.reject(new Error(`no method ${name}`)));
    });
  }
});

describe('the client of Polygon.io, version 7', () => {
  const groups = (pagination: boolean) =>
    polygon7('KEY', base, { pagination }) as unknown as Readonly<Record<'stocks' | 'reference', Methods>>;

  test('has every method about stocks in the table', () => {
    const client = groups(false);
    const known = new Set(Object.values(CALLS).map((call) => call.old?.slice(0, 2).join('.')));
    const all = [
      ...Object.keys(client.stocks).map((name) => `stocks.${name}`),
      ...Object.keys(client.reference).map((name) => `reference.${name}`),
    ];
    assert.deepEqual(
      all.filter((name) => !known.has(name) && !name.includes('optionsContract')),
      [],
    );
  });

  for (const call of Object.values(CALLS)) {
    if (call.old === undefined) continue;
    const [group, name, ...parameters] = call.old;
    test(`has ${group}.${name} answered`, async () => {
      const client = groups(call.whole !== undefined);
      await check(call, () => client[group][name]?.(...parameters) ?? Promise.reject(new Error(`no method ${name}`)));
    });
  }
});
