import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { SessionBarsAnswer } from '#serving/condvest/shapes/bars.ts';
import {
  type GapsAnswer,
  gapsShape,
  type OneSessionAnswer,
  oneSessionShape,
  type QualityAnswer,
  type QuarantineAnswer,
  quarantineShape,
  type RestatementsAnswer,
  rangeQualityShape,
  restatementsShape,
  type SessionsAnswer,
  sessionsShape,
} from '#serving/condvest/shapes/ledger.ts';
import { type StatusAnswer, statusShape } from '#serving/condvest/shapes/status.ts';
import { type TablesAnswer, tablesShape } from '#serving/condvest/shapes/tables.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { LAST_SETTLED, NEXT, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { refused, shaped } from '#test/fixtures/shaped.ts';

describe('our own API over a lake', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(async () => http[Symbol.asyncDispose]());

  test('says how complete and how final the lake is', async () => {
    const status = await shaped<StatusAnswer>(http, '/condvest/v1/status', statusShape);
    assert.equal(status.last_published, PROVISIONAL);
    assert.deepEqual(status.sessions, { settled: 500, provisional: 1, partial: 1, missing: 0 });
    assert.deepEqual(status.work, [{ session: PARTIAL, reason: 'partial', rows: 6, counted: 6, expected: 12 }]);
    assert.equal(status.lake.watermark, LAST_SETTLED);
    assert.equal(status.can_start_runs, false);
    assert.equal(status.building, null);
  });

  test('the first instant that can be asked for is answered, and the one before it is not', async () => {
    const { as_of_first_ms: firstMs } = await http.json<StatusAnswer>('/condvest/v1/status');
    assert.ok(firstMs !== null);
    assert.equal((await http.get(`/condvest/v1/bars/AAA?as_of=${firstMs}`)).status, 200);
    await refused(http, `/condvest/v1/bars/AAA?as_of=${firstMs - 1}`, 400, 'as-of-too-early');
  });

  test('returns the ledger, one session, gaps, quality, rejected rows and changed values', async () => {
    const partial = await shaped<SessionsAnswer>(http, '/condvest/v1/sessions?state=partial', sessionsShape);
    assert.deepEqual(
      partial.results.map(({ session, rows, expected }) => [session, rows, expected]),
      [[PARTIAL, 6, 12]],
    );
    const december = await shaped<SessionsAnswer>(
      http,
      '/condvest/v1/sessions?from=2025-12-22&to=2025-12-26',
      sessionsShape,
    );
    assert.deepEqual(
      december.results.map(({ session, early_close }) => [session, early_close]),
      [
        ['2025-12-26', false],
        ['2025-12-24', true],
        ['2025-12-23', false],
        ['2025-12-22', false],
      ],
    );
    const one = await shaped<OneSessionAnswer>(http, `/condvest/v1/sessions/${PARTIAL}`, oneSessionShape);
    assert.equal(one.state, 'partial');
    assert.deepEqual(one.quality.warnings, { 'off-median': 1 });
    const gaps = await shaped<GapsAnswer>(http, '/condvest/v1/gaps', gapsShape);
    assert.deepEqual(gaps.sessions, [{ session: PARTIAL, reason: 'partial' }]);
    assert.deepEqual(gaps.runs, [{ first: PARTIAL, last: PARTIAL, sessions: 1, reason: 'partial' }]);
    assert.deepEqual([gaps.is_empty, gaps.sessions_total], [false, 1]);
    assert.equal(gaps.of_symbol, null);
    const halted = await shaped<GapsAnswer>(http, '/condvest/v1/gaps?symbol=HLT', gapsShape);
    assert.deepEqual(halted.of_symbol?.slice(-5), [
      '2025-08-08',
      '2025-08-07',
      '2025-08-06',
      '2025-08-05',
      '2025-08-04',
    ]);
    const quality = await shaped<QualityAnswer>(http, '/condvest/v1/quality', rangeQualityShape);
    assert.equal(quality.quarantined[0]?.rows, 1);
    const rejected = await http.json<QuarantineAnswer>('/condvest/v1/quarantine?limit=20000');
    assert.equal(quality.rejected_total, rejected.results.length);
    // Dates beyond any calendar are dates all the same.
    const year = await shaped<QualityAnswer>(
      http,
      '/condvest/v1/quality?from=2025-01-02&to=9999-12-31',
      rangeQualityShape,
    );
    assert.equal(year.from, '2025-01-02');
    assert.ok(year.rows > 2500 && year.rows < 4000, String(year.rows));
    const upTo = await shaped<QualityAnswer>(http, '/condvest/v1/quality?to=2024-12-31', rangeQualityShape);
    assert.deepEqual([upTo.from, upTo.to], ['2024-10-02', '2024-12-31']);
    assert.equal((await shaped<QualityAnswer>(http, '/condvest/v1/quality?to=0001-01-01', rangeQualityShape)).rows, 0);
    for (const range of ['from=0001-01-01&to=9999-12-31', 'from=2024-01-02', 'from=2023-12-29&to=2024-12-30']) {
      const refused = await http.get(`/condvest/v1/quality?${range}`);
      assert.equal(refused.status, 400, 'ten years of a market would keep all others waiting');
      assert.equal(((await refused.json()) as { code: string }).code, 'quality-range-too-long');
    }
    const quarantine = await shaped<QuarantineAnswer>(http, '/condvest/v1/quarantine', quarantineShape);
    assert.equal(quarantine.results.length, 1);
    const ofDay = `/condvest/v1/quarantine?session=${LAST_SETTLED}&reason=`;
    assert.equal((await http.json<QuarantineAnswer>(ofDay)).results.length, 1);
    assert.equal((await http.json<QuarantineAnswer>(`${ofDay}other`)).results.length, 0);
    assert.equal((await http.json<QuarantineAnswer>('/condvest/v1/quarantine?session=2025-12-26')).results.length, 0);
    const changed = await shaped<RestatementsAnswer>(
      http,
      '/condvest/v1/restatements?symbol=HLD&kind=restatement',
      restatementsShape,
    );
    assert.ok(changed.results.length > 0);
    assert.ok(changed.results.every(({ symbol, kind }) => symbol === 'HLD' && kind === 'restatement'));
    assert.deepEqual((await http.json<RestatementsAnswer>('/condvest/v1/restatements?kind=settlement')).results, []);
  });

  test('lists tables with their columns', async () => {
    const { results } = await shaped<TablesAnswer>(http, '/condvest/v1/tables', tablesShape);
    const bars = results.find(({ table }) => table === DAILY_BARS.name);
    assert.deepEqual(
      bars?.columns.map(({ name }) => name),
      DAILY_BARS.columns.map(({ name }) => name),
    );
    assert.ok((bars?.rows ?? 0) > 5000);
  });

  test('gives the same rows in pages of any size as in one, whatever else is requested', async () => {
    for (const address of [
      '/condvest/v1/sessions?from=2025-10-01',
      '/condvest/v1/restatements?from=2024-01-01&symbol=AAA',
    ]) {
      const all = (await http.json<{ results: unknown[] }>(`${address}&limit=20000`)).results;
      assert.ok(all.length > 5);
      for (const limit of [1, 3, all.length - 1, all.length, all.length + 1]) {
        const rows: unknown[] = [];
        let next: string | undefined = `${address}&limit=${limit}&apiKey=secret`;
        let pages = 0;
        while (next !== undefined) {
          const page: { results: unknown[]; next_url?: string } = await http.json(next);
          rows.push(...page.results);
          pages += 1;
          assert.ok(page.results.length <= limit);
          assert.ok(!JSON.stringify(page).includes('secret'), 'the key stays out of what is sent');
          next = page.next_url?.replace('http://localhost:8080', '');
        }
        assert.deepEqual(rows, all);
        assert.equal(pages, Math.ceil(all.length / limit));
      }
    }
  });

  test('leaves unknown parameters, however long, out of the address of the next page', async () => {
    const junk = `/condvest/v1/sessions?limit=2&junk=${'x'.repeat(4000)}`;
    const { next_url: next = '' } = await http.json<{ next_url?: string }>(junk);
    const plain = await http.json<{ next_url?: string }>('/condvest/v1/sessions?limit=2');
    assert.equal(next.length, plain.next_url?.length);
    assert.equal((await http.get(next.slice('http://localhost:8080'.length))).status, 200);
  });

  test('rejects what it cannot answer with a code, the value found and what is allowed', async () => {
    assert.match(await refused(http, '/condvest/v1/bars/NOPE', 404, 'symbol-unknown'), /NOPE/);
    assert.match(await refused(http, '/condvest/v1/bars/aaa', 404, 'symbol-unknown'), /AAA/);
    await refused(http, '/condvest/v1/events/NOPE', 404, 'symbol-unknown');
    assert.match(await refused(http, '/condvest/v1/bars/AAA?interval=0', 400, 'parameter-invalid'), /1 to 252/);
    await refused(http, '/condvest/v1/bars/AAA?interval=253', 400, 'parameter-invalid');
    await refused(http, '/condvest/v1/bars/AAA?adjust=all', 400, 'parameter-invalid');
    await refused(http, '/condvest/v1/bars/AAA?from=2025-01-02&to=2025-01-01', 400, 'bars-range-empty');
    await refused(http, '/condvest/v1/bars/AAA?to=2030-01-01', 400, 'bars-date-in-future');
    await refused(http, '/condvest/v1/bars/AAA?as_of=2030-01-01', 400, 'as-of-in-future');
    await refused(http, '/condvest/v1/bars/AAA?as_of=2020-01-01', 400, 'as-of-too-early');
    await refused(http, '/condvest/v1/sessions/2025-12-25', 404, 'not-found');
    await refused(http, '/condvest/v1/sessions/2035-01-02', 404, 'not-found');
    await refused(http, '/condvest/v1/sessions/today', 400, 'parameter-invalid');
    await refused(http, '/condvest/v1/sessions?limit=0', 400, 'parameter-invalid');
    await refused(http, '/condvest/v1/sessions?cursor=abc', 400, 'cursor-invalid');
    const { next_url: next = '' } = await http.json<SessionsAnswer>('/condvest/v1/sessions?limit=1');
    const cursor = new URL(next).searchParams.get('cursor');
    await refused(http, `/condvest/v1/restatements?cursor=${cursor}`, 400, 'cursor-invalid');
    await refused(http, '/condvest/v1/runs/none', 404, 'pipeline-run-unknown');
    await refused(http, '/condvest/v1/nothing', 404, 'not-found');
  });
});

