import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { z } from '@hono/zod-openapi';
import { isoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import {
  dailyBarsShape,
  type EventsAnswer,
  eventsShape,
  type SessionBarsAnswer,
  type WindowBarsAnswer,
  windowBarsShape,
} from '#serving/condvest/shapes/bars.ts';
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

/** Fails unless the value is of the shape, with no field beyond it. */
function assertShape(shape: z.ZodType, value: unknown): void {
  assert.deepEqual(shape.parse(value), value);
}

/** The JSON of an answer that has the shape. */
async function shaped<T>(http: HttpApp, path: string, shape: z.ZodType<T>): Promise<T> {
  const body = await http.json<T>(path);
  assertShape(shape, body);
  return body;
}

async function refused(http: HttpApp, path: string, status: number, code: string): Promise<string> {
  const response = await http.get(path);
  const body = (await response.json()) as Record<string, string>;
  assert.equal(response.status, status, `${path}: ${body['message']}`);
  assert.equal(body['code'], code);
  assert.equal(body['error'], body['message']);
  return body['message'] ?? '';
}

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

  test('returns session bars with their finality and, on request, their explanation', async () => {
    const raw = await shaped<SessionBarsAnswer>(
      http,
      '/condvest/v1/bars/AAA?adjust=raw&from=2024-06-05&to=2024-06-12',
      dailyBarsShape,
    );
    const split = await shaped<SessionBarsAnswer>(
      http,
      '/condvest/v1/bars/AAA?from=2024-06-05&to=2024-06-12&explain=true',
      dailyBarsShape,
    );
    assert.equal(split.name, 'Alpha Aggregates Inc.');
    assert.equal(split.bars.length, 6);
    for (const [index, bar] of split.bars.entries()) {
      const asTraded = raw.bars[index];
      const factor = bar.session < '2024-06-10' ? 0.25 : 1;
      assert.equal(bar.close, (asTraded?.close ?? 0) * factor);
      assert.equal(bar.volume, (asTraded?.volume ?? 0) / factor);
      assert.equal(bar.finality, 'settled');
      assert.deepEqual(bar.explain?.raw.close, asTraded?.close);
      assert.equal(bar.explain?.price_factor, factor);
      assert.deepEqual([bar.explain?.events_from, bar.explain?.events_to], factor === 1 ? [1, 1] : [0, 1]);
      assert.equal(bar.explain?.source, 'import');
      assert.equal(asTraded !== undefined && 'explain' in asTraded, false);
    }
    assert.deepEqual(
      split.events?.map(({ ex_date, terms }) => `${ex_date} ${terms}`),
      ['2024-06-10 4 for 1'],
    );
    const newest = await shaped<SessionBarsAnswer>(http, '/condvest/v1/bars/AAA?limit=3', dailyBarsShape);
    assert.deepEqual(
      newest.bars.map(({ session, finality }) => `${session} ${finality}`),
      [`${LAST_SETTLED} settled`, `${PARTIAL} partial`, `${PROVISIONAL} provisional`],
    );
  });

  test('makes a window as final as its least final session, and never open at the start of history', async () => {
    const { bars } = await shaped<WindowBarsAnswer>(http, '/condvest/v1/bars/AAA?interval=13d', windowBarsShape);
    const states = new Map<string, string>();
    for (const bar of bars) states.set(bar.last_session, String(bar.finality));
    const sessions = await http.json<SessionsAnswer>('/condvest/v1/sessions?limit=20000');
    const stateOf = new Map(sessions.results.map(({ session, state }) => [session, state]));
    for (const { first_session: first, last_session: last, complete, finality } of bars) {
      const inside = http.calendar.range(isoDate(first), isoDate(last)).map((session) => stateOf.get(session));
      const worst = ['partial', 'provisional', 'settled'].find((state) => inside.includes(state as 'partial'));
      assert.equal(finality, complete ? worst : last > PROVISIONAL ? 'open' : 'incomplete', `${first} to ${last}`);
      assert.equal(complete, !inside.includes(undefined));
    }
    assert.ok([...states.values()].includes('settled'));
    assert.deepEqual([bars[0]?.finality, bars.at(-1)?.finality], ['incomplete', 'open']);
    const newest = await http.json<WindowBarsAnswer>('/condvest/v1/bars/AAA?interval=3&limit=2');
    assert.ok(
      newest.bars.some(({ finality }) => finality === 'partial'),
      JSON.stringify(newest.bars),
    );
  });

  test('explains a window with dividends and a split inside it by what was traded', async () => {
    const path = '/condvest/v1/bars/AAA?interval=21&from=2024-06-10&to=2024-06-10&explain=true';
    const { bars, events = [] } = await shaped<WindowBarsAnswer>(http, `${path}&adjust=total`, windowBarsShape);
    const range = `from=${bars[0]?.first_session}&to=${bars[0]?.last_session}`;
    const traded = await http.json<SessionBarsAnswer>(`/condvest/v1/bars/AAA?adjust=raw&${range}`);
    const explain = bars[0]?.explain;
    assert.equal(explain?.raw.open, traded.bars[0]?.open);
    assert.equal(explain?.raw.close, traded.bars.at(-1)?.close);
    assert.equal(explain?.raw.high, Math.max(...traded.bars.map(({ high }) => high ?? 0)));
    assert.equal(explain?.price_factor, null);
    assert.deepEqual(
      explain?.parts.map(({ first_session, volume_factor }) => [first_session, volume_factor]),
      [
        [bars[0]?.first_session, 4],
        ['2024-06-10', 1],
      ],
    );
    assert.deepEqual(explain?.sources, ['import']);
    const acting = events.slice(explain?.events_from, explain?.events_to);
    assert.ok(acting.some(({ kind, ex_date }) => kind === 'dividend' && ex_date === '2025-11-10'));
  });

  test('lists each event once, and says for each bar which of them apply', async () => {
    for (const adjust of ['raw', 'split', 'total']) {
      const path = `/condvest/v1/bars/AAA?adjust=${adjust}&explain=true`;
      const days = await shaped<SessionBarsAnswer>(http, path, dailyBarsShape);
      const windows = await shaped<WindowBarsAnswer>(http, `${path}&interval=13`, windowBarsShape);
      const all = days.events ?? [];
      for (const { session, explain } of days.bars) {
        const acting = all.slice(explain?.events_from, explain?.events_to);
        assert.deepEqual(
          acting,
          all.filter(({ ex_date }) => ex_date > session),
        );
        const product = acting.reduce((factor, event) => factor * event.price_factor, 1);
        assert.ok(Math.abs(product / (explain?.price_factor ?? 0) - 1) < 1e-12);
      }
      const ofWindows = windows.events ?? [];
      assert.equal(new Set(ofWindows.map(({ kind, ex_date }) => `${kind} ${ex_date}`)).size, ofWindows.length);
      for (const { first_session, last_session, explain } of windows.bars) {
        const acting = ofWindows.slice(explain?.events_from, explain?.events_to);
        const isActing = (date: string) => date > first_session && (adjust !== 'raw' || date <= last_session);
        assert.deepEqual(
          acting,
          ofWindows.filter(({ ex_date }) => isActing(ex_date)),
        );
      }
    }
  });

  test('follows a security through its symbols, and says why events are not applied', async () => {
    const bars = await http.json<SessionBarsAnswer>('/condvest/v1/bars/MTX');
    assert.deepEqual(
      bars.segments.slice(-2).map(({ symbol }) => symbol),
      ['FBX', 'MTX'],
    );
    assert.equal(bars.bars[0]?.symbol, 'FBX');
    const future = await shaped<EventsAnswer>(http, '/condvest/v1/events/FUT', eventsShape);
    assert.deepEqual(
      future.splits.map(({ applied, ex_date }) => [ex_date, applied]),
      [[NEXT, false]],
    );
    assert.match(future.splits[0]?.reason ?? '', /after the last session published/);
    const held = await shaped<EventsAnswer>(http, '/condvest/v1/events/HLD', eventsShape);
    assert.deepEqual(held.splits, []);
    assert.equal(held.held.length, 2);
    const renamed = await shaped<EventsAnswer>(http, '/condvest/v1/events/MTX', eventsShape);
    assert.deepEqual(
      renamed.dividends.map(({ ex_date }) => ex_date),
      ['2024-06-14', '2024-12-16'],
    );
    const dates = { declaration_date: '2024-11-20', record_date: '2024-12-17', pay_date: '2025-01-06' };
    const unknown = { declaration_date: null, record_date: null, pay_date: null, frequency: null };
    assert.partialDeepStrictEqual(renamed.dividends, [unknown, { ...dates, frequency: 4 }]);
    const quiet = await shaped<EventsAnswer>(http, '/condvest/v1/events/NEW', eventsShape);
    assert.deepEqual([quiet.splits, quiet.dividends, quiet.held], [[], [], []]);
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
