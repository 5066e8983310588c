import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { resample } from '#batch/resample/resample.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { restoreTable } from '#batch/restore.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { DEFAULT_INTERVALS } from '#market/window.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { FIRST, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';

/** A server beside a restore: every cache and tag must notice that rows went away. */

const DAILY = `/v2/aggs/ticker/AAA/range/1/day/${FIRST}/2026-12-31`;
const PATHS = [
  DAILY,
  `/v2/aggs/ticker/AAA/range/21/session/${FIRST}/2026-12-31`,
  '/v2/aggs/ticker/AAA/prev',
  `/v2/aggs/grouped/locale/us/market/stocks/${PROVISIONAL}`,
  `/v1/open-close/AAA/${PROVISIONAL}`,
  '/v1/indicators/sma/AAA?limit=5',
  '/v2/snapshot/locale/us/markets/stocks/tickers',
  '/v2/snapshot/locale/us/markets/stocks/gainers',
  '/v3/snapshot?ticker.any_of=AAA',
  '/v3/reference/tickers?limit=5',
  '/v3/reference/splits?limit=5',
  '/udf/history?symbol=AAA&resolution=1D&from=0&to=1800000000&countback=3',
  '/udf/symbols?symbol=AAA',
  '/condvest/v1/events/AAA',
  '/condvest/v1/market?limit=5',
  '/condvest/v1/gaps',
  '/condvest/v1/quality',
  '/condvest/v1/status',
  '/readyz',
];

interface Aggregates {
  readonly results: readonly object[];
}

async function restore(http: HttpApp, to: { readonly version: number } | 'empty'): Promise<void> {
  http.clock.move(60_000);
  await restoreTable(http.lake.deps, { table: 'daily_bars', to });
  await resample(http.lake.deps, { intervals: DEFAULT_INTERVALS });
  await deriveRestatements(http.lake.deps);
  http.clock.move(60_000);
}

/** Status and body of each address, without what names a version, an instant or a request. */
async function answers(http: HttpApp): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>();
  for (const path of PATHS) {
    const response = await http.get(path);
    const text = (await response.text()).replaceAll(
      /"(request_id|next_url|versions|version|now_ms|last_fetch_ms|table_version|restated)":("[^"]*"|\{[^}]*\}|\d+|\[[^\]]*\])/g,
      '"$1":…',
    );
    // The sum of a window is derived again, and the last bit of it may differ.
    all.set(path, `${response.status} ${text.replaceAll(/\d+\.\d+/g, (digits) => Number(digits).toPrecision(12))}`);
  }
  return all;
}

describe('a server beside a restore', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(() => http[Symbol.asyncDispose]());

  test('answers as before a wrong import, and as of the instant in between with what it brought', async () => {
    const head = await http.lake.test.lake.table(DAILY_BARS).head();
    const right = await answers(http);
    await http.commitBars([PARTIAL, PROVISIONAL], { shift: 5 });
    const wrongMs = http.clock.nowMs();
    const wrong = await http.json<Aggregates>(DAILY);
    await restore(http, { version: head?.version ?? -1 });
    for (const [path, text] of await answers(http)) assert.equal(text, right.get(path), path);
    const between = await http.json<Aggregates>(`${DAILY}?as_of=${wrongMs}`);
    assert.deepEqual(between.results, wrong.results);
    assert.notDeepEqual((await http.json<Aggregates>(DAILY)).results, wrong.results);
  });

  test('lists the values that came back as restatements of the kind restore', async () => {
    const { results } = await http.json<{ results: { kind: string }[] }>('/condvest/v1/restatements?kind=restore');
    assert.ok(results.length > 0);
    assert.ok(results.every(({ kind }) => kind === 'restore'));
  });

  test('answers without bars as on the first day of a lake', async () => {
    await restore(http, 'empty');
    await using fresh = await openHttpApp({ isEmpty: true });
    const expected = await answers(fresh);
    const status = (text: string | undefined): string | undefined => text?.slice(0, 3);
    for (const [path, text] of await answers(http))
      assert.equal(status(text), status(expected.get(path)), `${path}: ${text}`);
  });
});