test('an empty lake answers what it can and says what is missing', async () => {
  await using http = await openHttpApp({ isEmpty: true });
  const status = await shaped<StatusAnswer>(http, '/condvest/v1/status', statusShape);
  assert.deepEqual([status.last_published, status.lake.first, status.ready.ok], [null, null, false]);
  for (const path of ['sessions', 'quarantine', 'restatements', 'runs', 'notices', 'tables'])
    assert.deepEqual(await http.json(`/condvest/v1/${path}`), { results: [] });
  const gaps = await shaped<GapsAnswer>(http, '/condvest/v1/gaps', gapsShape);
  assert.equal(gaps.is_empty, true, 'no gaps are not the same as no data');
  assert.equal(status.as_of_first_ms, null);
  await shaped<QualityAnswer>(http, '/condvest/v1/quality', rangeQualityShape);
  await refused(http, '/condvest/v1/bars/AAA', 503, 'lake-empty');
  await refused(http, '/condvest/v1/events/AAA', 503, 'lake-empty');
  await refused(http, '/condvest/v1/export/bronze/daily_bars', 404, 'table-absent');
});

test('responses as of an instant have the same bytes after any later commit', async () => {
  await using http = await openHttpApp();
  const asOf = http.clock.nowMs();
  http.clock.move(120_000);
  const paths = [
    `/condvest/v1/bars/AAA?as_of=${asOf}&explain=true`,
    `/condvest/v1/bars/FUT?as_of=${asOf}&interval=5&adjust=total`,
    `/condvest/v1/events/AAA?as_of=${asOf}`,
    `/condvest/v1/export/bronze/daily_bars?as_of=${asOf}`,
    `/condvest/v1/export/silver/bars_5d?as_of=${asOf}&format=ndjson&symbol=AAA`,
    `/condvest/v1/export/bronze/listings?as_of=${asOf}&format=arrow`,
  ];
  const told = async (path: string): Promise<{ etag: string | null; bytes: string }> => {
    const response = await http.get(path);
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get('cache-control') ?? '', /immutable/);
    return {
      etag: response.headers.get('etag'),
      bytes: Buffer.from(await response.arrayBuffer()).toString('base64'),
    };
  };
  const earlier = await Promise.all(paths.map(told));
  const newest = await http.json<SessionBarsAnswer>('/condvest/v1/bars/AAA?limit=1');
  await http.commitCsv('splits.csv', 'symbol,ex_date,split_from,split_to\nAAA,2025-12-31,1,2\n');
  await http.commitBars([isoDate('2024-03-04')], { shift: 3 });
  await http.commitNextSession();
  for (const [index, path] of paths.entries()) assert.deepEqual(await told(path), earlier[index], path);
  const now = await http.json<SessionBarsAnswer>('/condvest/v1/bars/AAA?limit=1');
  assert.equal(newest.bars[0]?.session, PROVISIONAL);
  assert.equal(now.bars[0]?.session, NEXT);
});

