import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

describe('responses as tables', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(() => http[Symbol.asyncDispose]());

  /** Returns the cells of a CSV response; undefined for an empty one, which is not the empty text. */
  async function csv(path: string, headers: Readonly<Record<string, string>> = {}): Promise<(string | undefined)[][]> {
    const response = await http.get(path, headers);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.match(response.headers.get('content-type') ?? '', /^text\/csv/);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => [...line.matchAll(/(?<=^|,)("(?:[^"]|"")*"|[^,]*)(?=,|$)/g)].map(([, cell = '']) => cellOf(cell)));
  }

  function cellOf(text: string): string | undefined {
    if (text === '') return undefined;
    return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
  }

  /** Returns the rows by the names of the header, with empty cells left out. */
  async function records(path: string): Promise<Record<string, string>[]> {
    const [header = [], ...rows] = await csv(path);
    return rows.map((row) => {
      assert.equal(row.length, header.length, row.join());
      return Object.fromEntries(row.flatMap((cell, i) => (cell === undefined ? [] : [[header[i] ?? '', cell]])));
    });
  }

  /** Compares cells with values, numbers as numbers. */
  function assertSame(rows: readonly Record<string, string>[], values: readonly object[]): void {
    const known = values.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)));
    const read = rows.map((row, i) =>
      Object.fromEntries(
        Object.entries(row).map(([name, cell]) => {
          const value = known[i]?.[name];
          return [name, typeof value === 'number' ? Number(cell) : typeof value === 'boolean' ? cell === 'true' : cell];
        }),
      ),
    );
    assert.deepEqual(read, known);
  }

  const range = '/v2/aggs/ticker/AAA/range';
  const lists: readonly (readonly [string, string])[] = [
    ['/condvest/v1/bars/AAA?from=2024-05-01&to=2024-07-01&adjust=total', 'bars'],
    ['/condvest/v1/bars/MTX?interval=21', 'bars'],
    [`${range}/1/day/2024-06-03/2024-06-14?adjusted=true`, 'results'],
    [`${range}/21/session/2024-01-02/2025-12-31?include_partial=true`, 'results'],
    ['/v2/aggs/grouped/locale/us/market/stocks/2025-01-02?include_otc=true', 'results'],
    ['/v3/reference/dividends?limit=1000', 'results'],
    ['/stocks/v1/dividends?limit=1000', 'results'],
    ['/v3/reference/splits?limit=1000', 'results'],
    ['/stocks/v1/splits?limit=1000', 'results'],
    ['/condvest/v1/quality?limit=50', 'examples'],
  ];
  for (const [path, name] of lists) {
    test(`have the rows of the JSON: ${path}`, async () => {
      const body = await http.json<Record<string, object[]>>(path);
      const rows = await records(`${path}&format=csv`);
      assert.ok(rows.length > 0 || name === 'examples');
      assertSame(rows, body[name] ?? []);
    });
  }

  test('have the movers of a session, each with its list', async () => {
    const path = '/condvest/v1/market?session=2025-12-29&limit=3';
    const { session, ...lists } = await http.json<
      Record<'gainers' | 'losers' | 'active', object[]> & { session: string }
    >(path);
    const expected = (['gainers', 'losers', 'active'] as const).flatMap((list) =>
      lists[list].map((mover) => ({ session, list, ...mover })),
    );
    assert.ok(expected.length > 3);
    assertSame(await records(`${path}&format=csv`), expected);
  });

  test('have all gaps, of sessions and of symbols', async () => {
    const body = await http.json<{ sessions: object[]; symbols: { first_session: string }[]; of_symbol: string[] }>(
      '/condvest/v1/gaps?symbol=HLT',
    );
    assertSame(await records('/condvest/v1/gaps?symbol=HLT&format=csv'), [
      ...body.sessions.map((gap) => ({ kind: 'session', ...gap })),
      ...body.symbols.map(({ first_session: session, ...gap }) => ({ kind: 'symbol', session, ...gap })),
      ...body.of_symbol.map((session) => ({ kind: 'session of symbol', symbol: 'HLT', session })),
    ]);
  });

  test('come by the header alone, and neither is taken for the other by the cache', async () => {
    const path = '/condvest/v1/bars/AAA?from=2025-12-01';
    const headers = { accept: 'text/csv' };
    const first = await csv(path, headers);
    const { bars } = await http.json<{ bars: object[] }>(path);
    assert.equal(first.length, bars.length + 1);
    assert.deepEqual(await csv(path, headers), first);
    const [json, table] = await Promise.all([http.get(path), http.get(path, headers)]);
    assert.notEqual(json.headers.get('etag'), table.headers.get('etag'));
    assert.match(table.headers.get('vary') ?? '', /\bAccept,/);
    const again = await http.get(path, { ...headers, 'if-none-match': table.headers.get('etag') ?? '' });
    assert.equal(again.status, 304);
    assert.equal((await csv('/condvest/v1/gaps', headers))[0]?.[0], 'kind');
  });

  test('name their next page in a header, which has the same format', async () => {
    const pages: (string | undefined)[][] = [];
    let path: string | undefined = '/v3/reference/dividends?ticker=AAA&limit=3&format=csv';
    while (path !== undefined) {
      const [, ...rows] = await csv(path);
      pages.push(...rows);
      const link: string | null = (await http.get(path)).headers.get('link');
      path = link === null ? undefined : /^<https?:\/\/[^/]+(.*)>; rel="next"$/.exec(link)?.[1];
    }
    const [, ...all] = await csv('/v3/reference/dividends?ticker=AAA&limit=1000&format=csv');
    assert.deepEqual(pages, all);
    const link = (await http.get('/condvest/v1/bars/AAA?limit=5&format=csv')).headers.get('link');
    assert.match(link ?? '', /rel="prev"$/);
  });

  test('keep their types as Arrow', async () => {
    const response = await http.get('/condvest/v1/bars/AAA?interval=21&format=arrow');
    assert.equal(response.headers.get('content-type'), 'application/vnd.apache.arrow.stream');
    const table = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    const { bars } = await http.json<{ bars: { close: number; complete: boolean }[] }>(
      '/condvest/v1/bars/AAA?interval=21',
    );
    assert.deepEqual(
      table.toArray().map((row: { close: number; complete: boolean }) => [row.close, row.complete]),
      bars.map(({ close, complete }) => [close, complete]),
    );
  });

  test('are refused where there is one format, where the format is unknown, and for what a table cannot hold', async () => {
    for (const [path, message] of [
      ['/condvest/v1/status?format=csv', /"format" is not understood here/],
      ['/v3/reference/tickers?format=csv', /"format" is not understood here/],
      ['/condvest/v1/symbols?search=A&format=json', /"format" is not understood here/],
      ['/condvest/v1/bars/AAA?format=xlsx', /json, csv, arrow/],
      ['/condvest/v1/bars/AAA?format=csv&explain=true', /"explain" and "history"/],
    ] as const) {
      const response = await http.get(path);
      const text = await response.text();
      assert.equal(response.status, 400, `${path}: ${text}`);
      assert.match((JSON.parse(text) as { error: string }).error, message);
    }
  });
});
