import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { addDays, type IsoDate, isoDate, toEpochDay, weekdayOf } from '#base/dates.ts';
import { silverBars } from '#lake/tables.ts';
import { readBars } from '#serving/read/bars.ts';
import {
  AGGREGATES_ROUTE,
  type AggregateBar,
  aggregatePages,
  aggregatesAt,
  midnight,
} from '#test/fixtures/aggregate-pages.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { FIRST, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { assertVendorShape } from '#test/fixtures/vendor-schema.ts';

describe('aggregates', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(() => http[Symbol.asyncDispose]());

  test('start a day at midnight in New York, on both sides of a clock change', async () => {
    const page = await aggregatesAt(http, '/v2/aggs/ticker/BBB.A/range/1/day/2024-03-08/2024-03-11');
    assert.deepEqual(
      page.results?.map(({ t }) => new Date(t).toISOString()),
      ['2024-03-08T05:00:00.000Z', '2024-03-11T04:00:00.000Z'],
    );
    assert.equal(page.queryCount, 2);
    assert.equal(page.count, 2);
    assert.equal(page.x_finality, 'settled');
  });

  test('apply splits unless told not to, but not one that is only announced', async () => {
    const path = '/v2/aggs/ticker/AAA/range/1/day/2024-06-06/2024-06-10';
    const { results: adjusted = [] } = await aggregatesAt(http, path);
    const { results: raw = [] } = await aggregatesAt(http, `${path}?adjusted=false`);
    assert.equal(raw.length, 3);
    for (const [i, factor] of [4, 4, 1].entries()) {
      assert.equal(adjusted[i]?.c, (raw[i]?.c ?? 0) / factor);
      assert.equal(adjusted[i]?.v, (raw[i]?.v ?? 0) * factor);
      assert.equal(adjusted[i]?.n, raw[i]?.n);
    }
    const announced = '/v2/aggs/ticker/FUT/range/1/day/2025-12-31/2025-12-31';
    assert.deepEqual(
      (await aggregatesAt(http, announced)).results,
      (await aggregatesAt(http, `${announced}?adjusted=False`)).results,
    );
  });

  test('follow a symbol through its rename, and give its next owner its own history', async () => {
    const renamed = await aggregatesAt(http, '/v2/aggs/ticker/MTX/range/1/day/2024-09-11/2024-09-18');
    assert.equal(renamed.resultsCount, 6);
    const reused = await aggregatesAt(http, '/v2/aggs/ticker/FBX/range/1/day/2024-01-01/2025-12-31');
    assert.equal(reused.results?.[0]?.t, midnight('2025-02-03'));
    const before = await aggregatesAt(http, '/v2/aggs/ticker/FBX/range/1/day/2024-01-01/2024-09-18');
    assert.equal(before.results?.at(-1)?.t, midnight('2024-09-18'));
  });

  test('respond without results to whatever has no bars', async () => {
    for (const path of [
      '/v2/aggs/ticker/NOPE/range/1/day/2024-01-01/2024-12-31',
      '/v2/aggs/ticker/AAA/range/1/day/2024-03-29/2024-03-31',
      '/v2/aggs/ticker/AAA/range/3/month/1950-01-01/1959-12-31',
      '/v2/aggs/ticker/AAA/range/5/session/2027-01-01/2199-12-31',
      '/v2/aggs/ticker/HLT/range/1/week/2025-08-04/2025-08-08',
    ]) {
      const page = await aggregatesAt(http, path);
      assert.equal(page.results, undefined, path);
      assert.deepEqual([page.queryCount, page.resultsCount, page.count], [0, 0, 0]);
    }
  });

  test('accept a range that ends in the future, as clients send it', async () => {
    const page = await aggregatesAt(http, `/v2/aggs/ticker/AAA/range/1/day/${PARTIAL}/2026-12-31`);
    assert.deepEqual(
      page.results?.map(({ t }) => t),
      [midnight(PARTIAL), midnight(PROVISIONAL)],
    );
    assert.equal(page.x_finality, 'provisional');
    assert.equal(page.x_last_published, PROVISIONAL);
  });

  test('return a window that the range touches, though the lake ends before the range begins', async () => {
    for (const grain of ['1/week', '1/month', '21/session']) {
      const path = `/v2/aggs/ticker/AAA/range/${grain}/2026-01-01/2026-01-01?include_partial=true`;
      assert.equal((await aggregatesAt(http, path)).resultsCount, grain === '1/month' ? 0 : 1, grain);
    }
  });

  test('take an instant and a date for the same day', async () => {
    const [from, to] = [midnight('2024-02-05'), midnight('2024-02-09') + 12 * 3_600_000];
    const byMs = await aggregatesAt(http, `/v2/aggs/ticker/ADR/range/1/day/${from}/${to}`);
    const byDate = await aggregatesAt(http, '/v2/aggs/ticker/ADR/range/1/day/2024-02-05/2024-02-09');
    assert.deepEqual(byMs.results, byDate.results);
    assert.equal(byDate.resultsCount, 5);
  });

  test('count daily bars toward the limit, and leave a bar that it cuts to the next page', async () => {
    const path = '/v2/aggs/ticker/IDX/range/1/month/2024-01-01/2024-04-30';
    // January has 21 sessions, February 20.
    const cut = await aggregatesAt(http, `${path}?limit=40`);
    assert.deepEqual([cut.queryCount, cut.resultsCount], [40, 1]);
    assert.match(cut.next_url ?? '', new RegExp(`/range/1/month/${midnight('2024-02-01')}/2024-04-30\\?cursor=`));
    const exact = await aggregatesAt(http, `${path}?limit=41`);
    assert.deepEqual([exact.queryCount, exact.resultsCount], [41, 2]);
    const short = await aggregatesAt(http, `${path}?limit=3`);
    assert.deepEqual([short.queryCount, short.resultsCount], [21, 1], 'a page always has a bar');
    const whole = await aggregatesAt(http, path);
    assert.deepEqual([whole.queryCount, whole.resultsCount, whole.next_url], [83, 4, undefined]);
  });

  test('start windows where the query starts', async () => {
    const starts = async (from: string): Promise<string[]> =>
      ((await aggregatesAt(http, `/v2/aggs/ticker/IDX/range/5/day/${from}/2024-01-19`)).results ?? []).map(({ t }) =>
        new Date(t).toISOString().slice(0, 10),
      );
    assert.deepEqual(await starts('2024-01-02'), ['2024-01-02', '2024-01-07', '2024-01-12', '2024-01-17']);
    assert.deepEqual(await starts('2024-01-03'), ['2024-01-03', '2024-01-08', '2024-01-13', '2024-01-18']);
  });

  test('return session windows as the lake has them, the open one only on request', async () => {
    const path = '/v2/aggs/ticker/AAA/range/13/session/2025-10-01/2025-12-31';
    const { results: full = [] } = await aggregatesAt(http, path);
    const { results: all = [], x_finality } = await aggregatesAt(http, `${path}?include_partial=true`);
    assert.deepEqual(all.slice(0, -1), full);
    assert.equal(x_finality, 'provisional');
    assert.ok(full.every(({ partial }) => partial === false));
    assert.equal(all.at(-1)?.partial, true);
    const stored = await http.lake.rows(silverBars(13), `symbol = 'AAA' AND last_session >= DATE '2025-10-01'`);
    assert.deepEqual(
      all.map(({ t, end, sessions, o, h, l, c, v, n }) => [t, end, sessions, o, h, l, c, v, n]),
      stored.map((row) => [
        midnight(String(row.first_session)),
        midnight(String(row.last_session)),
        ...['sessions', 'open', 'high', 'low', 'close', 'volume', 'trades'].map((name) => row[name]),
      ]),
    );
    const days = await aggregatesAt(http, '/v2/aggs/ticker/AAA/range/1/session/2025-12-29/2025-12-31');
    assert.deepEqual(
      days.results?.map(({ sessions, partial }) => [sessions, partial]),
      [
        [1, false],
        [1, false],
        [1, false],
      ],
    );
  });

  test('are the longest page there is for a limit above the maximum', async () => {
    const range = '/v2/aggs/ticker/AAA/range/1/day/2024-01-02/2025-12-31';
    const { resultsCount } = await http.json<{ resultsCount: number }>(`${range}?limit=500000`);
    assert.equal(resultsCount, (await http.json<{ resultsCount: number }>(`${range}?limit=50000`)).resultsCount);
    assert.ok(resultsCount > 400, String(resultsCount));
  });

  test('respond with errors that clients can read', async () => {
    const expected: readonly [string, number, string][] = [
      ['1/minute/2024-01-02/2024-01-03', 403, 'not-entitled'],
      ['1/second/2024-01-02/2024-01-03', 403, 'not-entitled'],
      ['5/HOUR/2024-01-02/2024-01-03', 403, 'not-entitled'],
      ['1/fortnight/2024-01-02/2024-01-03', 400, 'parameter-invalid'],
      ['0/day/2024-01-02/2024-01-03', 400, 'parameter-invalid'],
      ['1/day/2024-02-30/2024-03-03', 400, 'parameter-invalid'],
      ['1/day/0001-01-01/2024-03-03', 400, 'parameter-invalid'],
      ['1/day/2024-03-04/2024-03-03', 400, 'bars-range-empty'],
      ['300/session/2024-01-02/2024-01-03', 400, 'interval-invalid'],
      ['1/day/2024-01-02/2024-01-03?limit=0', 400, 'parameter-invalid'],
      ['1/day/2024-01-02/2024-01-03?adjusted=perhaps', 400, 'parameter-invalid'],
      ['1/day/2024-01-02/2024-01-03?cursor=nonsense', 400, 'cursor-invalid'],
      [`1/day/2024-01-02/2024-01-03?cursor=${cursor({})}`, 400, 'cursor-invalid'],
      [`1/day/2024-01-02/2024-01-03?cursor=${cursor({ at: '2024-01-03', until: 'x' })}`, 400, 'cursor-invalid'],
      ['1/day/2024-01-02/2024-01-03?as_of=2020-01-01', 400, 'as-of-too-early'],
    ];
    for (const [rest, status, code] of expected) {
      const response = await http.get(`/v2/aggs/ticker/AAA/range/${rest}`);
      const text = await response.text();
      assert.equal(response.status, status, `${rest}: ${text}`);
      await assertVendorShape(AGGREGATES_ROUTE, status, text);
      assert.equal((JSON.parse(text) as { code: string }).code, code, rest);
    }
    assert.equal((await http.get('/v2/aggs/ticker/X:BTCUSD/range/1/day/2024-01-02/2024-01-03')).status, 403);
  });

  function cursor(position: Record<string, string>): string {
    return Buffer.from(JSON.stringify({ v: {}, t: 0, p: position })).toString('base64url');
  }

  test('answer a second request from the cache, and revalidate it by its ETag', async () => {
    const path = '/v2/aggs/ticker/ADR/range/1/week/2024-01-01/2025-12-31';
    const first = await http.get(path);
    const hits = (): number => http.serving.cache.stats.get('responses')?.hits ?? 0;
    const before = hits();
    const second = await http.get(path);
    assert.equal(await second.text(), await first.text());
    assert.equal(hits(), before + 1);
    const third = await http.get(path, { 'if-none-match': first.headers.get('etag') ?? '' });
    assert.equal(third.status, 304);
  });

  test('make calendar windows of exactly the days in them', async () => {
    const cases = fc.record({
      symbol: fc.constantFrom('AAA', 'MTX', 'RVS', 'HLT', 'BBBpC', 'NEW'),
      unit: fc.constantFrom('day', 'week', 'month', 'quarter', 'year'),
      multiplier: fc.integer({ min: 1, max: 20 }),
      start: fc.integer({ min: -40, max: 730 }),
      length: fc.integer({ min: 0, max: 800 }),
    });
    const property = fc.asyncProperty(cases, async ({ symbol, unit, multiplier, start, length }) => {
      const from = addDays(FIRST, start);
      const to = addDays(from, length);
      const path = `/v2/aggs/ticker/${symbol}/range/${multiplier}/${unit}/${from}/${to}`;
      const { results = [] } = await aggregatesAt(http, path);
      const wanted = await naiveWindows(http, { symbol, unit, multiplier, from, to });
      assert.equal(results.length, wanted.length, path);
      for (const [i, bar] of results.entries()) assertNear(bar, wanted[i]);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('give the same rows in pages of any size as in one, at any grain and in any order', async () => {
    const cases = fc.record({
      symbol: fc.constantFrom('AAA', 'MTX', 'FBX', 'HLT'),
      unit: fc.constantFrom('day', 'week', 'month', 'quarter', 'year', 'session'),
      multiplier: fc.integer({ min: 1, max: 34 }),
      sort: fc.constantFrom('asc', 'desc'),
      limit: fc.integer({ min: 1, max: 300 }),
      from: fc.integer({ min: -30, max: 700 }).map((days) => addDays(FIRST, days)),
      to: fc.integer({ min: 0, max: 900 }),
      more: fc.constantFrom('', '&adjusted=false', '&include_partial=true'),
    });
    const property = fc.asyncProperty(
      cases,
      async ({ symbol, unit, multiplier, sort, limit, from, to: length, more }) => {
        const path = `/v2/aggs/ticker/${symbol}/range/${multiplier}/${unit}/${from}/${addDays(from, length)}?sort=${sort}${more}`;
        const whole = await aggregatesAt(http, `${path}&limit=50000`);
        const pages = await aggregatePages(
          http,
          `${path}&limit=${unit === 'day' && multiplier === 1 ? limit + 20 : limit}`,
        );
        assert.deepEqual(
          pages.flatMap(({ results = [] }) => results),
          whole.results ?? [],
          path,
        );
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  /** By another way than the server's: day by day, over days that are adjusted one by one. */
  async function naiveWindows(
    { serving }: HttpApp,
    request: { symbol: string; unit: string; multiplier: number; from: IsoDate; to: IsoDate },
  ): Promise<AggregateBar[]> {
    const { symbol, unit, multiplier, from, to } = request;
    const starts: IsoDate[] = [snapped(unit, from)];
    for (let next = starts[0] ?? from; next <= to; starts.push(next)) next = later(unit, multiplier, next);
    const end = starts.at(-1) ?? to;
    const result = await readBars(serving, { symbol, to: to > PROVISIONAL ? PROVISIONAL : to });
    // The security is that of the last day asked for; its window may reach beyond.
    const whole = await readBars(serving, { symbol: result.segments.at(-1)?.symbol ?? symbol });
    fc.pre(whole.securityId === result.securityId);
    assert.ok(whole.grain === 'session');
    const bars: AggregateBar[] = [];
    for (const [i, start] of starts.slice(0, -1).entries()) {
      const before = starts[i + 1] ?? end;
      const rows = whole.bars.filter(({ session }) => session >= start && session < before);
      const [first] = rows;
      if (first === undefined) continue;
      const sum = (of: (row: (typeof rows)[number]) => number | null): number =>
        rows.reduce((total, row) => total + (of(row) ?? Number.NaN), 0);
      const volume = sum((row) => row.volume);
      const money = sum((row) => (row.vwap === null ? null : row.vwap * (row.volume ?? 0)));
      bars.push({
        t: midnight(start),
        o: first.open ?? 0,
        c: rows.at(-1)?.close ?? 0,
        h: Math.max(...rows.map(({ high }) => high ?? 0)),
        l: Math.min(...rows.map(({ low }) => low ?? 0)),
        v: volume,
        n: sum((row) => row.trades),
        ...(Number.isNaN(money) ? {} : { vw: money / volume }),
      });
    }
    return bars;
  }

  function snapped(unit: string, date: IsoDate): IsoDate {
    const [year = 0, month = 0] = date.split('-').map(Number);
    const two = (n: number): string => String(n).padStart(2, '0');
    if (unit === 'week') return addDays(date, -weekdayOf(toEpochDay(date)));
    if (unit === 'month') return isoDate(`${year}-${two(month)}-01`);
    if (unit === 'quarter') return isoDate(`${year}-${two(month - ((month - 1) % 3))}-01`);
    return unit === 'year' ? isoDate(`${year}-01-01`) : date;
  }

  function later(unit: string, count: number, date: IsoDate): IsoDate {
    if (unit === 'day') return addDays(date, count);
    if (unit === 'week') return addDays(date, 7 * count);
    const moved = new Date(`${date}T00:00:00Z`);
    moved.setUTCMonth(moved.getUTCMonth() + count * (unit === 'month' ? 1 : unit === 'quarter' ? 3 : 12));
    return isoDate(moved.toISOString().slice(0, 10));
  }

  function assertNear(found: AggregateBar, wanted: AggregateBar | undefined): void {
    assert.deepEqual(new Set(Object.keys(found)), new Set(Object.keys(wanted ?? {})));
    for (const [name, value] of Object.entries(wanted ?? {})) {
      const other = found[name as keyof AggregateBar] as number;
      assert.ok(Math.abs(other - value) <= 1e-9 * Math.abs(value), `${name}: ${other}, not ${value}`);
    }
  }
});
