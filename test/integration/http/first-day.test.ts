import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { NEXT, PROVISIONAL } from '#test/fixtures/http-market.ts';

/** A symbol on its first day, before that day is published: what it means is said by listings alone. */

const RENAMED = `security_id,symbol,first_session,last_session,name,type,exchange,figi
ADR,ADR,2024-01-02,${PROVISIONAL},Ausland SE Sponsored ADR,ADRC,XNYS,BBG000000AD4
ADR,ADX,${NEXT},,Ausland SE Sponsored ADR,ADRC,XNYS,BBG000000AD4
DEL@${NEXT},DEL,${NEXT},,Brand New Delights,CS,XNAS,BBG000000YY1
`;

interface Aggregates {
  readonly results?: readonly object[];
  readonly resultsCount: number;
}

interface Bars {
  readonly security_id: string;
  readonly bars: readonly object[];
}

describe('the first day of a symbol', () => {
  let http: HttpApp;
  const yesterday: Record<string, Aggregates> = {};
  const range = (symbol: string) => `/v2/aggs/ticker/${symbol}/range/1/day/2025-12-01/2026-12-31`;
  before(async () => {
    http = await openHttpApp();
    await http.commitCsv('first-day.csv', RENAMED);
    for (const symbol of ['ADX', 'DEL']) {
      yesterday[symbol] = await http.json<Aggregates>(range(symbol));
      await http.json(`/v2/aggs/ticker/${symbol}/prev`);
      await http.get(`/condvest/v1/bars/${symbol}`);
    }
    // It is that date in UTC already, and the evening before in New York.
    http.clock.move(Date.parse(`${NEXT}T01:00:00Z`) - http.clock.nowMs());
    yesterday['today in UTC'] = await http.json<Aggregates>(`${range('ADX')}?as_of=${NEXT}`);
    http.clock.move(Date.parse(`${NEXT}T17:00:00Z`) - http.clock.nowMs());
  });
  after(() => http[Symbol.asyncDispose]());

  test('brings the history of the security’s old symbol', async () => {
    assert.equal(yesterday['ADX']?.resultsCount, 0);
    const [renamed, old] = [await http.json<Aggregates>(range('ADX')), await http.json<Aggregates>(range('ADR'))];
    assert.equal(renamed.resultsCount, 22);
    assert.deepEqual(renamed.results, old.results);
    assert.equal((await http.json<Aggregates>('/v2/aggs/ticker/ADX/prev')).resultsCount, 1);
    const bars = await http.json<Bars>('/condvest/v1/bars/ADX?limit=3');
    assert.deepEqual([bars.security_id, bars.bars.length], ['ADR', 3]);
    assert.equal((await http.json<Bars>('/condvest/v1/events/ADX')).security_id, 'ADR');
    const chart = await http.json<{ s: string }>(
      '/udf/history?symbol=ADX&resolution=1D&from=0&to=1800000000&countback=3',
    );
    assert.equal(chart.s, 'ok');
    const { results } = await http.json<{ results: { values: object[] } }>('/v1/indicators/sma/ADX?limit=5');
    assert.equal(results.values.length, 5);
  });

  test('brings no prices of a company that gave the symbol up', async () => {
    assert.equal((await http.json<Aggregates>(range('DEL'))).resultsCount, 0);
    assert.equal((await http.json<Aggregates>('/v2/aggs/ticker/DEL/prev')).resultsCount, 0);
    const bars = await http.json<Bars>('/condvest/v1/bars/DEL');
    assert.deepEqual([bars.security_id, bars.bars], [`DEL@${NEXT}`, []]);
    const before = await http.json<Bars>(`/condvest/v1/bars/DEL?to=${PROVISIONAL}&limit=1`);
    assert.deepEqual([before.security_id, before.bars.length], ['DEL', 1]);
  });

  test('is read as of now while the date is not over', async () => {
    assert.equal(yesterday['today in UTC']?.resultsCount, 0);
    assert.equal((await http.json<Aggregates>(`${range('ADX')}?as_of=${NEXT}`)).resultsCount, 22);
  });

  test('leaves the symbol’s earlier meaning to instants before it', async () => {
    const asOf = `${PROVISIONAL}T23:10:00Z`;
    const bars = await http.json<Bars>(`/condvest/v1/bars/DEL?limit=1&as_of=${asOf}`);
    assert.deepEqual([bars.security_id, bars.bars.length], ['DEL', 1]);
    assert.equal((await http.json<Aggregates>(`/v2/aggs/ticker/DEL/prev?as_of=${asOf}`)).resultsCount, 1);
  });
});