test('pages stay consistent with page one while the lake changes', async () => {
  await using http = await openHttpApp();
  const first = await http.json<SessionsAnswer>('/condvest/v1/sessions?limit=2');
  const expected = (await http.json<SessionsAnswer>('/condvest/v1/sessions?limit=6')).results;
  await http.commitNextSession();
  const rows = [...first.results];
  let next = first.next_url;
  while (next !== undefined && rows.length < 6) {
    const page: SessionsAnswer = await http.json(next.replace('http://localhost:8080', ''));
    rows.push(...page.results);
    next = page.next_url;
  }
  assert.deepEqual(rows, expected);
  assert.equal((await http.json<SessionsAnswer>('/condvest/v1/sessions?limit=1')).results[0]?.session, NEXT);
});

test('a response that the caller has is not sent again until the lake changes', async () => {
  await using http = await openHttpApp();
  for (const path of ['/condvest/v1/bars/AAA', '/condvest/v1/sessions', '/condvest/v1/export/bronze/daily_bars']) {
    const first = await http.get(path);
    const etag = first.headers.get('etag') ?? '';
    await first.body?.cancel();
    assert.equal((await http.get(path, { 'if-none-match': etag })).status, 304, path);
  }
  const before = (await http.get('/condvest/v1/bars/AAA')).headers.get('etag') ?? '';
  await http.commitNextSession();
  const later = await http.get('/condvest/v1/bars/AAA', { 'if-none-match': before });
  assert.equal(later.status, 200);
});

