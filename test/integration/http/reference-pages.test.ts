import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { type ReferencePage, referencePages, shaped } from '#test/fixtures/reference-pages.ts';

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

describe('pages', () => {
  const LISTS = [
    '/v3/reference/tickers?date=2025-03-03',
    '/v3/reference/tickers?sort=type&order=desc&search=a',
    '/v3/reference/splits?order=asc',
    '/v3/reference/dividends?sort=cash_amount',
    '/v3/reference/dividends?frequency=4&ticker.gte=A',
    '/v3/reference/dividends?ex_dividend_date.lt=2025-11-30&order=asc',
    '/stocks/v1/dividends?sort=frequency.desc',
    '/stocks/v1/dividends?sort=distribution_type.desc,frequency.asc',
    '/stocks/v1/splits?ticker.any_of=AAA,HLD,RVS',
    '/v3/reference/conditions?sip=CTA&sort=name',
  ];

  test('give the same rows as one page, whatever their size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...LISTS), fc.integer({ min: 1, max: 9 }), async (path, limit) => {
        const whole = await referencePages(http, `${path}&limit=1000`);
        assert.equal(whole.pages, 1);
        const parts = await referencePages(http, `${path}&limit=${limit}`);
        assert.deepEqual(parts.rows, whole.rows);
        assert.equal(parts.pages, Math.max(1, Math.ceil(whole.rows.length / limit)));
      }),
      { numRuns: 40 },
    );
  });

  test('agree with each other whatever is committed in between', async () => {
    await using own = await openHttpApp();
    const paths = ['/v3/reference/dividends?', '/stocks/v1/dividends?sort=ticker.asc', '/v3/reference/tickers?'];
    for (const [i, path] of paths.entries()) {
      const before = await referencePages(own, `${path}&limit=1000`);
      const parts = await referencePages(own, `${path}&limit=2`, async () => {
        await own.commitCsv(`d${i}.csv`, `symbol,ex_date,cash_amount,kind\nAAA,2025-12-0${i + 1},0.1,CD\n`);
        await own.commitCsv(
          `l${i}.csv`,
          `security_id,symbol,first_session,last_session,name,type,exchange,figi\nAB${i},AB${i},2025-01-02,,Between ${i},CS,XNYS,\n`,
        );
      });
      assert.deepEqual(parts.rows, before.rows, path);
      const after = await referencePages(own, `${path}&limit=1000`);
      assert.equal(after.rows.length, before.rows.length + 1, path);
    }
  });

  test('never change as of an instant, and can be cached forever', async () => {
    await using own = await openHttpApp();
    const asOf = own.clock.nowMs();
    own.clock.move(10 * 60_000);
    const paths = [
      '/v3/reference/dividends?limit=1000&',
      '/stocks/v1/dividends?limit=1000&',
      '/stocks/v1/splits?',
      '/v3/reference/splits?limit=1000&',
      '/v3/reference/tickers?',
      '/v3/reference/tickers/AAA?',
      '/vX/reference/tickers/MTX/events?',
    ].map((path) => `${path}as_of=${asOf}`);
    const before = await Promise.all(paths.map(async (path) => (await own.get(path)).text()));
    await own.commitCsv('d.csv', 'symbol,ex_date,cash_amount,kind\nAAA,2025-12-01,0.1,CD\n');
    await own.commitCsv('s.csv', 'symbol,ex_date,split_from,split_to\nMTX,2025-12-01,1,2\n');
    await own.commitCsv(
      'l.csv',
      'security_id,symbol,first_session,last_session,name,type,exchange,figi\nMTX,MTX,2024-09-16,,Renamed Inc.,CS,XNYS,\n',
    );
    await own.commitNextSession();
    for (const [i, path] of paths.entries()) {
      const response = await own.get(path);
      assert.match(response.headers.get('cache-control') ?? '', /immutable/, path);
      assert.equal(await response.text(), before[i], path);
    }
    assert.notEqual((await own.json<ReferencePage>('/stocks/v1/splits')).results.length, 5);
  });

  test('are not accepted for another list', async () => {
    const page = await http.json<ReferencePage>('/v3/reference/splits?limit=2');
    const cursor = page.next_url?.split('cursor=')[1] ?? '';
    assert.notEqual(cursor, '');
    const body = await shaped<{ error: string }>(
      http,
      '/v3/reference/dividends',
      `/v3/reference/dividends?cursor=${cursor}`,
      400,
    );
    assert.match(body.error, /belongs to another request/);
  });

  test('are rejected with the remedy if no cursor can carry their filters', async () => {
    const symbols = Array.from({ length: 250 }, (_, i) => (i < 4 ? ['AAA', 'HLD', 'RVS', 'FUT'][i] : `LONGSYMBOL${i}`));
    const path = `/stocks/v1/splits?ticker.any_of=${symbols.join(',')}`;
    assert.equal((await http.json<ReferencePage>(path)).results.length, 5);
    const body = await shaped<{ error: string }>(http, '/stocks/v1/splits', `${path}&limit=1`, 400);
    assert.match(body.error, /Request fewer values/);
  });
});
