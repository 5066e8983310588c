import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { readBars } from '#serving/bars.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { FIRST, marketBars } from '#test/fixtures/http-market.ts';
import { assertVendorShape } from '#test/fixtures/vendor-schema.ts';

interface Page {
  readonly results: readonly Record<string, unknown>[];
  readonly count?: number;
  readonly next_url?: string;
}

const ORIGIN = 'http://localhost:8080';

async function shaped<T>(http: HttpApp, template: string, path: string, status = 200): Promise<T> {
  const response = await http.get(path);
  const text = await response.text();
  assert.equal(response.status, status, `${path}: ${text}`);
  await assertVendorShape(template, status, text);
  return JSON.parse(text) as T;
}

/** Follows `next_url` as clients do; `between` runs after the first page. */
async function allPages(http: HttpApp, path: string, between?: () => Promise<void>) {
  const rows: Record<string, unknown>[] = [];
  let pages = 0;
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: Page = await http.json<Page>(next);
    rows.push(...page.results);
    pages += 1;
    assert.ok(pages < 100, 'pages end');
    if (pages === 1) await between?.();
    if (page.next_url !== undefined) {
      assert.ok(page.next_url.startsWith(`${ORIGIN}/`) && page.next_url.includes('?cursor='), page.next_url);
      assert.equal(page.next_url.includes('apiKey'), false);
    }
    next = page.next_url?.slice(ORIGIN.length);
  }
  return { rows, pages };
}

const tickersOfPage = (page: Page): unknown[] => page.results.map((row) => row.ticker);

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

