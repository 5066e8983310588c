import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isoDate } from '#base/dates.ts';
import { newYorkInstant } from '#market/calendar/new-york.ts';
import { type AggregatePage, aggregatesAt, midnight, pathOf } from '#test/fixtures/aggregate-pages.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { NEXT, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';

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

  test('give the same bytes as of an instant after any later commit, and pages that belong to page one', async () => {
    await using http = await openHttpApp();
    const asOf = http.clock.nowMs() - 90_000;
    const pinned = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}as_of=${asOf}`;
    const read = async (path: string): Promise<string[]> => {
      const texts: string[] = [];
      for (let next: string | undefined = path; next !== undefined; ) {
        const response = await http.get(next);
        texts.push(await response.text());
        assert.equal(response.status, 200, texts.at(-1));
        const url = (JSON.parse(texts.at(-1) ?? '') as AggregatePage).next_url;
        next = url === undefined ? undefined : pathOf(url);
      }
      return texts;
    };
    const before = await Promise.all(paths.map((path) => read(pinned(path))));
    const first = await aggregatesAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-01/2026-01-31?limit=15');
    const now = await aggregatesAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-01/2026-01-31');

    await http.commitNextSession();
    await http.commitBars([isoDate('2025-12-10')], { symbols: ['AAA', 'FUT', 'HLD'], shift: 3 });
    await http.commitCsv('splits.csv', 'symbol,ex_date,split_from,split_to\nAAA,2025-12-15,1,3\n');
    http.clock.move(3_600_000);

    for (const [i, path] of paths.entries()) assert.deepEqual(await read(pinned(path)), before[i], path);
    const rest = await aggregatesAt(http, pathOf(first.next_url ?? ''));
    assert.deepEqual([...(first.results ?? []), ...(rest.results ?? [])], now.results);
    // The answer that is not pinned has moved on: the split of the next session counts now.
    const after = await aggregatesAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-01/2026-01-31');
    assert.equal(after.results?.at(-1)?.t, midnight(NEXT));
    assert.equal(after.results?.[0]?.c, (now.results?.[0]?.c ?? 0) / 2);
  });

  test('mark a bar of a security that trades over the counter', async () => {
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

  test('have every session once in every grain, wherever the seam lies', async () => {
    await using http = await openHttpApp();
    const sessions = http.calendar.range(PARTIAL, isoDate('2026-01-08'));
    const unpublished = sessions.slice(2);
    const property = fc.asyncProperty(
      fc.record({
        /** Number of unpublished sessions that have begun; live bars of published ones may linger. */
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
        const days = (await aggregatesAt(http, `/v2/aggs/ticker/FUT/range/1/day/${range}`)).results ?? [];
        const expected = http.calendar.range(isoDate('2025-12-01'), today);
        assert.deepEqual(
          days.map(({ t }) => t),
          expected.map(midnight),
        );
        const seam = days.findIndex(({ t }) => t > midnight(PROVISIONAL));
        assert.equal(seam === -1 ? 0 : days.length - seam, begun);
        const path = `/v2/aggs/ticker/FUT/range/${multiplier}/session/${range}&include_partial=true`;
        for (const window of (await aggregatesAt(http, path)).results ?? []) {
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

  test('use the share basis of a split on its day, even before the security first trades', async () => {
    await using http = await openHttpApp();
    http.clock.move(Date.parse(`${NEXT}T15:00:00Z`) - http.clock.nowMs());
    const day = `/v2/aggs/ticker/FUT/range/1/day/${PROVISIONAL}/${NEXT}`;
    const before = await aggregatesAt(http, day);
    const stamp = { vwap: null, trades: 1, updatedMs: http.clock.nowMs() };
    http.live.set({ symbol: 'AAA', session: NEXT, open: 200, high: 200, low: 200, close: 200, volume: 10, ...stamp });

    const after = await aggregatesAt(http, day);
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
    assert.equal((await aggregatesAt(http, window)).results?.at(-1)?.c, after.results?.[0]?.c);
    const chart = await http.json<{ c: number[] }>(
      `/udf/history?symbol=FUT&resolution=1D&countback=1&from=0&to=${http.clock.nowMs() / 1000}`,
    );
    assert.equal(chart.c.at(-1), after.results?.[0]?.c);

    // As it was, where no live session counts.
    assert.equal(
      (await aggregatesAt(http, `${day}?as_of=${http.clock.nowMs()}`)).results?.[0]?.c,
      before.results?.[0]?.c,
    );
    http.live.clear();
    assert.equal((await aggregatesAt(http, day)).results?.[0]?.c, before.results?.[0]?.c);
  });

  test('add a live session after the published ones, on its own share basis, until it is published', async () => {
    await using http = await openHttpApp();
    http.clock.move(Date.parse(`${NEXT}T16:00:00Z`) - http.clock.nowMs());
    const day = '/v2/aggs/ticker/FUT/range/1/day/2025-12-30/2026-01-31';
    const published = await aggregatesAt(http, day);
    const live = { symbol: 'FUT', session: NEXT, open: 50, high: 56, low: 49, close: 55, vwap: 52, trades: 7 };
    http.live.set({ ...live, volume: 1000, updatedMs: http.clock.nowMs() });

    const page = await aggregatesAt(http, day);
    assert.equal(page.x_finality, 'live');
    assert.equal(page.resultsCount, 3);
    assert.deepEqual(page.results?.at(-1), { v: 1000, vw: 52, o: 50, c: 55, h: 56, l: 49, t: midnight(NEXT), n: 7 });
    // The split of that session scales what came before it.
    assert.equal(page.results?.[0]?.c, (published.results?.[0]?.c ?? 0) / 2);
    assert.equal((await aggregatesAt(http, `${day}?adjusted=false`)).results?.[0]?.c, published.results?.[0]?.c);

    http.live.set({ ...live, close: 56, volume: 1500, updatedMs: http.clock.nowMs() + 1 });
    const newer = await aggregatesAt(http, day);
    assert.equal(newer.results?.at(-1)?.v, 1500, 'a kept answer does not outlive the trade after it');

    const week = await aggregatesAt(http, '/v2/aggs/ticker/FUT/range/1/week/2025-12-28/2026-01-31');
    const days = await aggregatesAt(http, '/v2/aggs/ticker/FUT/range/1/day/2025-12-28/2026-01-31');
    assert.equal(days.resultsCount, 4);
    assert.equal(week.resultsCount, 1);
    assert.equal(week.results?.[0]?.c, 56);
    assert.equal(
      week.results?.[0]?.v,
      days.results?.reduce((sum, { v }) => sum + v, 0),
    );

    const window = '/v2/aggs/ticker/FUT/range/3/session/2025-12-01/2026-01-31';
    const { results: closed = [] } = await aggregatesAt(http, window);
    const { results: open = [] } = await aggregatesAt(http, `${window}?include_partial=true`);
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
    const asOf = await aggregatesAt(http, `${day}?as_of=${http.clock.nowMs()}`);
    assert.deepEqual(asOf.results, published.results, 'what is live was not known for good');

    const first = await aggregatesAt(http, `${day}?limit=1`);
    await http.commitNextSession();
    const after = await aggregatesAt(http, day);
    assert.equal(after.resultsCount, 3);
    assert.equal(after.x_finality, 'provisional');
    assert.notEqual(after.results?.at(-1)?.c, 56);
    const { results: windows = [] } = await aggregatesAt(http, `${window}?include_partial=true`);
    assert.equal(windows.at(-1)?.sessions, before);
    // AggregatePage one was in the share count of the live session, and so are the others, though it is gone.
    http.live.clear();
    const second = await aggregatesAt(http, pathOf(first.next_url ?? ''));
    assert.deepEqual(second.results?.[0], page.results?.[1]);
  });
});