test('the OpenAPI document names every route, and the reference page has its files', async () => {
  await using http = await openHttpApp();
  const document = await http.json<{
    openapi: string;
    servers: { url: string }[];
    paths: Record<string, Record<string, { security?: object[] }>>;
    components: { securitySchemes: object; schemas: Record<string, object> };
  }>('/condvest/v1/openapi.json');
  assert.equal(document.openapi, '3.1.0');
  assert.deepEqual(document.servers, [{ url: 'http://localhost:8080' }]);
  assert.deepEqual(Object.keys(document.components.securitySchemes), ['bearer', 'apiKey']);
  const documented = new Set(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    ),
  );
  for (const { method, path } of http.app.routes) {
    if (method === 'ALL' || !path.startsWith('/condvest/')) continue;
    assert.ok(documented.has(`${method} ${path}`), `${method} ${path} is not documented`);
  }
  const page = await http.get('/condvest/docs');
  const html = await page.text();
  assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/);
  assert.ok(!/<script>|onclick|https?:\/\//.test(html), 'nothing inline, nothing from elsewhere');
  assert.equal(
    (await http.get('/condvest/docs/start.js')).headers.get('content-type'),
    'text/javascript; charset=utf-8',
  );
});

test('the lake is served while the operational store does not respond', async () => {
  let isAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const silent = (): Promise<never> => {
    isAsked();
    return new Promise(() => {});
  };
  await using http = await openHttpApp({ limits: { readsRunning: 1 }, operations: { notices: silent } });
  void http.get('/condvest/v1/status');
  await asked;
  const { reads } = http.serving;
  // Bounded, so that it fails and does not hang.
  for (let turns = 0; turns < 5000 && reads.load.running > 0; turns += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(reads.load.running, 0);
  assert.equal((await http.get('/condvest/v1/bars/AAA?limit=1')).status, 200);
});
