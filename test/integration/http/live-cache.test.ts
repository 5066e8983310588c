import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IsoDate } from '#base/dates.ts';
import type { CacheStats } from '#serving/read/versioned-cache.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

/** Charts of one symbol by every protocol, up to the live session. */
const CHARTS = (symbol: string): readonly string[] => [
  `/v2/aggs/ticker/${symbol}/range/1/day/2025-01-02/2026-12-31`,
  `/v2/aggs/ticker/${symbol}/range/21/session/2025-01-02/2026-12-31?include_partial=true`,
  `/v1/indicators/sma/${symbol}?window=5`,
  `/v2/aggs/ticker/${symbol}/prev`,
  `/udf/history?symbol=${symbol}&resolution=1D&from=0&to=4000000000`,
  `/udf/marks?symbol=${symbol}&resolution=5D&from=0&to=4000000000`,
  `/udf/quotes?symbols=${symbol}`,
];

async function openTradingDay(): Promise<{
  http: HttpApp;
  session: IsoDate;
  trade(symbol: string, close: number): void;
}> {
  const http = await openHttpApp();
  const session = http.calendar.next(http.calendar.lastClosedSession(http.clock.nowMs()));
  http.clock.move(http.calendar.openMs(session) + 3_600_000 - http.clock.nowMs());
  const trade = (symbol: string, close: number): void => {
    const bar = { symbol, session, open: 10, high: 2000, low: 1, close, volume: 100, vwap: null, trades: null };
    http.live.set({ ...bar, updatedMs: http.clock.nowMs() });
  };
  return { http, session, trade };
}

function statsOf(http: HttpApp, kind: string): CacheStats {
  return { bytes: 0, hits: 0, misses: 0, evictions: 0, ...http.serving.cache.stats.get(kind) };
}

describe('the cache of a server with live bars', () => {
  test('leaves other symbols’ charts in the cache through a thousand changes of one', async () => {
    const { http, trade } = await openTradingDay();
    await using _ = http;
    for (const symbol of ['AAA', 'ADR', 'HLD']) trade(symbol, 20);
    const others = [...CHARTS('ADR'), ...CHARTS('HLD')];
    const before = new Map<string, string>();
    for (const path of others) before.set(path, await (await http.get(path)).text());
    await (await http.get(CHARTS('AAA')[0] ?? '')).text();

    const start = { responses: statsOf(http, 'responses'), charts: statsOf(http, 'charts') };
    let requests = 0;
    for (let i = 1; i <= 1000; i += 1) {
      trade('AAA', 20 + i);
      // Every one of the others now and then, and one of them after each change.
      for (const path of i % 100 === 0 ? others : others.slice(0, 1)) {
        assert.equal(await (await http.get(path)).text(), before.get(path), path);
        requests += 1;
      }
    }
    const end = { responses: statsOf(http, 'responses'), charts: statsOf(http, 'charts') };
    assert.equal(end.responses.hits - start.responses.hits, requests);
    assert.equal(end.responses.misses, start.responses.misses);
    assert.equal(end.charts.misses, start.charts.misses);
    assert.equal(end.responses.evictions + end.charts.evictions, 0);
  });

  test('shows a change at once in every chart of its symbol, and drops superseded responses', async () => {
    const { http, trade } = await openTradingDay();
    await using _ = http;
    trade('AAA', 20);
    const read = async (): Promise<string[]> =>
      Promise.all(CHARTS('AAA').map(async (path) => (await http.get(path)).text()));
    let last = await read();
    const { bytes } = statsOf(http, 'responses');
    for (let i = 1; i <= 20; i += 1) {
      trade('AAA', 20 + i);
      const next = await read();
      // `prev` is of the last session that is over, and marks tell no prices.
      const isPriced = (path: string): boolean => !path.endsWith('/prev') && !path.startsWith('/udf/marks');
      for (const [index, path] of CHARTS('AAA').entries())
        if (isPriced(path)) assert.notEqual(next[index], last[index], path);
      last = next;
    }
    assert.ok(statsOf(http, 'responses').bytes < bytes * 1.1);
  });

  test('updates responses about the whole market with any symbol of a live session', async () => {
    const { http, trade } = await openTradingDay();
    await using _ = http;
    trade('AAA', 20);
    const path = '/v2/snapshot/locale/us/markets/stocks/tickers';
    const first = await (await http.get(path)).text();
    assert.equal(await (await http.get(path)).text(), first);
    trade('ADR', 31);
    assert.notEqual(await (await http.get(path)).text(), first);
  });
});
