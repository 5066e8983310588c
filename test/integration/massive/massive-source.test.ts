import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { restClient } from '@massive.com/client-js';
import { session, useMassiveServer } from './massive-server.ts';

describe('Massive over HTTP', () => {
  const massive = useMassiveServer();

  test('the fake vendor speaks as the vendor’s own client expects', async () => {
    const api = restClient(massive.server.key, massive.server.url, { pagination: false });
    const reply = await api.getGroupedStocksAggregates({ date: '2024-01-03', adjusted: false } as never);
    assert.equal((reply as { resultsCount?: number }).resultsCount, 3);
  });

  test('bars come unadjusted, as the vendor gave them; what is missing is null', async () => {
    const reply = await massive.source().bars(session);
    assert.ok(reply.kind === 'bars');
    assert.match(massive.server.requests[0] ?? '', /adjusted=false/);
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
    massive.server.faults.push({ kind: 'body', text });
    const odd = await massive.source().bars(session);
    assert.ok(odd.kind === 'bars');
    assert.deepEqual([odd.rows[0]?.open, odd.rows[0]?.close, odd.rows[0]?.vwap], [1, null, null]);
    assert.deepEqual(
      odd.rows.map((row) => row.session),
      [session, null],
      'no time is none; a wrong one is not guessed at',
    );
  });

  test('lists are read to their last page, on our own base address', async () => {
    const symbols = await massive.source().symbols({ session, delisted: false });
    assert.deepEqual(
      symbols.map(({ symbol }) => symbol),
      ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'],
    );
    assert.equal(massive.server.requests.length, 4);
    const gone = await massive.source().symbols({ session, delisted: true });
    assert.deepEqual(
      gone.map(({ symbol, delistedOn }) => [symbol, delistedOn]),
      [['GONE', '2023-05-01']],
    );
  });

  test('splits and dividends come from the new family, or from the older one where that is all there is', async () => {
    assert.equal((await massive.source().splits(session)).length, 3);
    massive.server.hasNewFamily = false;
    const older = massive.source();
    assert.equal((await older.splits(session)).length, 3);
    assert.deepEqual(
      (await older.dividends(session)).map(({ symbol, kind }) => [symbol, kind]),
      [
        ['AAA', 'CD'],
        ['BBB', 'SC'],
        ['CCC', 'CD'],
      ],
    );
    assert.ok(massive.server.requests.some((path) => path.startsWith('/v3/reference/splits?')));
  });

  test('dividends come with the dates and the frequency that the vendor knows, from either family', async () => {
    for (const hasNewFamily of [true, false]) {
      massive.server.hasNewFamily = hasNewFamily;
      const details = (await massive.source().dividends(session)).map((one) => [
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
    massive.server.faults.push({
      kind: 'body',
      text: JSON.stringify({ status: 'OK', request_id: 'r', results: rows }),
    });
    const splits = await massive.source().splits(session);
    assert.deepEqual(splits[0], { symbol: 'AAA', exDate: null, splitFrom: null, splitTo: null });
    assert.equal(splits[1]?.splitTo, 2);
    assert.deepEqual(
      (await massive.source().dividends(session)).map(({ currency }) => currency),
      ['USD', null, 'CAD'],
    );
  });

  test('symbols that a security has had come from its events, oldest first', async () => {
    assert.deepEqual(await massive.source().symbolChanges('META'), [
      { date: '2012-05-18', symbol: 'FB' },
      { date: '2022-06-09', symbol: 'META' },
    ]);
    assert.deepEqual(await massive.source().symbolChanges('AAA'), []);
  });

  test('the first day of a symbol comes from its details', async () => {
    assert.equal(await massive.source().listedOn('EEE'), '2023-11-08');
    assert.equal(await massive.source().listedOn('AAA'), undefined);
    assert.equal(await massive.source().listedOn('NONE'), undefined);
    for (const status of [400, 403, 422]) {
      massive.server.faults.push({ kind: 'status', status }, { kind: 'status', status });
      assert.equal(
        await massive.source().listedOn('EEE'),
        undefined,
        'one symbol that it refuses is no failure of the list',
      );
      assert.deepEqual(await massive.source().symbolChanges('META'), []);
    }
  });

  test('a few symbols that are gone are asked for one by one, many by their whole list', async () => {
    const few = await massive.source().symbols({ session, delisted: true, among: ['GONE', 'AAA'] });
    assert.deepEqual(
      few.map(({ symbol }) => symbol),
      ['GONE'],
    );
    assert.equal(massive.server.requests.length, 2);
    assert.ok(massive.server.requests.every((path) => path.includes('ticker=')));
    const among = Array.from({ length: 11 }, (_, index) => `G${index}`);
    await massive.source().symbols({ session, delisted: true, among });
    assert.equal(massive.server.requests.length, 3);
  });

  test('bodies come compressed', async () => {
    const before = massive.server.compressed;
    assert.equal((await massive.source().bars(session)).kind, 'bars');
    assert.equal(massive.server.compressed, before + 1);
  });

  test('what we ask is what the vendor’s own client asks', async () => {
    const api = restClient(massive.server.key, massive.server.url, { pagination: false });
    const wire = (path: string): object => {
      const url = new URL(path, massive.server.url);
      url.searchParams.delete('apiKey');
      return { path: url.pathname, query: Object.fromEntries(url.searchParams) };
    };
    const pairs: readonly (readonly [() => Promise<unknown>, () => Promise<unknown>])[] = [
      [
        () => massive.source().bars(session),
        () => api.getGroupedStocksAggregates({ date: session, adjusted: false, includeOtc: false }),
      ],
      [
        () => massive.source().symbols({ session, delisted: false }),
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
        () => massive.source().splits(session),
        () => api.getStocksV1Splits({ executionDateGte: session, limit: 5000, sort: 'execution_date.asc' }),
      ],
      [
        () => massive.source().dividends(session),
        () => api.getStocksV1Dividends({ exDividendDateGte: session, limit: 5000, sort: 'ex_dividend_date.asc' }),
      ],
      [() => massive.source().symbolChanges('META'), () => api.getEvents({ id: 'META', types: 'ticker_change' })],
      [() => massive.source().listedOn('EEE'), () => api.getTicker({ ticker: 'EEE' })],
    ];
    for (const [ours, theirs] of pairs) {
      massive.server.requests.length = 0;
      await ours();
      const [own] = massive.server.requests;
      massive.server.requests.length = 0;
      await theirs();
      const [other] = massive.server.requests;
      assert.deepEqual(wire(own ?? ''), wire(other ?? ''));
    }
  });
});