describe('tickers', () => {
  const list = (query: string): Promise<Page> =>
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

  test('of an earlier day are those of that day', async () => {
    assert.deepEqual(tickersOfPage(await list('date=2024-03-02&search=foobar')), ['FBX']);
    assert.deepEqual(tickersOfPage(await list('date=2024-03-02&ticker=MTX')), []);
    assert.deepEqual(tickersOfPage(await list('date=2024-12-02&type=CS&exchange=XNAS')), ['AAA', 'HLT', 'MTX', 'RVS']);
    assert.deepEqual(tickersOfPage(await list('date=1950-01-01')), []);
  });

  test('that are no more have their last day; a symbol given up for another is not among them', async () => {
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
      ['market=crypto', []],
      ['cik=0000320193', []],
      ['cusip=037833100', []],
      ['sort=name&type=CS&exchange=XNYS', ['BBB.A', 'FUT', 'HLD']],
      ['sort=type&order=desc&ticker.lt=C', ['BBBpC', 'BBB.A', 'AAA', 'ADR']],
    ];
    for (const [query, tickers] of expected) assert.deepEqual(tickersOfPage(await list(query)), tickers, query);
  });

  test('refuse what they do not know with what is allowed', async () => {
    for (const [query, allowed] of [
      ['limit=1001', 'a whole number from 1 to 1000'],
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

  test('have their kinds, though a ticker could be called so', async () => {
    const page = await shaped<Page>(http, '/v3/reference/tickers/types', '/v3/reference/tickers/types');
    assert.ok(page.results.some(({ code }) => code === 'CS'));
    assert.equal((await http.json<Page>('/v3/reference/tickers/types?asset_class=crypto')).count, 0);
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

  test('of a symbol that was given up, or never was, are not found', async () => {
    for (const path of ['/v3/reference/tickers/FBX?date=2024-12-02', '/v3/reference/tickers/NOPE']) {
      const body = await shaped<{ message: string }>(http, '/v3/reference/tickers/{ticker}', path, 404);
      assert.equal(body.message, 'Ticker not found.');
    }
  });

  test('say when it was listed only where that is known, and when it ended', async () => {
    assert.equal((await details('/v3/reference/tickers/NEW')).list_date, '2025-07-01');
    assert.equal('list_date' in (await details('/v3/reference/tickers/AAA')), false);
    const gone = await details('/v3/reference/tickers/DEL');
    assert.deepEqual([gone.active, gone.delisted_utc], [false, '2025-05-30T00:00:00Z']);
    assert.equal((await details('/v3/reference/tickers/DEL?date=2025-05-30')).active, true);
    const classA = await details('/v3/reference/tickers/BBB.A');
    assert.deepEqual([classA.ticker_root, classA.ticker_suffix], ['BBB', 'A']);
  });

  test('go with its changes of symbol, newest first, under both names of the field', async () => {
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
    assert.deepEqual((await events('/vX/reference/tickers/MTX/events?types=other')).results.events, []);
    await shaped(http, template, '/vX/reference/tickers/037833100/events', 404);
  });
});

test('without listings the symbols of the bars are the tickers', async () => {
  await using bare = await openHttpApp({ isEmpty: true });
  assert.deepEqual((await bare.json<Page>('/v3/reference/tickers')).results, []);
  const sessions = bare.calendar.range(FIRST, '2025-12-30' as typeof FIRST);
  await bare.lake.import(await bare.lake.parquet('bars.parquet', marketBars(sessions)), { replace: true });
  bare.clock.move(60_000);
  const page = await shaped<Page>(bare, '/v3/reference/tickers', '/v3/reference/tickers?ticker.lt=E');
  assert.deepEqual(
    page.results.map(({ ticker, name, active }) => [ticker, name, active]),
    ['AAA', 'ADR', 'BBB.A', 'BBBpC'].map((ticker) => [ticker, ticker, true]),
  );
  assert.deepEqual(tickersOfPage(await bare.json<Page>('/v3/reference/tickers?date=2024-06-03&ticker=DEL')), ['DEL']);
  const details = await shaped<{ results: { active: boolean } }>(
    bare,
    '/v3/reference/tickers/{ticker}',
    '/v3/reference/tickers/DEL',
  );
  assert.equal(details.results.active, false);
});

describe('splits', () => {
  test('are listed as announced, those that contradict each other too, newest first', async () => {
    const page = await shaped<Page>(http, '/v3/reference/splits', '/v3/reference/splits');
    assert.deepEqual(
      page.results.map((row) => [row.ticker, row.execution_date, row.split_from, row.split_to]),
      [
        ['FUT', '2026-01-02', 1, 2],
        ['HLD', '2025-06-02', 1, 2],
        ['HLD', '2025-06-02', 1, 3],
        ['RVS', '2025-03-17', 10, 1],
        ['AAA', '2024-06-10', 1, 4],
      ],
    );
    assert.equal(new Set(page.results.map(({ id }) => id)).size, 5);
  });

  test('are filtered by every parameter', async () => {
    const expected: readonly [string, readonly string[]][] = [
      ['reverse_split=true', ['RVS']],
      ['reverse_split=false&order=asc', ['AAA', 'HLD', 'HLD', 'FUT']],
      ['execution_date=2025-03-17', ['RVS']],
      ['execution_date.gt=2025-03-17&execution_date.lte=2025-06-02', ['HLD', 'HLD']],
      ['ticker.gte=G&sort=ticker&order=asc', ['HLD', 'HLD', 'RVS']],
      ['ticker=AAA&execution_date.lt=2024-06-10', []],
    ];
    for (const [query, tickers] of expected)
      assert.deepEqual(
        tickersOfPage(await shaped(http, '/v3/reference/splits', `/v3/reference/splits?${query}`)),
        tickers,
        query,
      );
  });

  test('of the newer family say their factor: 1 for what does not count', async () => {
    const list = (query: string) => shaped<Page>(http, '/stocks/v1/splits', `/stocks/v1/splits?${query}`);
    const page = await list('');
    assert.deepEqual(
      page.results.map((row) => [row.ticker, row.adjustment_type, row.historical_adjustment_factor]),
      [
        ['FUT', 'forward_split', 1],
        ['HLD', 'forward_split', 1],
        ['HLD', 'forward_split', 1],
        ['RVS', 'reverse_split', 10],
        ['AAA', 'forward_split', 0.25],
      ],
    );
    assert.deepEqual(tickersOfPage(await list('adjustment_type=reverse_split')), ['RVS']);
    assert.deepEqual(tickersOfPage(await list('adjustment_type.any_of=reverse_split, stock_dividend')), ['RVS']);
    assert.deepEqual(tickersOfPage(await list('ticker.any_of=AAA%2CRVS&sort=ticker.desc')), ['RVS', 'AAA']);
    const refused = await shaped<{ error: string }>(
      http,
      '/stocks/v1/splits',
      '/stocks/v1/splits?sort=constructor.asc',
      400,
    );
    assert.match(refused.error, /execution_date, ticker/);
  });
});

describe('dividends', () => {
  const older = (query: string) => shaped<Page>(http, '/v3/reference/dividends', `/v3/reference/dividends?${query}`);
  const newer = (query: string) => shaped<Page>(http, '/stocks/v1/dividends', `/stocks/v1/dividends?${query}`);

  test('are listed newest first, with how often they are paid', async () => {
    const page = await older('ticker=AAA&limit=100');
    assert.equal(page.results.length, 8);
    assert.deepEqual(
      page.results.slice(0, 1).map(({ id: _, ...row }) => row),
      [
        {
          ticker: 'AAA',
          cash_amount: 0.26,
          currency: 'USD',
          dividend_type: 'CD',
          ex_dividend_date: '2025-11-10',
          frequency: 4,
        },
      ],
    );
    assert.ok(page.results.every(({ frequency }) => frequency === 4));
    const others = await older('ticker.gt=AAA&limit=100&sort=ticker&order=asc');
    assert.deepEqual(
      others.results.map((row) => [row.ticker, row.dividend_type, row.frequency]),
      [
        ['ADR', 'SC', 0],
        ['FBX', 'CD', 0],
        ['IDX', 'CD', 1],
        ['IDX', 'CD', 1],
        ['IDX', 'LT', 0],
        ['MTX', 'CD', 0],
      ],
    );
  });

  test('are filtered by every parameter', async () => {
    const expected: readonly [string, number][] = [
      ['ex_dividend_date.gte=2025-11-01', 3],
      ['ex_dividend_date=2025-12-19&dividend_type=LT', 1],
      ['cash_amount.gt=0.96', 3],
      ['cash_amount=0.25', 3],
      ['frequency=4', 8],
      ['frequency.lt=1', 4],
      ['pay_date.gte=2020-01-01', 0],
      ['declaration_date=2024-01-02', 0],
      ['record_date.lt=2030-01-01', 0],
    ];
    for (const [query, count] of expected)
      assert.equal((await older(`${query}&limit=100`)).results.length, count, query);
    const newerExpected: readonly [string, number][] = [
      ['distribution_type=special', 1],
      ['distribution_type.any_of=special,irregular', 2],
      ['frequency.gte=2', 8],
      ['ticker.any_of=ADR,IDX&ex_dividend_date.lt=2025-12-01', 2],
    ];
    for (const [query, count] of newerExpected) assert.equal((await newer(query)).results.length, count, query);
  });

  test('of the newer family adjust prices as our own bars are adjusted', async () => {
    await using own = await openHttpApp();
    const { serving } = own;
    // After a halt, and after a session of which the security is missing: the close before is further back. The last one of
    // these is announced, not paid, and HLD's two contradict each other: none of the three counts.
    await own.commitCsv(
      'more.csv',
      [
        'symbol,ex_date,cash_amount,kind',
        ...['HLT,2025-08-11,1.5,CD', 'HLT,2024-01-02,1,CD', 'RVS,2025-12-31,0.5,CD', 'NEW,2025-07-01,2,SC'],
        ...['HLD,2025-09-02,1,CD', 'HLD,2025-09-02,2,CD', 'NEW,2026-01-05,3,SC', 'AAA,2025-08-14,1,CD'],
        '',
      ].join('\n'),
    );
    // A special dividend that was filed as a regular one, three days beside it, makes neither of them a weekly one.
    for (const path of [
      '/v3/reference/dividends?limit=1000&ticker=AAA',
      '/stocks/v1/dividends?frequency=4&ticker=AAA',
    ]) {
      const page = await own.json<Page>(path);
      assert.deepEqual([page.results.length, ...new Set(page.results.map(({ frequency }) => frequency))], [9, 4]);
    }
    const view = await serving.views.current();
    for (const symbol of ['AAA', 'IDX', 'MTX', 'ADR', 'RVS', 'HLT', 'NEW', 'HLD']) {
      const bars = async (adjust: 'raw' | 'total') => (await readBars(serving, { symbol, adjust }, view)).bars;
      const [raw, total] = await Promise.all([bars('raw'), bars('total')]);
      const named = symbol === 'MTX' ? 'FBX,MTX' : symbol;
      const [dividends, splits] = await Promise.all([
        own.json<Page>(`/stocks/v1/dividends?ticker.any_of=${named}&sort=ex_dividend_date.asc&limit=5000`),
        own.json<Page>(`/stocks/v1/splits?ticker.any_of=${named}&sort=execution_date.asc`),
      ]);
      const factorAfter = (page: Page, name: string, session: string): number => {
        const first = page.results.find((row) => String(row[name]) > session);
        return Number(first?.historical_adjustment_factor ?? 1);
      };
      for (const [i, bar] of raw.entries()) {
        if (!('session' in bar)) assert.fail('daily bars');
        const factor =
          factorAfter(dividends, 'ex_dividend_date', bar.session) * factorAfter(splits, 'execution_date', bar.session);
        const expected = total[i]?.close ?? Number.NaN;
        assert.ok(Math.abs((bar.close ?? 0) * factor - expected) < 1e-9 * expected, `${symbol} ${bar.session}`);
      }
    }
  });

  test('are said in the share count of today', async () => {
    const page = await newer('ticker=AAA');
    assert.deepEqual(
      page.results.slice(0, 3).map((row) => [row.cash_amount, row.split_adjusted_cash_amount]),
      [
        [0.96, 0.24],
        [0.96, 0.24],
        [0.25, 0.25],
      ],
    );
  });
});

describe('pages', () => {
  const LISTS = [
    '/v3/reference/tickers?date=2025-03-03',
    '/v3/reference/tickers?sort=type&order=desc&search=a',
    '/v3/reference/splits?order=asc',
    '/v3/reference/dividends?sort=cash_amount',
    '/v3/reference/dividends?frequency=4&ticker.gte=A',
    '/v3/reference/dividends?ex_dividend_date.lt=2025-11-30&order=asc',
    '/stocks/v1/dividends?sort=frequency.desc',
    '/stocks/v1/dividends?sort=distribution_type.desc,frequency.asc',
    '/stocks/v1/splits?ticker.any_of=AAA,HLD,RVS',
    '/v3/reference/conditions?sip=CTA&sort=name',
  ];

  test('give the same rows as one page, whatever their size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...LISTS), fc.integer({ min: 1, max: 9 }), async (path, limit) => {
        const whole = await allPages(http, `${path}&limit=1000`);
        assert.equal(whole.pages, 1);
        const parts = await allPages(http, `${path}&limit=${limit}`);
        assert.deepEqual(parts.rows, whole.rows);
        assert.equal(parts.pages, Math.max(1, Math.ceil(whole.rows.length / limit)));
      }),
      { numRuns: 40 },
    );
  });

  test('agree whatever is committed between them', async () => {
    await using own = await openHttpApp();
    const paths = ['/v3/reference/dividends?', '/stocks/v1/dividends?sort=ticker.asc', '/v3/reference/tickers?'];
    for (const [i, path] of paths.entries()) {
      const before = await allPages(own, `${path}&limit=1000`);
      const parts = await allPages(own, `${path}&limit=2`, async () => {
        await own.commitCsv(`d${i}.csv`, `symbol,ex_date,cash_amount,kind\nAAA,2025-12-0${i + 1},0.1,CD\n`);
        await own.commitCsv(
          `l${i}.csv`,
          `security_id,symbol,first_session,last_session,name,type,exchange,figi\nAB${i},AB${i},2025-01-02,,Between ${i},CS,XNYS,\n`,
        );
      });
      assert.deepEqual(parts.rows, before.rows, path);
      const after = await allPages(own, `${path}&limit=1000`);
      assert.equal(after.rows.length, before.rows.length + 1, path);
    }
  });

  test('as of an instant never change, whatever comes later, and may be kept for ever', async () => {
    await using own = await openHttpApp();
    const asOf = own.clock.nowMs();
    own.clock.move(10 * 60_000);
    const paths = [
      '/v3/reference/dividends?limit=1000&',
      '/stocks/v1/dividends?limit=1000&',
      '/stocks/v1/splits?',
      '/v3/reference/splits?limit=1000&',
      '/v3/reference/tickers?',
      '/v3/reference/tickers/AAA?',
      '/vX/reference/tickers/MTX/events?',
    ].map((path) => `${path}as_of=${asOf}`);
    const before = await Promise.all(paths.map(async (path) => (await own.get(path)).text()));
    await own.commitCsv('d.csv', 'symbol,ex_date,cash_amount,kind\nAAA,2025-12-01,0.1,CD\n');
    await own.commitCsv('s.csv', 'symbol,ex_date,split_from,split_to\nMTX,2025-12-01,1,2\n');
    await own.commitCsv(
      'l.csv',
      'security_id,symbol,first_session,last_session,name,type,exchange,figi\nMTX,MTX,2024-09-16,,Renamed Inc.,CS,XNYS,\n',
    );
    await own.commitNextSession();
    for (const [i, path] of paths.entries()) {
      const response = await own.get(path);
      assert.match(response.headers.get('cache-control') ?? '', /immutable/, path);
      assert.equal(await response.text(), before[i], path);
    }
    assert.notEqual((await own.json<Page>('/stocks/v1/splits')).results.length, 5);
  });

  test('are not taken from another list', async () => {
    const page = await http.json<Page>('/v3/reference/splits?limit=2');
    const cursor = page.next_url?.split('cursor=')[1] ?? '';
    assert.notEqual(cursor, '');
    const body = await shaped<{ error: string }>(
      http,
      '/v3/reference/dividends',
      `/v3/reference/dividends?cursor=${cursor}`,
      400,
    );
    assert.match(body.error, /not a cursor of this list/);
  });

  test('whose filters no cursor can carry are refused with what to do', async () => {
    const symbols = Array.from({ length: 250 }, (_, i) => (i < 4 ? ['AAA', 'HLD', 'RVS', 'FUT'][i] : `LONGSYMBOL${i}`));
    const path = `/stocks/v1/splits?ticker.any_of=${symbols.join(',')}`;
    assert.equal((await http.json<Page>(path)).results.length, 5);
    const body = await shaped<{ error: string }>(http, '/stocks/v1/splits', `${path}&limit=1`, 400);
    assert.match(body.error, /Ask for fewer values/);
  });
});

describe('venues and conditions', () => {
  test('have integers for ids, texts in the newer family', async () => {
    const page = await shaped<Page>(
      http,
      '/v3/reference/exchanges',
      '/v3/reference/exchanges?asset_class=stocks&locale=us',
    );
    assert.ok(page.results.every(({ id }) => Number.isInteger(id)));
    const nasdaq = page.results.find(({ mic }) => mic === 'XNAS');
    assert.deepEqual([nasdaq?.id, nasdaq?.participant_id], [12, 'T']);
    assert.equal((await http.json<Page>('/v3/reference/exchanges?asset_class=options')).count, 0);
    const newer = await shaped<Page>(http, '/stocks/v1/exchanges', '/stocks/v1/exchanges');
    assert.deepEqual(
      newer.results.map(({ id }) => id),
      page.results.map(({ id }) => String(id)),
    );
  });

  test('say which values of a bar a trade moves', async () => {
    const list = (query: string) => shaped<Page>(http, '/v3/reference/conditions', `/v3/reference/conditions?${query}`);
    const [oddLot] = (await list('id=37')).results;
    assert.equal(oddLot?.name, 'Odd Lot Trade');
    assert.deepEqual(oddLot?.sip_mapping, { CTA: 'I', UTP: 'I' });
    assert.deepEqual((oddLot?.update_rules as Record<string, unknown> | undefined)?.consolidated, {
      updates_high_low: false,
      updates_open_close: false,
      updates_volume: true,
    });
    assert.equal((await list('')).results.length, 10);
    assert.deepEqual((await list('data_type=nbbo')).results, []);
    assert.deepEqual((await list('sip=OPRA')).results, []);
    const ids = (await list('limit=1000&sort=id')).results.map(({ id }) => Number(id));
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('the hours of the market', () => {
  async function at(text: string): Promise<Record<string, unknown>> {
    http.clock.move(Date.parse(text) - http.clock.nowMs());
    return shaped(http, '/v1/marketstatus/now', '/v1/marketstatus/now');
  }

  test('now: in a session, beside it, on a short day, on a holiday', async () => {
    const regular = await at('2025-07-15T10:00:00-04:00');
    assert.deepEqual(
      [regular.market, regular.earlyHours, regular.afterHours, regular.serverTime],
      ['open', false, false, '2025-07-15T10:00:00-04:00'],
    );
    assert.deepEqual(regular.exchanges, { nyse: 'open', nasdaq: 'open', otc: 'open' });
    const early = await at('2025-12-17T04:00:00-05:00');
    assert.deepEqual([early.market, early.earlyHours, early.afterHours], ['extended-hours', true, false]);
    assert.deepEqual(early.exchanges, { nyse: 'extended-hours', nasdaq: 'extended-hours', otc: 'closed' });
    const late = await at('2025-11-28T13:00:00-05:00');
    assert.deepEqual([late.market, late.afterHours], ['extended-hours', true]);
    assert.equal((await at('2025-11-28T17:00:00-05:00')).market, 'closed');
    const holiday = await at('2025-12-25T11:00:00-05:00');
    assert.deepEqual([holiday.market, holiday.currencies], ['closed', { fx: 'open', crypto: 'open' }]);
  });

  test('upcoming: a bare array, a row each exchange, with the hours of short days', async () => {
    http.clock.move(Date.parse('2025-11-25T12:00:00Z') - http.clock.nowMs());
    const rows = await shaped<Record<string, unknown>[]>(
      http,
      '/v1/marketstatus/upcoming',
      '/v1/marketstatus/upcoming',
    );
    const [thanksgiving, , otc, short] = rows;
    assert.deepEqual(thanksgiving, {
      date: '2025-11-27',
      exchange: 'NYSE',
      name: 'Thanksgiving Day',
      status: 'closed',
    });
    assert.equal(otc?.exchange, 'OTC');
    assert.deepEqual(short, {
      date: '2025-11-28',
      exchange: 'NYSE',
      name: 'Day after Thanksgiving',
      status: 'early-close',
      open: '2025-11-28T14:30:00.000Z',
      close: '2025-11-28T18:00:00.000Z',
    });
    const dates = rows.map(({ date }) => String(date));
    assert.ok(dates.every((date, i) => i === 0 || (dates[i - 1] ?? '') <= date));
    assert.ok(dates.includes('2026-07-03') && dates.every((date) => date >= '2025-11-25' && date <= '2026-11-26'));
  });
});
