import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { FIRST, marketBars } from '#test/fixtures/http-market.ts';
import { type ReferencePage, shaped, tickersOfPage } from '#test/fixtures/reference-pages.ts';

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

describe('tickers', () => {
  const list = (query: string): Promise<ReferencePage> =>
    shaped(http, '/v3/reference/tickers', `/v3/reference/tickers?${query}`);

  test('are those that trade today, in order, with what is known of them', async () => {
    const page = await list('');
    assert.deepEqual(tickersOfPage(page), [
      ...['AAA', 'ADR', 'BBB.A', 'BBBpC', 'FBX', 'FUT', 'HLD', 'HLT', 'IDX', 'MTX', 'NEW', 'RVS'],
    ]);
    assert.equal(page.count, 12);
    assert.equal(page.next_url, undefined);
    const { last_updated_utc, ...first } = page.results[0] ?? {};
    assert.match(String(last_updated_utc), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(first, {
      ticker: 'AAA',
      name: 'Alpha Aggregates Inc.',
      market: 'stocks',
      locale: 'us',
      active: true,
      currency_name: 'usd',
      currency_symbol: 'USD',
      type: 'CS',
      primary_exchange: 'XNAS',
      composite_figi: 'BBG000000AA1',
    });
  });

  test('are those of an earlier day, on request', async () => {
    assert.deepEqual(tickersOfPage(await list('date=2024-03-02&search=foobar')), ['FBX']);
    assert.deepEqual(tickersOfPage(await list('date=2024-03-02&ticker=MTX')), []);
    assert.deepEqual(tickersOfPage(await list('date=2024-12-02&type=CS&exchange=XNAS')), ['AAA', 'HLT', 'MTX', 'RVS']);
    assert.deepEqual(tickersOfPage(await list('date=1950-01-01')), []);
  });

  test('have a last day once delisted, and do not include a symbol given up for another', async () => {
    const page = await list('active=false');
    assert.deepEqual(tickersOfPage(page), ['DEL']);
    assert.equal(page.results[0]?.delisted_utc, '2025-05-30T00:00:00Z');
    assert.equal(page.results[0]?.active, false);
    assert.deepEqual(tickersOfPage(await list('active=False&date=2025-05-30')), []);
  });

  test('are filtered by every parameter, and sorted', async () => {
    const expected: readonly [string, readonly string[]][] = [
      ['ticker=AAA', ['AAA']],
      ['ticker=aaa', []],
      ['ticker.gte=FUT&ticker.lt=HLT', ['FUT', 'HLD']],
      ['ticker.gt=FUT&ticker.lte=HLT', ['HLD', 'HLT']],
      ['type=ETF', ['FBX', 'IDX']],
      ['exchange=ARCX&order=desc', ['IDX', 'FBX']],
      ['market=stocks&search=class', ['BBB.A', 'MTX']],
      ['search=bb', ['BBB.A', 'BBBpC']],
      ['sort=name&type=CS&exchange=XNYS', ['BBB.A', 'FUT', 'HLD']],
      ['sort=type&order=desc&ticker.lt=C', ['BBBpC', 'BBB.A', 'AAA', 'ADR']],
    ];
    for (const [query, tickers] of expected) assert.deepEqual(tickersOfPage(await list(query)), tickers, query);
  });

  test('reject unknown values with what is allowed', async () => {
    for (const [query, allowed] of [
      ['limit=0', 'a whole number from 1 on'],
      ['sort=size', 'ticker, name'],
      ['date=yesterday', 'a date as YYYY-MM-DD'],
      ['active=maybe', 'true or false'],
      ['cursor=abc', 'not a cursor of this server'],
    ]) {
      const body = await shaped<{ error: string }>(
        http,
        '/v3/reference/tickers',
        `/v3/reference/tickers?${query}`,
        400,
      );
      assert.ok(body.error.includes(allowed ?? ''), body.error);
    }
  });

  test('are not filtered by what is not known of any of them', async () => {
    const template = '/v3/reference/tickers';
    for (const query of ['cik=0000320193', 'cusip=037833100']) {
      const body = await shaped<{ code: string; error: string }>(http, template, `${template}?${query}`, 400);
      assert.equal(body.code, 'filter-unknown');
      assert.match(body.error, /cannot be filtered by (cik|cusip), which is not known/);
    }
    for (const query of ['market=crypto', 'market=fx', 'market=indices', 'market=otc', 'ticker=X:BTCUSD'])
      await shaped(http, template, `${template}?${query}`, 403);
    await shaped(http, '/v3/reference/tickers/{ticker}', '/v3/reference/tickers/I:SPX', 403);
  });

  test('are of the OTC market if their listing says so', async () => {
    await using app = await openHttpApp();
    await app.commitCsv('otc.csv', 'symbol,first_session,exchange\nOTCX,2024-01-02,OTCM\n');
    const symbolsIn = async (market: string) =>
      (await app.json<ReferencePage>(`/v3/reference/tickers?limit=1000&market=${market}`)).results.map((row) => [
        row.ticker,
        row.market,
      ]);
    assert.deepEqual(await symbolsIn('otc'), [['OTCX', 'otc']]);
    const others = await symbolsIn('stocks');
    assert.ok(others.length > 5 && others.every(([ticker, market]) => ticker !== 'OTCX' && market === 'stocks'));
    assert.equal((await symbolsIn('')).length, others.length + 1);
  });

  test('have a list of types, though a ticker could have that name', async () => {
    const page = await shaped<ReferencePage>(http, '/v3/reference/tickers/types', '/v3/reference/tickers/types');
    assert.ok(page.results.some(({ code }) => code === 'CS'));
    for (const query of ['asset_class=crypto', 'asset_class=indices', 'locale=global'])
      await shaped(http, '/v3/reference/tickers/types', `/v3/reference/tickers/types?${query}`, 403);
  });
});

describe('the details of a ticker', () => {
  const details = async (path: string): Promise<Record<string, unknown>> =>
    (await shaped<{ results: Record<string, unknown> }>(http, '/v3/reference/tickers/{ticker}', path)).results;

  test('are those of the security that has the symbol on the day', async () => {
    assert.equal((await details('/v3/reference/tickers/FBX')).name, 'Foobar Thematic Fund');
    assert.equal((await details('/v3/reference/tickers/FBX?date=2024-03-01')).name, 'Foobar Exchange Inc.');
    // A Saturday between the last session under the one symbol and the first under the other.
    assert.equal((await details('/v3/reference/tickers/FBX?date=2024-09-14')).composite_figi, 'BBG000000MT5');
  });

  test('are not found for a symbol that was given up or never existed', async () => {
    for (const path of ['/v3/reference/tickers/FBX?date=2024-12-02', '/v3/reference/tickers/NOPE']) {
      const body = await shaped<{ message: string }>(http, '/v3/reference/tickers/{ticker}', path, 404);
      assert.equal(body.message, 'Ticker not found.');
    }
  });

  test('say when it was listed, if known, and when it ended', async () => {
    assert.equal((await details('/v3/reference/tickers/NEW')).list_date, '2025-07-01');
    assert.equal('list_date' in (await details('/v3/reference/tickers/AAA')), false);
    const gone = await details('/v3/reference/tickers/DEL');
    assert.deepEqual([gone.active, gone.delisted_utc], [false, '2025-05-30T00:00:00Z']);
    assert.equal((await details('/v3/reference/tickers/DEL?date=2025-05-30')).active, true);
    const classA = await details('/v3/reference/tickers/BBB.A');
    assert.deepEqual([classA.ticker_root, classA.ticker_suffix], ['BBB', 'A']);
  });

  test('come with its symbol changes, newest first, under both names of the field', async () => {
    const template = '/vX/reference/tickers/{id}/events';
    const events = (path: string) =>
      shaped<{ results: { name: string; events: Record<string, unknown>[] } }>(http, template, path);
    const expected = [
      { type: 'ticker_change', event_type: 'ticker_change', date: '2024-09-16', ticker_change: { ticker: 'MTX' } },
      { type: 'ticker_change', event_type: 'ticker_change', date: FIRST, ticker_change: { ticker: 'FBX' } },
    ];
    const byTicker = await events('/vX/reference/tickers/MTX/events?types=ticker_change');
    assert.equal(byTicker.results.name, 'Metatrix Inc. Class A');
    assert.deepEqual(byTicker.results.events, expected);
    assert.deepEqual((await events('/vX/reference/tickers/BBG000000MT5/events')).results.events, expected);
    await shaped(http, template, '/vX/reference/tickers/MTX/events?types=other', 400);
    await shaped(http, template, '/vX/reference/tickers/037833100/events', 404);
  });

  test('come with both identifiers beside their symbol changes, as null where they are not known', async () => {
    const identifiersOf = async (app: typeof http) => {
      const { results } = await app.json<{ results: object }>('/vX/reference/tickers/AAA/events');
      return Object.entries(results).filter(([name]) => name === 'composite_figi' || name === 'cik');
    };
    assert.deepEqual(await identifiersOf(http), [
      ['composite_figi', 'BBG000000AA1'],
      ['cik', null],
    ]);
  });
});

test('without listings, the symbols that have bars are the tickers', async () => {
  await using bare = await openHttpApp({ isEmpty: true });
  assert.deepEqual((await bare.json<ReferencePage>('/v3/reference/tickers')).results, []);
  const sessions = bare.calendar.range(FIRST, '2025-12-30' as typeof FIRST);
  await bare.lake.import(await bare.lake.parquet('bars.parquet', marketBars(sessions)), { replace: true });
  bare.clock.move(60_000);
  const page = await shaped<ReferencePage>(bare, '/v3/reference/tickers', '/v3/reference/tickers?ticker.lt=E');
  assert.deepEqual(
    page.results.map(({ ticker, name, active }) => [ticker, name, active]),
    ['AAA', 'ADR', 'BBB.A', 'BBBpC'].map((ticker) => [ticker, ticker, true]),
  );
  assert.deepEqual(tickersOfPage(await bare.json<ReferencePage>('/v3/reference/tickers?date=2024-06-03&ticker=DEL')), [
    'DEL',
  ]);
  const details = await shaped<{ results: { active: boolean } }>(
    bare,
    '/v3/reference/tickers/{ticker}',
    '/v3/reference/tickers/DEL',
  );
  assert.equal(details.results.active, false);
  for (const name of ['type', 'exchange']) {
    const address = `/v3/reference/tickers?${name}=CS`;
    const refused = await shaped<{ code: string; error: string }>(bare, '/v3/reference/tickers', address, 400);
    assert.equal(refused.code, 'filter-unknown');
    assert.match(refused.error, new RegExp(`filtered by ${name}.*Import listings`));
  }
  const events = await bare.json<{ results: { composite_figi: null } }>('/vX/reference/tickers/AAA/events');
  assert.equal(events.results.composite_figi, null);
});
