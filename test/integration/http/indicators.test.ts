import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';

import { isoDate } from '#base/dates.ts';
import { newYorkInstant } from '#market/calendar/new-york.ts';
import { ema, macd, rsi, sma } from '#market/indicators.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { PROVISIONAL } from '#test/fixtures/http-market.ts';
import { assertVendorShape } from '#test/fixtures/vendor-schema.ts';

interface Value {
  readonly timestamp: number;
  readonly value: number;
  readonly signal?: number;
  readonly histogram?: number;
}

interface Answer {
  readonly results: {
    readonly values: readonly Value[];
    readonly underlying: { readonly url: string; readonly aggregates?: readonly { readonly t: number }[] };
  };
  readonly next_url?: string;
}

const NAMES = ['sma', 'ema', 'rsi', 'macd'] as const;
const midnight = (date: string): number => newYorkInstant(isoDate(date), 0);
const pathOf = (url: string): string => url.slice(url.indexOf('/', 'https://'.length));

describe('indicators', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(() => http[Symbol.asyncDispose]());

  async function read(name: string, rest: string): Promise<Answer> {
    return readPath(name, `/v1/indicators/${name}/${rest}`);
  }

  async function readPath(name: string, path: string): Promise<Answer> {
    const response = await http.get(path);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    await assertVendorShape(`/v1/indicators/${name}/{ticker}`, 200, text);
    const answer = JSON.parse(text) as Answer;
    assert.ok(Array.isArray(answer.results.values));
    assert.match(answer.results.underlying.url, /^http:\/\/localhost:8080\/v2\/aggs\/ticker\//);
    return answer;
  }

  async function bars(path: string): Promise<readonly Record<'o' | 'h' | 'l' | 'c' | 't', number>[]> {
    const body = await http.json<{ results?: Record<'o' | 'h' | 'l' | 'c' | 't', number>[] }>(
      `/v2/aggs/ticker/${path}`,
    );
    return body.results ?? [];
  }

  test('have the values of the functions over all bars, newest first', async () => {
    const closes = await bars('AAA/range/1/day/2024-01-01/2025-12-31');
    const values = closes.map(({ c }) => c);
    const wanted = { sma: sma(values, 50), ema: ema(values, 50), rsi: rsi(values, 14) };
    for (const name of ['sma', 'ema', 'rsi'] as const) {
      const { results } = await read(name, 'AAA?limit=5000');
      const first = name === 'rsi' ? 14 : 49;
      assert.equal(results.values.length, values.length - first);
      assert.deepEqual(
        results.values.toReversed(),
        closes.slice(first).map(({ t }, i) => ({ timestamp: t, value: wanted[name][first + i] })),
      );
    }
    const { results } = await read('macd', 'AAA?limit=5000&order=asc');
    const lines = macd(values, { short: 12, long: 26, signal: 9 });
    assert.deepEqual(
      results.values,
      closes.slice(33).map(({ t }, i) => ({ timestamp: t, ...lines[33 + i] })),
    );
  });

  test('use the requested windows, series, adjustment and timespans', async () => {
    const weeks = await bars('IDX/range/1/week/2024-01-01/2025-12-31');
    const { results } = await read('sma', 'IDX?timespan=week&window=4&series_type=high&limit=3');
    const wanted = sma(
      weeks.map(({ h }) => h),
      4,
    );
    assert.deepEqual(
      results.values,
      [1, 2, 3].map((i) => ({ timestamp: weeks.at(-i)?.t, value: wanted.at(-i) })),
    );
    const raw = await read('sma', 'AAA?window=1&adjusted=false&timestamp=2024-06-07');
    const [day] = await bars('AAA/range/1/day/2024-06-07/2024-06-07?adjusted=false');
    assert.deepEqual(raw.results.values, [{ timestamp: midnight('2024-06-07'), value: day?.c }]);
    const windows = await bars('IDX/range/5/session/2024-01-01/2025-12-31');
    const session = await read('ema', 'IDX?timespan=session&multiplier=5&window=3&limit=1');
    assert.deepEqual(session.results.values[0], {
      timestamp: windows.at(-1)?.t,
      value: ema(
        windows.map(({ c }) => c),
        3,
      ).at(-1),
    });
    const partial = await read('sma', 'IDX?timespan=session&multiplier=21&window=1&limit=1&include_partial=true');
    assert.equal(partial.results.values[0]?.timestamp, midnight(PROVISIONAL));
  });

  test('filter by timestamp, as dates or as instants', async () => {
    const within = async (range: string): Promise<string[]> =>
      (await read('sma', `ADR?window=2&order=asc&limit=5000&${range}`)).results.values.map(({ timestamp }) =>
        new Date(timestamp).toISOString().slice(0, 10),
      );
    const week = ['2024-07-01', '2024-07-02', '2024-07-03', '2024-07-05'];
    assert.deepEqual(await within('timestamp.gte=2024-07-01&timestamp.lte=2024-07-05'), week);
    assert.deepEqual(await within('timestamp.gt=2024-06-28&timestamp.lt=2024-07-08'), week);
    const [from, to] = [midnight('2024-07-01'), midnight('2024-07-05')];
    assert.deepEqual(await within(`timestamp.gte=${from}&timestamp.lte=${to}`), week);
    // As the vendor's Python client sends a datetime.
    assert.deepEqual(await within(`timestamp.gte=${from}000000&timestamp.lte=${to}000000`), week);
    assert.deepEqual(await within('timestamp=2024-07-04'), []);
  });

  test('always have the underlying, whose address returns the bars behind the values', async () => {
    for (const name of NAMES) {
      const plain = await read(name, 'AAA?limit=2');
      assert.equal(plain.results.underlying.aggregates, undefined);
      const { results } = await read(name, 'AAA?limit=2&expand_underlying=true');
      const { url, aggregates } = results.underlying;
      assert.equal(url, plain.results.underlying.url);
      assert.deepEqual(await bars(pathOf(url).slice('/v2/aggs/ticker/'.length)), aggregates);
      assert.equal(aggregates?.[0]?.t, results.values[0]?.timestamp);
      if (name === 'sma') assert.equal(aggregates?.length, 51);
    }
    const nothing = await read('sma', 'NOPE');
    assert.deepEqual(nothing.results.values, []);
    const tooShort = await read('ema', 'NEW?window=1000');
    assert.deepEqual(tooShort.results.values, []);
    assert.equal(tooShort.next_url, undefined);
  });

  test('have the same values in pages as in one page', async () => {
    const cases = fc.record({
      name: fc.constantFrom(...NAMES),
      symbol: fc.constantFrom('AAA', 'MTX', 'HLT'),
      order: fc.constantFrom('asc', 'desc'),
      limit: fc.integer({ min: 1, max: 80 }),
      timespan: fc.constantFrom('day', 'week', 'month', 'session&multiplier=8'),
      range: fc.constantFrom('', '&timestamp.gte=2024-11-01', '&timestamp.lt=2025-03-01'),
    });
    const property = fc.asyncProperty(cases, async ({ name, symbol, order, limit, timespan, range }) => {
      const windows = name === 'macd' ? 'short_window=2&long_window=4&signal_window=3' : 'window=5';
      const rest = `${symbol}?order=${order}&timespan=${timespan}${range}&${windows}`;
      const whole = await read(name, `${rest}&limit=5000`);
      const values: Value[] = [];
      let page = await read(name, `${rest}&limit=${timespan === 'day' ? limit + 40 : limit}`);
      for (;;) {
        values.push(...page.results.values);
        if (page.next_url === undefined) break;
        assert.match(page.next_url, /\?cursor=[\w-]+$/);
        page = await readPath(name, pathOf(page.next_url));
      }
      assert.deepEqual(values, whole.results.values);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('take a filter in milliseconds as that instant, and a date as its first midnight', async () => {
    const noon = Date.parse('2025-12-29T17:00:00Z');
    const days = async (filter: string): Promise<string[]> =>
      (await read('sma', `AAA?window=2&limit=1&${filter}`)).results.values.map(({ timestamp }) =>
        new Date(timestamp).toISOString().slice(0, 10),
      );
    assert.deepEqual(await days(`timestamp.lt=${noon}`), ['2025-12-29']);
    assert.deepEqual(await days('timestamp.lt=2025-12-29'), ['2025-12-26']);
    assert.deepEqual(await days(`timestamp.gte=${noon}&order=asc`), ['2025-12-30']);
    assert.deepEqual(await days('timestamp.gte=2025-12-29&order=asc'), ['2025-12-29']);
    assert.deepEqual(await days(`timestamp=${noon}`), []);
    assert.deepEqual(await days(`timestamp=${midnight('2025-12-29')}`), ['2025-12-29']);
    const filter = `AAA?window=2&timestamp.lte=${noon}`;
    const first = await read('sma', `${filter}&limit=3`);
    const second = await readPath('sma', pathOf(first.next_url ?? ''));
    const both = [...first.results.values, ...second.results.values];
    assert.deepEqual(both, (await read('sma', `${filter}&limit=6`)).results.values);
  });

  test('give the same empty response as of an instant on any day', async () => {
    await using other = await openHttpApp();
    const path = `/v1/indicators/sma/NOPE?as_of=${other.clock.nowMs() - 120_000}`;
    const first = await other.json<Answer>(path);
    other.clock.move(3 * 86_400_000);
    assert.deepEqual((await other.json<Answer>(`${path}&again=1`)).results, first.results);
  });

  test('report what they cannot answer as clients read it', async () => {
    const expected: readonly [string, number][] = [
      ['sma/AAA?timespan=minute', 403],
      ['sma/C:EURUSD', 403],
      ['sma/AAA?window=0', 400],
      ['sma/AAA?window=1001', 400],
      ['macd/AAA?short_window=x', 400],
      ['rsi/AAA?limit=0', 400],
      ['rsi/AAA?timestamp.gte=yesterday', 400],
      ['rsi/AAA?series_type=vwap', 400],
      ['ema/AAA?timespan=session&multiplier=253', 400],
      ['ema/AAA?cursor=AAAA', 400],
    ];
    for (const [rest, status] of expected) {
      const response = await http.get(`/v1/indicators/${rest}`);
      const text = await response.text();
      assert.equal(response.status, status, `${rest}: ${text}`);
      await assertVendorShape('/v1/indicators/sma/{ticker}', status, text);
    }
    assert.equal((await http.get('/v1/indicators/obv/AAA')).status, 404);
  });
});
