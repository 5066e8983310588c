import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';

import { addDays, dayOfWeek, type IsoDate, isoDate } from '#base/dates.ts';
import { silverBars } from '#lake/tables.ts';
import { newYorkInstant } from '#market/calendar/new-york.ts';
import { readBars } from '#serving/bars.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { FIRST, NEXT, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { assertVendorShape } from '#test/fixtures/vendor-schema.ts';

const RANGE = '/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}';

interface Bar {
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  readonly vw?: number;
  readonly n?: number;
  readonly t: number;
  readonly end?: number;
  readonly sessions?: number;
  readonly partial?: boolean;
}

interface Page {
  readonly queryCount: number;
  readonly resultsCount: number;
  readonly count: number;
  readonly results?: readonly Bar[];
  readonly next_url?: string;
  readonly request_id: string;
  readonly x_finality?: string;
  readonly x_last_published: string;
}

const midnight = (date: string): number => newYorkInstant(isoDate(date), 0);
const pathOf = (url: string): string => url.slice(url.indexOf('/', 'https://'.length));

/** Checks the vendor's shape of every page on the way. */
async function pageAt(http: HttpApp, path: string): Promise<Page> {
  const response = await http.get(path);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  await assertVendorShape(RANGE, 200, text);
  return JSON.parse(text) as Page;
}

async function allPages(http: HttpApp, path: string): Promise<readonly Page[]> {
  const pages = [await pageAt(http, path)];
  for (let next = pages[0]?.next_url; next !== undefined; next = pages.at(-1)?.next_url) {
    assert.match(next, /^http:\/\/localhost:8080\/v2\/aggs\/.*\?cursor=[\w-]+$/);
    pages.push(await pageAt(http, pathOf(next)));
    assert.ok(Array.isArray(pages.at(-1)?.results), 'a page reached by a cursor has results');
    assert.ok(pages.length < 2000, 'pages end');
  }
  return pages;
}

