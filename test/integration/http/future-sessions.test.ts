import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { findGaps } from '#batch/gaps.ts';
import { resample } from '#batch/resample/resample.ts';
import { lakeStatus } from '#batch/status.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import { readinessOf } from '#serving/http/gate/readiness.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { NEXT, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';

const DAY = 86_400_000;

/** Answers that depend on the last session published. */
const PATHS = [
  `/v2/aggs/ticker/AAA/range/1/day/2024-01-02/${PROVISIONAL}`,
  `/v2/aggs/ticker/AAA/range/5/session/2024-01-02/${PROVISIONAL}`,
  '/v2/aggs/ticker/AAA/prev',
  `/v2/aggs/grouped/locale/us/market/stocks/${PROVISIONAL}`,
  '/v2/snapshot/locale/us/markets/stocks/tickers/AAA',
  '/condvest/v1/bars/AAA?interval=5d',
  '/condvest/v1/bars/AAA?interval=21d&adjust=total',
  '/condvest/v1/market',
  '/condvest/v1/symbols?search=AAA',
];

/** Returns the answers without what says from which versions they were made. */
async function answers(http: HttpApp): Promise<unknown> {
  const found: unknown[] = [];
  for (const path of PATHS) {
    const { request_id, versions, stored, ...answer } = await http.json(path);
    found.push([path, answer]);
  }
  const { last_published, sessions, lake } =
    await http.json<Record<string, Record<string, unknown>>>('/condvest/v1/status');
  const { last_fetch_ms, ...state } = lake ?? {};
  return [found, last_published, sessions, state];
}

/** Puts a session by a clock that is two weeks ahead, and sets the clock right again. */
async function storeFutureSession(http: HttpApp, session = NEXT): Promise<void> {
  const nowMs = http.clock.nowMs();
  http.clock.move(14 * DAY);
  await http.commitBars([session]);
  http.clock.move(nowMs - http.clock.nowMs());
}

function sessionOf(answer: unknown): string {
  return (answer as { session: string }).session;
}

describe('bars of a session that has not closed', () => {
  it('are not served, whether N-session bars were derived with them or without', async () => {
    await using http = await openHttpApp();
    const before = await answers(http);
    await storeFutureSession(http);
    assert.deepEqual(await answers(http), before);
    await resample(
      { lake: http.lake.test.lake, calendar: http.calendar, clock: http.clock },
      { intervals: DEFAULT_INTERVALS },
    );
    assert.deepEqual(await answers(http), before);
  });

  it('count once it has closed, without another commit, under another ETag', async () => {
    await using http = await openHttpApp();
    await storeFutureSession(http);
    const path = '/condvest/v1/market';
    const early = await http.get(path);
    http.clock.move(http.calendar.closeMs(NEXT) + 1000 - http.clock.nowMs());
    const late = await http.get(path, { 'if-none-match': early.headers.get('etag') ?? '' });
    assert.equal(late.status, 200);
    assert.deepEqual([sessionOf(await early.json()), sessionOf(await late.json())], [PROVISIONAL, NEXT]);
  });

  it('do not make a stale lake ready', async () => {
    await using http = await openHttpApp();
    await storeFutureSession(http, http.calendar.next(NEXT, 5));
    http.clock.move(http.calendar.settlesAtMs(NEXT) - http.clock.nowMs());
    const { ok, lastPublished, expected } = await readinessOf(http.serving);
    assert.deepEqual([ok, lastPublished, expected], [false, PROVISIONAL, NEXT]);
  });

  it('are not in the status or the gaps, and hide none', async () => {
    await using http = await openHttpApp();
    const deps = { ...http.lake.deps, clock: http.clock };
    const read = async () => {
      const { nowMs, lastFetchMs, ...status } = await lakeStatus(deps, { source: 'import' });
      return [status, await findGaps(deps, { source: 'import', limit: 100 })];
    };
    const before = await read();
    await storeFutureSession(http);
    assert.deepEqual(await read(), before);
    assert.ok(JSON.stringify(before).includes(PARTIAL));
  });

  it('are no lake at all if there are no others', async () => {
    await using http = await openHttpApp({ isEmpty: true });
    await storeFutureSession(http);
    const response = await http.get('/condvest/v1/bars/AAA');
    assert.equal(((await response.json()) as { code: string }).code, 'lake-empty');
  });
});
