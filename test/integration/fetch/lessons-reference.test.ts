import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addDays, isoDate } from '#base/dates.ts';
import { findGaps } from '#batch/gaps.ts';
import { LISTINGS } from '#lake/tables.ts';
import { FIRST, LAST, settled, setUp, ticker } from '#test/fixtures/vendor-market.ts';

/** Failures seen elsewhere with listings and events, one case each. Everything over HTTP, on a virtual clock. */

describe('fetching listings and events', () => {
  test('a symbol that ceased to trade is closed by itself, and a new one listed from its first day', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor, server } = of;
    await lake.reference(isoDate('2024-02-01'));
    const gone = vendor.tickers.findIndex((row) => row.ticker === 'S3');
    vendor.tickers[gone] = ticker('S3', { active: false, delisted_utc: '2024-02-07T05:00:00Z' });
    vendor.tickers.push(ticker('NEW', { list_date: '2024-02-06' }));
    server.requests.length = 0;
    const report = await lake.reference(isoDate('2024-02-09'));
    assert.deepEqual([report.listings.listed, report.listings.delisted], [['NEW'], ['S3']]);
    const listings = await lake.rows(LISTINGS, 'symbol');
    const of3 = listings.find(({ symbol }) => symbol === 'S3');
    assert.equal(of3?.last_session, '2024-02-07');
    assert.equal(listings.find(({ symbol }) => symbol === 'NEW')?.first_session, '2024-02-06');
    assert.ok(!server.requests.some((path) => path.includes('active=false') && !path.includes('ticker=S3')));
  });

  test('a change of symbol keeps the security, and a symbol that is used again begins another', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor } = of;
    await lake.reference(isoDate('2024-02-01'));
    const place = (symbol: string): number => vendor.tickers.findIndex((row) => row.ticker === symbol);
    vendor.tickers[place('S3')] = ticker('NEXT', { composite_figi: 'BBGS3' });
    vendor.events.set('NEXT', [
      { date: '2024-02-06', event_type: 'ticker_change', ticker_change: { ticker: 'NEXT' } },
      { date: '2010-01-04', event_type: 'ticker_change', ticker_change: { ticker: 'S3' } },
    ]);
    vendor.tickers[place('S4')] = ticker('S4', { composite_figi: 'BBGOTHER' });
    const { listings } = await lake.reference(isoDate('2024-02-09'));
    assert.deepEqual([listings.renamed, listings.reused], [['S3 → NEXT'], ['S4']]);
    const rows = await lake.rows(LISTINGS, 'symbol, first_session');
    const idOf = (symbol: string): unknown[] => rows.flatMap((row) => (row.symbol === symbol ? [row.security_id] : []));
    assert.deepEqual(idOf('NEXT'), idOf('S3'));
    assert.equal(new Set(idOf('S4')).size, 2);
    assert.equal(rows.find(({ symbol }) => symbol === 'NEXT')?.first_session, '2024-02-06');
  });

  test('a list that fails, or that is far too short, changes nothing', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, server, vendor } = of;
    await lake.reference(isoDate('2024-02-01'));
    const before = await lake.rows(LISTINGS);
    const all = vendor.tickers.splice(5);
    await assert.rejects(lake.reference(isoDate('2024-02-09')), /too short to be complete/);
    vendor.tickers.push(...all.slice(0, -1));
    server.faults.push(...Array.from({ length: 12 }, () => ({ kind: 'status', status: 502 }) as const));
    await assert.rejects(lake.reference(isoDate('2024-02-09')), /vendor is unavailable/);
    assert.deepEqual(await lake.rows(LISTINGS), before);
  });

  test('types and exchanges are by configuration, and a narrower choice neither fails nor ends a listing', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor, server } = of;
    vendor.tickers.push(
      ...['E1', 'E2', 'E3', 'E4'].map((symbol) => ticker(symbol, { type: 'ETF' })),
      ticker('W1', { type: 'WARRANT' }),
      ticker('X1', { primary_exchange: 'XNAS' }),
    );
    const wide = lake.from(lake.source({ types: ['CS', 'ETF'], exchanges: ['XNYS', 'XNAS'] }));
    const first = await lake.reference(isoDate('2024-02-01'), wide);
    assert.deepEqual([first.listings.listed.length, first.listings.listed.includes('W1')], [15, false]);
    server.requests.length = 0;
    const narrow = await lake.reference(isoDate('2024-02-09'));
    assert.deepEqual(narrow.listings.delisted, []);
    assert.ok(!server.requests.some((path) => path.includes('active=false')));
    assert.ok((await lake.rows(LISTINGS)).every((row) => row.last_session === null));
  });

  test('what the vendor no longer says does not overwrite what is known', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor } = of;
    await lake.reference(isoDate('2024-02-01'));
    vendor.tickers[0] = ticker('S0', { name: 'S0 Corp.', composite_figi: undefined });
    await lake.reference(isoDate('2024-02-09'));
    const [row] = await lake.rows(LISTINGS, 'symbol');
    assert.deepEqual([row?.name, row?.figi], ['S0 Corp.', 'BBGS0']);
  });

  test('a symbol that a session lacks is found, also before the day on which it was first listed', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, vendor } = of;
    const hole = isoDate('2024-02-05');
    const full = vendor.grouped.get(hole) ?? [];
    vendor.grouped.set(hole, full.slice(0, -1));
    await lake.reference(LAST);
    await lake.fetch({ from: FIRST });
    const gaps = await findGaps(lake.deps, { source: 'massive', symbol: 'S9', limit: 10 });
    assert.deepEqual(gaps.ofSymbol, [hole]);
    const all = await findGaps(lake.deps, { source: 'massive', limit: 10 });
    assert.deepEqual(
      all.symbols.map(({ symbol, missing }) => [symbol, missing]),
      [['S9', 1]],
    );
    vendor.grouped.set(hole, full);
    await lake.fetch({ from: hole, to: hole, again: true });
    assert.deepEqual((await findGaps(lake.deps, { source: 'massive', symbol: 'S9', limit: 10 })).ofSymbol, []);
  });

  test('the first look at events goes back as far as there are bars, and not to the beginning of time', async () => {
    await using of = await setUp(settled(LAST));
    await of.lake.reference(LAST);
    const first = of.server.requests.find((path) => path.includes('/splits')) ?? '';
    assert.match(first, new RegExp(`execution_date.gte=${addDays(LAST, -120)}`));
  });

  test('a dividend in another currency is refused, since adjustment divides by dollars', async () => {
    await using of = await setUp(settled(LAST));
    const row = { ticker: 'S0', ex_dividend_date: '2024-03-01', cash_amount: 2, frequency: 4 };
    of.vendor.dividends.push(
      { id: '1', ...row, currency: 'CAD', distribution_type: 'recurring' },
      { id: '2', ...row, currency: 'USD', distribution_type: 'recurring', ticker: 'S1' },
    );
    const { dividends } = await of.lake.reference(LAST);
    assert.deepEqual([dividends.added, dividends.refused], [1, 1]);
  });
});