describe('aggregates', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(() => http[Symbol.asyncDispose]());

  test('a day begins at midnight in New York, on both sides of a change of its clocks', async () => {
    const page = await pageAt(http, '/v2/aggs/ticker/BBB.A/range/1/day/2024-03-08/2024-03-11');
    assert.deepEqual(
      page.results?.map(({ t }) => new Date(t).toISOString()),
      ['2024-03-08T05:00:00.000Z', '2024-03-11T04:00:00.000Z'],
    );
    assert.equal(page.queryCount, 2);
    assert.equal(page.count, 2);
    assert.equal(page.x_finality, 'settled');
  });

  test('splits are applied unless they are asked not to be, and one that is only announced is not', async () => {
    const path = '/v2/aggs/ticker/AAA/range/1/day/2024-06-06/2024-06-10';
    const { results: adjusted = [] } = await pageAt(http, path);
    const { results: raw = [] } = await pageAt(http, `${path}?adjusted=false`);
    assert.equal(raw.length, 3);
    for (const [i, factor] of [4, 4, 1].entries()) {
      assert.equal(adjusted[i]?.c, (raw[i]?.c ?? 0) / factor);
      assert.equal(adjusted[i]?.v, (raw[i]?.v ?? 0) * factor);
      assert.equal(adjusted[i]?.n, raw[i]?.n);
    }
    const announced = '/v2/aggs/ticker/FUT/range/1/day/2025-12-31/2025-12-31';
    assert.deepEqual(
      (await pageAt(http, announced)).results,
      (await pageAt(http, `${announced}?adjusted=False`)).results,
    );
  });

  test('a symbol is followed through its rename, and its next owner has a history of its own', async () => {
    const renamed = await pageAt(http, '/v2/aggs/ticker/MTX/range/1/day/2024-09-11/2024-09-18');
    assert.equal(renamed.resultsCount, 6);
    const reused = await pageAt(http, '/v2/aggs/ticker/FBX/range/1/day/2024-01-01/2025-12-31');
    assert.equal(reused.results?.[0]?.t, midnight('2025-02-03'));
    const before = await pageAt(http, '/v2/aggs/ticker/FBX/range/1/day/2024-01-01/2024-09-18');
    assert.equal(before.results?.at(-1)?.t, midnight('2024-09-18'));
  });

  test('what has no bars is an empty answer without results, whatever it is', async () => {
    for (const path of [
      '/v2/aggs/ticker/NOPE/range/1/day/2024-01-01/2024-12-31',
      '/v2/aggs/ticker/AAA/range/1/day/2024-03-29/2024-03-31',
      '/v2/aggs/ticker/AAA/range/3/month/1950-01-01/1959-12-31',
      '/v2/aggs/ticker/AAA/range/5/session/2027-01-01/2199-12-31',
      '/v2/aggs/ticker/HLT/range/1/week/2025-08-04/2025-08-08',
    ]) {
      const page = await pageAt(http, path);
      assert.equal(page.results, undefined, path);
      assert.deepEqual([page.queryCount, page.resultsCount, page.count], [0, 0, 0]);
    }
  });

  test('the end of the range may lie in the future, as clients write it', async () => {
    const page = await pageAt(http, `/v2/aggs/ticker/AAA/range/1/day/${PARTIAL}/2026-12-31`);
    assert.deepEqual(
      page.results?.map(({ t }) => t),
      [midnight(PARTIAL), midnight(PROVISIONAL)],
    );
    assert.equal(page.x_finality, 'provisional');
    assert.equal(page.x_last_published, PROVISIONAL);
  });

  test('a window that the range touches is given, though the lake ends before the range begins', async () => {
    for (const grain of ['1/week', '1/month', '21/session']) {
      const path = `/v2/aggs/ticker/AAA/range/${grain}/2026-01-01/2026-01-01?include_partial=true`;
      assert.equal((await pageAt(http, path)).resultsCount, grain === '1/month' ? 0 : 1, grain);
    }
  });

  test('instants and dates mean the same day', async () => {
    const [from, to] = [midnight('2024-02-05'), midnight('2024-02-09') + 12 * 3_600_000];
    const byMs = await pageAt(http, `/v2/aggs/ticker/ADR/range/1/day/${from}/${to}`);
    const byDate = await pageAt(http, '/v2/aggs/ticker/ADR/range/1/day/2024-02-05/2024-02-09');
    assert.deepEqual(byMs.results, byDate.results);
    assert.equal(byDate.resultsCount, 5);
  });

  test('the limit counts daily bars, and a bar that it cuts is left to the next page', async () => {
    const path = '/v2/aggs/ticker/IDX/range/1/month/2024-01-01/2024-04-30';
    // January has 21 sessions, February 20.
    const cut = await pageAt(http, `${path}?limit=40`);
    assert.deepEqual([cut.queryCount, cut.resultsCount], [40, 1]);
    assert.match(cut.next_url ?? '', new RegExp(`/range/1/month/${midnight('2024-02-01')}/2024-04-30\\?cursor=`));
    const exact = await pageAt(http, `${path}?limit=41`);
    assert.deepEqual([exact.queryCount, exact.resultsCount], [41, 2]);
    const short = await pageAt(http, `${path}?limit=3`);
    assert.deepEqual([short.queryCount, short.resultsCount], [21, 1], 'a page always has a bar');
    const whole = await pageAt(http, path);
    assert.deepEqual([whole.queryCount, whole.resultsCount, whole.next_url], [83, 4, undefined]);
  });

  test('windows begin where the query does', async () => {
    const starts = async (from: string): Promise<string[]> =>
      ((await pageAt(http, `/v2/aggs/ticker/IDX/range/5/day/${from}/2024-01-19`)).results ?? []).map(({ t }) =>
        new Date(t).toISOString().slice(0, 10),
      );
    assert.deepEqual(await starts('2024-01-02'), ['2024-01-02', '2024-01-07', '2024-01-12', '2024-01-17']);
    assert.deepEqual(await starts('2024-01-03'), ['2024-01-03', '2024-01-08', '2024-01-13', '2024-01-18']);
  });

  test('bars of sessions are those of the lake, the open one only where it is asked for', async () => {
    const path = '/v2/aggs/ticker/AAA/range/13/session/2025-10-01/2025-12-31';
    const { results: full = [] } = await pageAt(http, path);
    const { results: all = [], x_finality } = await pageAt(http, `${path}?include_partial=true`);
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
    const days = await pageAt(http, '/v2/aggs/ticker/AAA/range/1/session/2025-12-29/2025-12-31');
    assert.deepEqual(
      days.results?.map(({ sessions, partial }) => [sessions, partial]),
      [
        [1, false],
        [1, false],
        [1, false],
      ],
    );
  });

  test('errors are what clients read', async () => {
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
      ['1/day/2024-01-02/2024-01-03?limit=50001', 400, 'parameter-invalid'],
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
      await assertVendorShape(RANGE, status, text);
      assert.equal((JSON.parse(text) as { code: string }).code, code, rest);
    }
    assert.equal((await http.get('/v2/aggs/ticker/X:BTCUSD/range/1/day/2024-01-02/2024-01-03')).status, 403);
  });

  function cursor(position: Record<string, string>): string {
    return Buffer.from(JSON.stringify({ v: {}, t: 0, p: position })).toString('base64url');
  }

  test('a second request is answered from kept bytes, and revalidated by its ETag', async () => {
    const path = '/v2/aggs/ticker/ADR/range/1/week/2024-01-01/2025-12-31';
    const first = await http.get(path);
    const before = http.serving.answers.hits;
    const second = await http.get(path);
    assert.equal(await second.text(), await first.text());
    assert.equal(http.serving.answers.hits, before + 1);
    const third = await http.get(path, { 'if-none-match': first.headers.get('etag') ?? '' });
    assert.equal(third.status, 304);
  });

  test('windows of calendar time hold what the days in them hold', async () => {
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
      const { results = [] } = await pageAt(http, path);
      const wanted = await naiveWindows(http, { symbol, unit, multiplier, from, to });
      assert.equal(results.length, wanted.length, path);
      for (const [i, bar] of results.entries()) assertNear(bar, wanted[i]);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('pages over any limit have the rows of one page, at any grain, in any order', async () => {
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
        const whole = await pageAt(http, `${path}&limit=50000`);
        const pages = await allPages(http, `${path}&limit=${unit === 'day' && multiplier === 1 ? limit + 20 : limit}`);
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
  ): Promise<Bar[]> {
    const { symbol, unit, multiplier, from, to } = request;
    const starts: IsoDate[] = [snapped(unit, from)];
    for (let next = starts[0] ?? from; next <= to; starts.push(next)) next = later(unit, multiplier, next);
    const end = starts.at(-1) ?? to;
    const result = await readBars(serving, { symbol, to: to > PROVISIONAL ? PROVISIONAL : to });
    // The security is that of the last day asked for; its window may reach beyond.
    const whole = await readBars(serving, { symbol: result.segments.at(-1)?.symbol ?? symbol });
    fc.pre(whole.securityId === result.securityId);
    assert.ok(whole.grain === 'session');
    const bars: Bar[] = [];
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
    if (unit === 'week') return addDays(date, -dayOfWeek(date));
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

  function assertNear(found: Bar, wanted: Bar | undefined): void {
    assert.deepEqual(new Set(Object.keys(found)), new Set(Object.keys(wanted ?? {})));
    for (const [name, value] of Object.entries(wanted ?? {})) {
      const other = found[name as keyof Bar] as number;
      assert.ok(Math.abs(other - value) <= 1e-9 * Math.abs(value), `${name}: ${other}, not ${value}`);
    }
  }
});

describe('aggregates while the lake grows', () => {
  const paths = [
    '/v2/aggs/ticker/AAA/range/1/day/2025-12-01/2026-01-31',
    '/v2/aggs/ticker/FUT/range/1/week/2025-11-01/2026-01-31?limit=7',
    '/v2/aggs/ticker/FUT/range/3/session/2025-12-01/2026-01-31?include_partial=true&sort=desc&limit=9',
    '/v2/aggs/ticker/HLD/range/1/month/2024-01-01/2025-12-31?adjusted=false',
    '/v2/aggs/ticker/FUT/prev',
    '/v1/open-close/FUT/2025-12-30',
    '/v1/indicators/rsi/FUT?limit=100',
    '/v1/indicators/macd/AAA?timespan=session&multiplier=5&limit=20&expand_underlying=true',
  ];

  test('answers as of an instant are the same bytes after any later commit, and pages belong to page one', async () => {
    await using http = await openHttpApp();
    const asOf = http.clock.nowMs() - 90_000;
    const pinned = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}as_of=${asOf}`;
    const read = async (path: string): Promise<string[]> => {
      const texts: string[] = [];
      for (let next: string | undefined = path; next !== undefined; ) {
        const response = await http.get(next);
        texts.push(await response.text());
        assert.equal(response.status, 200, texts.at(-1));
        const url = (JSON.parse(texts.at(-1) ?? '') as Page).next_url;
        next = url === undefined ? undefined : pathOf(url);
      }
      return texts;
    };
    const before = await Promise.all(paths.map((path) => read(pinned(path))));
    const first = await pageAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-01/2026-01-31?limit=15');
    const now = await pageAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-01/2026-01-31');

    await http.commitNextSession();
    await http.commitBars([isoDate('2025-12-10')], { symbols: ['AAA', 'FUT', 'HLD'], shift: 3 });
    await http.commitCsv('splits.csv', 'symbol,ex_date,split_from,split_to\nAAA,2025-12-15,1,3\n');
    http.clock.move(3_600_000);

    for (const [i, path] of paths.entries()) assert.deepEqual(await read(pinned(path)), before[i], path);
    const rest = await pageAt(http, pathOf(first.next_url ?? ''));
    assert.deepEqual([...(first.results ?? []), ...(rest.results ?? [])], now.results);
    // The answer that is not pinned has moved on: the split of the next session counts now.
    const after = await pageAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-01/2026-01-31');
    assert.equal(after.results?.at(-1)?.t, midnight(NEXT));
    assert.equal(after.results?.[0]?.c, (now.results?.[0]?.c ?? 0) / 2);
  });

  test('a bar of a security that trades over the counter says so', async () => {
    await using http = await openHttpApp();
    const day = '/v2/aggs/ticker/ADR/range/1/day/2025-12-30/2025-12-31';
    const listed = await http.json<{ results: { otc?: boolean }[] }>(day);
    assert.ok(listed.results.every((bar) => !('otc' in bar)));
    await http.commitCsv('listings.csv', 'symbol,first_session,exchange\nADR,2024-01-02,OTCB\n');
    for (const path of [day, '/v2/aggs/ticker/ADR/prev']) {
      const { results } = await http.json<{ results: { otc?: boolean }[] }>(path);
      assert.ok(results.length > 0 && results.every(({ otc }) => otc === true));
    }
    assert.equal((await http.json<{ otc?: boolean }>('/v1/open-close/ADR/2025-12-30')).otc, true);
  });

  test('wherever the seam lies, every session is in every grain once', async () => {
    await using http = await openHttpApp();
    const sessions = http.calendar.range(PARTIAL, isoDate('2026-01-08'));
    const unpublished = sessions.slice(2);
    const property = fc.asyncProperty(
      fc.record({
        /** How many of the unpublished sessions have begun; live bars of published ones may linger. */
        begun: fc.integer({ min: 0, max: unpublished.length }),
        lingering: fc.integer({ min: 0, max: 2 }),
        trades: fc.integer({ min: 1, max: 1000 }),
        multiplier: fc.integer({ min: 2, max: 13 }),
        adjusted: fc.boolean(),
      }),
      async ({ begun, lingering, trades, multiplier, adjusted }) => {
        http.live.clear();
        const today = unpublished[begun - 1] ?? PROVISIONAL;
        http.clock.move(Date.parse(`${today}T23:00:00Z`) - http.clock.nowMs());
        for (const session of sessions.slice(2 - lingering, 2 + begun)) {
          const prices = { open: 50, high: 60 + trades, low: 40, close: 50 + trades / 1000, vwap: 51 };
          const bar = { symbol: 'FUT', session, ...prices, volume: 100 * trades, trades };
          http.live.set({ ...bar, updatedMs: http.clock.nowMs() });
        }
        const range = `2025-12-01/2026-02-28?adjusted=${adjusted}`;
        const days = (await pageAt(http, `/v2/aggs/ticker/FUT/range/1/day/${range}`)).results ?? [];
        const expected = http.calendar.range(isoDate('2025-12-01'), today);
        assert.deepEqual(
          days.map(({ t }) => t),
          expected.map(midnight),
        );
        const seam = days.findIndex(({ t }) => t > midnight(PROVISIONAL));
        assert.equal(seam === -1 ? 0 : days.length - seam, begun);
        const path = `/v2/aggs/ticker/FUT/range/${multiplier}/session/${range}&include_partial=true`;
        for (const window of (await pageAt(http, path)).results ?? []) {
          const inside = days.filter(({ t }) => t >= window.t && t <= (window.end ?? 0));
          // The first window may begin before the range of days.
          if (window.t < (days[0]?.t ?? 0)) continue;
          assert.equal(window.sessions, inside.length);
          assert.equal(window.c, inside.at(-1)?.c);
          assert.equal(
            window.n,
            inside.reduce((sum, { n = 0 }) => sum + n, 0),
          );
          if (!adjusted) continue;
          const volume = inside.reduce((sum, { v }) => sum + v, 0);
          assert.ok(Math.abs(window.v - volume) <= 1e-9 * volume);
          assert.equal(window.h, Math.max(...inside.map(({ h }) => h)));
        }
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  test('on the day of a split all answers have its share count, also before the first trade of its security', async () => {
    await using http = await openHttpApp();
    http.clock.move(Date.parse(`${NEXT}T15:00:00Z`) - http.clock.nowMs());
    const day = `/v2/aggs/ticker/FUT/range/1/day/${PROVISIONAL}/${NEXT}`;
    const before = await pageAt(http, day);
    const stamp = { vwap: null, trades: 1, updatedMs: http.clock.nowMs() };
    http.live.set({ symbol: 'AAA', session: NEXT, open: 200, high: 200, low: 200, close: 200, volume: 10, ...stamp });

    const after = await pageAt(http, day);
    assert.equal(after.resultsCount, 1, 'FUT was not traded yet');
    assert.equal(after.results?.[0]?.c, (before.results?.[0]?.c ?? 0) / 2);
    const grouped = `/v2/aggs/grouped/locale/us/market/stocks/${PROVISIONAL}`;
    const { results: market } = await http.json<{ results: { T: string; c: number; v: number }[] }>(grouped);
    const inMarket = market.find(({ T }) => T === 'FUT');
    assert.deepEqual([inMarket?.c, inMarket?.v], [after.results?.[0]?.c, after.results?.[0]?.v]);
    const { ticker } = await http.json<{ ticker: { prevDay: { c: number } } }>(
      '/v2/snapshot/locale/us/markets/stocks/tickers/FUT',
    );
    assert.equal(ticker.prevDay.c, after.results?.[0]?.c);
    const previous = await http.json<{ results: { c: number }[] }>('/v2/aggs/ticker/FUT/prev');
    assert.equal(previous.results[0]?.c, after.results?.[0]?.c);
    const window = `/v2/aggs/ticker/FUT/range/3/session/2025-12-01/${NEXT}?include_partial=true`;
    assert.equal((await pageAt(http, window)).results?.at(-1)?.c, after.results?.[0]?.c);
    const chart = await http.json<{ c: number[] }>(
      `/udf/history?symbol=FUT&resolution=1D&countback=1&from=0&to=${http.clock.nowMs() / 1000}`,
    );
    assert.equal(chart.c.at(-1), after.results?.[0]?.c);

    // As it was, where no live session counts.
    assert.equal((await pageAt(http, `${day}?as_of=${http.clock.nowMs()}`)).results?.[0]?.c, before.results?.[0]?.c);
    http.live.clear();
    assert.equal((await pageAt(http, day)).results?.[0]?.c, before.results?.[0]?.c);
  });

  test('a live session comes after the published ones, in its own share count, and goes when it is published', async () => {
    await using http = await openHttpApp();
    http.clock.move(Date.parse(`${NEXT}T16:00:00Z`) - http.clock.nowMs());
    const day = '/v2/aggs/ticker/FUT/range/1/day/2025-12-30/2026-01-31';
    const published = await pageAt(http, day);
    const live = { symbol: 'FUT', session: NEXT, open: 50, high: 56, low: 49, close: 55, vwap: 52, trades: 7 };
    http.live.set({ ...live, volume: 1000, updatedMs: http.clock.nowMs() });

    const page = await pageAt(http, day);
    assert.equal(page.x_finality, 'live');
    assert.equal(page.resultsCount, 3);
    assert.deepEqual(page.results?.at(-1), { v: 1000, vw: 52, o: 50, c: 55, h: 56, l: 49, t: midnight(NEXT), n: 7 });
    // The split of that session scales what came before it.
    assert.equal(page.results?.[0]?.c, (published.results?.[0]?.c ?? 0) / 2);
    assert.equal((await pageAt(http, `${day}?adjusted=false`)).results?.[0]?.c, published.results?.[0]?.c);

    http.live.set({ ...live, close: 56, volume: 1500, updatedMs: http.clock.nowMs() + 1 });
    const newer = await pageAt(http, day);
    assert.equal(newer.results?.at(-1)?.v, 1500, 'a kept answer does not outlive the trade after it');

    const week = await pageAt(http, '/v2/aggs/ticker/FUT/range/1/week/2025-12-28/2026-01-31');
    const days = await pageAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-28/2026-01-31');
    assert.equal(days.resultsCount, 4);
    assert.equal(week.resultsCount, 1);
    assert.equal(week.results?.[0]?.c, 56);
    assert.equal(
      week.results?.[0]?.v,
      days.results?.reduce((sum, { v }) => sum + v, 0),
    );

    const window = '/v2/aggs/ticker/FUT/range/3/session/2025-12-01/2026-01-31';
    const { results: closed = [] } = await pageAt(http, window);
    const { results: open = [] } = await pageAt(http, `${window}?include_partial=true`);
    assert.ok(closed.every(({ partial }) => partial === false));
    assert.equal(open.at(-1)?.partial, true);
    assert.equal(open.at(-1)?.c, 56);
    const before = open.at(-1)?.sessions ?? 0;

    const previous = await http.json<{ results: { c: number; t: number }[] }>('/v2/aggs/ticker/FUT/prev');
    assert.equal(previous.results[0]?.t, newYorkInstant(PROVISIONAL, 16 * 60), 'the live session is not over');
    assert.equal((await http.json<{ close: number }>(`/v1/open-close/FUT/${NEXT}`)).close, 56);
    const [value] = (
      await http.json<{ results: { values: { timestamp: number; value: number }[] } }>(
        '/v1/indicators/sma/FUT?window=1&limit=1',
      )
    ).results.values;
    assert.deepEqual(value, { timestamp: midnight(NEXT), value: 56 });
    const asOf = await pageAt(http, `${day}?as_of=${http.clock.nowMs()}`);
    assert.deepEqual(asOf.results, published.results, 'what is live was not known for good');

    const first = await pageAt(http, `${day}?limit=1`);
    await http.commitNextSession();
    const after = await pageAt(http, day);
    assert.equal(after.resultsCount, 3);
    assert.equal(after.x_finality, 'provisional');
    assert.notEqual(after.results?.at(-1)?.c, 56);
    const { results: windows = [] } = await pageAt(http, `${window}?include_partial=true`);
    assert.equal(windows.at(-1)?.sessions, before);
    // Page one was in the share count of the live session, and so are the others, though it is gone.
    http.live.clear();
    const second = await pageAt(http, pathOf(first.next_url ?? ''));
    assert.deepEqual(second.results?.[0], page.results?.[1]);
  });
});
