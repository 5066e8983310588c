import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { LAST_SETTLED, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { Python } from '#test/fixtures/python.ts';

/** The vendor's own Python clients, unmodified, against a server of ours: only the base address is another. */

const python = new Python('CONDVEST_TEST_CLIENTS_PYTHON');
const PACKAGES = [
  { name: 'massive', module: 'massive' },
  { name: 'polygon-api-client', module: 'polygon' },
];

type Outcome = { readonly value: unknown } | { readonly error: string; readonly message: string };
type Row = Readonly<Record<string, unknown>>;

let http: HttpApp;
let base: string;
before(async () => {
  http = await openHttpApp();
  base = await http.listen();
});
after(() => http[Symbol.asyncDispose]());

for (const { name, module } of PACKAGES) {
  test(`every stock method of the Python client ${name} works, or says why it does not`, {
    skip: python.lacks(module),
  }, async () => {
    const outcomes = await drive(module);
    const value = (method: string): unknown => {
      const outcome = outcomes[method];
      if (outcome === undefined || !('value' in outcome)) assert.fail(`${method}: ${JSON.stringify(outcome)}`);
      return outcome.value;
    };
    const rows = (method: string): readonly Row[] => value(method) as readonly Row[];

    const served = await http.json<{ results: readonly Row[] }>(
      `/v2/aggs/ticker/AAA/range/1/day/${from}/${PROVISIONAL}?limit=50000`,
    );
    const asClient = served.results.map(({ o, h, l, c, v, vw, n, t }) => ({
      open: o,
      high: h,
      low: l,
      close: c,
      volume: v,
      vwap: vw,
      timestamp: t,
      transactions: n,
    }));
    assert.deepEqual(rows('list_aggs whole'), asClient);
    assert.deepEqual(rows('list_aggs'), asClient, 'paged as whole');
    const descending = rows('list_aggs instants').map(({ timestamp }) => Number(timestamp));
    assert.deepEqual(
      descending,
      [...descending].sort((a, b) => b - a),
    );
    assert.ok(descending.length > 200);
    for (const method of ['list_aggs week', 'list_aggs session', 'get_aggs', 'get_grouped_daily_aggs'])
      assert.ok(rows(method).length > 8, method);

    const last = asClient.at(-1);
    const day = value('get_daily_open_close_agg') as Row;
    assert.deepEqual([day.symbol, day.open, day.close, day.volume], ['AAA', last?.open, last?.close, last?.volume]);
    assert.equal((rows('get_previous_close_agg')[0] as Row).close, last?.close);

    for (const method of ['get_sma', 'get_ema', 'get_rsi', 'get_macd']) {
      const { values, underlying } = value(method) as { values: readonly Row[]; underlying: Row };
      assert.equal(values.length, 20, method);
      assert.match(String(underlying.url), /\/v2\/aggs\/ticker\/AAA\/range\/1\/day\//, method);
    }
    assert.ok((value('get_ema') as { underlying: { aggregates: unknown[] } }).underlying.aggregates.length >= 20);

    // The client sends a datetime in nanoseconds; midnight in UTC lies after no bar of the day before, and before the one of the day.
    assert.deepEqual(value('get_sma datetimes'), value('get_sma dates'));

    const [known, unknown] = ['AAA', 'NOSUCH'].map((ticker) =>
      rows('list_universal_snapshots').find((row) => row.ticker === ticker),
    );
    assert.equal((known?.session as Row | undefined)?.close, last?.close);
    assert.equal(typeof unknown?.error, 'string');
    assert.deepEqual(
      rows('get_snapshot_all some').map(({ ticker }) => ticker),
      ['AAA'],
    );
    assert.ok(rows('get_snapshot_all').length >= 10);
    assert.ok(Array.isArray(value('get_snapshot_direction')));
    assert.equal((value('get_snapshot_ticker') as Row).ticker, 'AAA');
    assert.ok(rows('get_market_holidays').length >= 3);
    assert.equal(typeof (value('get_market_status') as Row).market, 'string');

    const tickers = rows('list_tickers').map(({ ticker }) => String(ticker));
    assert.deepEqual(tickers, [...new Set(tickers)].sort());
    assert.ok(tickers.includes('AAA') && !tickers.includes('DEL'), 'the active ones, each once, over all pages');
    assert.equal((value('get_ticker_details') as Row).ticker, 'AAA');
    for (const method of ['get_ticker_types', 'list_splits', 'list_dividends', 'list_conditions', 'get_exchanges'])
      assert.ok(rows(method).length > 2, method);
    if (module === 'massive')
      for (const method of ['list_stocks_splits', 'list_stocks_dividends']) assert.ok(rows(method).length > 2, method);

    for (const method of [
      'list_aggs minute',
      'list_trades',
      'list_quotes',
      'get_last_trade',
      'get_last_quote',
      'list_ticker_news',
      'get_related_companies',
      'list_short_interest',
      'list_short_volume',
    ])
      refused(outcomes, method, /NOT_AUTHORIZED.*not entitled/s);
    refused(outcomes, 'unknown ticker details', /NOT_FOUND/);
    refused(outcomes, 'unknown snapshot', /NOT_FOUND/);
    refused(outcomes, 'open-close without data', /NOT_FOUND/);
    assert.deepEqual(value('unknown ticker aggs'), []);
    refused(outcomes, 'bad parameter', /yesterday/);
  });
}

const from = new Date(Date.parse(PROVISIONAL) - 400 * 86_400_000).toISOString().slice(0, 10);

/** The client raised its own error for an answer of ours, and shows what we said. */
function refused(outcomes: Readonly<Record<string, Outcome>>, method: string, message: RegExp): void {
  const outcome = outcomes[method];
  if (outcome === undefined || !('error' in outcome)) assert.fail(`${method} gave ${JSON.stringify(outcome)}`);
  assert.equal(outcome.error, 'BadResponse', `${method}: ${outcome.message}`);
  assert.match(outcome.message, message, method);
}

async function drive(module: string): Promise<Readonly<Record<string, Outcome>>> {
  const script = join(import.meta.dirname, 'clients.py');
  const args = [script, module, base, 'any-key', 'AAA', PROVISIONAL, LAST_SETTLED];
  const { stdout } = await promisify(execFile)(python.command, args, { maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as Readonly<Record<string, Outcome>>;
}
