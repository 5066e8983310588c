import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type BarsAnswer, barsShape, type EventsAnswer } from '#serving/condvest/shapes/bars.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

let http: HttpApp;
before(async () => {
  http = await openHttpApp();
});
after(async () => http[Symbol.asyncDispose]());

/** Follows `previous_url` from the newest bars to the first ones. */
async function pagesOf(path: string): Promise<BarsAnswer[]> {
  const pages: BarsAnswer[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: BarsAnswer = await http.json<BarsAnswer>(next);
    assert.deepEqual(barsShape.parse(page), page);
    pages.unshift(page);
    const { pathname, search } = new URL(page.previous_url ?? 'http://end/', 'http://localhost');
    next = page.previous_url === undefined ? undefined : `${pathname}${search}`;
  }
  return pages;
}

for (const query of ['interval=1', 'interval=1&adjust=total', 'interval=5', 'interval=13&adjust=raw', 'interval=34']) {
  for (const symbol of ['AAA', 'HLT', 'MTX']) {
    test(`the pages of ${symbol}, ${query}, have all of its bars, each once`, async () => {
      const all = await http.json<BarsAnswer>(`/condvest/v1/bars/${symbol}?${query}`);
      assert.equal('previous_url' in all, false);
      for (const limit of [23, 200]) {
        const pages = await pagesOf(`/condvest/v1/bars/${symbol}?${query}&limit=${limit}`);
        assert.deepEqual(
          pages.flatMap((page): unknown[] => [...page.bars]),
          all.bars,
        );
        assert.ok(pages.slice(1).every(({ bars }) => bars.length === limit));
      }
    });
  }
}

test('pages end at the beginning of the range, and a page that is full by chance is the last', async () => {
  const range = await http.json<BarsAnswer>('/condvest/v1/bars/AAA?from=2025-06-02&to=2025-06-30');
  const path = `/condvest/v1/bars/AAA?from=2025-06-02&to=2025-06-30&limit=${range.bars.length}`;
  assert.equal((await http.json<BarsAnswer>(path)).previous_url, undefined);
  const pages = await pagesOf('/condvest/v1/bars/AAA?from=2025-06-02&to=2025-06-30&limit=5');
  assert.deepEqual(
    pages.flatMap((page): unknown[] => [...page.bars]),
    range.bars,
  );
});

test('pages stay with the security and the versions of the newest bars', async () => {
  // Up to 2024, FBX was the symbol of what is MTX today.
  const pages = await pagesOf('/condvest/v1/bars/FBX?limit=100');
  assert.deepEqual([...new Set(pages.map(({ security_id }) => security_id))], ['FBX2']);
  assert.deepEqual(new Set(pages.map(({ versions }) => JSON.stringify(versions))).size, 1);
});

test('a range of the past is that of today’s security of the symbol, or of the one it had on a given day', async () => {
  const path = '/condvest/v1/bars/FBX?from=2025-02-03&to=2025-02-10';
  assert.equal((await http.json<BarsAnswer>(path)).security_id, 'FBX2');
  const old = '/condvest/v1/bars/FBX?from=2024-06-03&to=2024-06-10';
  assert.equal((await http.json<BarsAnswer>(old)).security_id, 'MTX', 'on the last day asked for');
  const today = await http.json<BarsAnswer>(`${old}&at=2099-01-01&history=true`);
  assert.equal(today.security_id, 'FBX2', 'a day in the future means today');
  assert.deepEqual([today.bars.length, today.history?.first], [0, '2025-02-03']);
  const events = await http.json<EventsAnswer>('/condvest/v1/events/FBX?at=2024-06-03');
  assert.deepEqual([events.security_id, events.dividends[0]?.ex_date], ['MTX', '2024-06-14']);
  const then = await http.json<BarsAnswer>('/condvest/v1/bars/FBX?at=2024-06-03&history=true&limit=2');
  assert.deepEqual([then.security_id, then.bars.length, then.history?.first], ['MTX', 2, '2024-01-02']);
});

test('the history of a security is that of its bars, whatever part of them is asked for', async () => {
  for (const symbol of ['AAA', 'HLT', 'MTX', 'DEL']) {
    const all = await http.json<BarsAnswer>(`/condvest/v1/bars/${symbol}?interval=1`);
    const part = await http.json<BarsAnswer>(`/condvest/v1/bars/${symbol}?interval=21&limit=1&history=true`);
    const sessions = all.bars.map((bar) => ('session' in bar ? bar.session : ''));
    assert.deepEqual(part.history, { first: sessions[0], last: sessions.at(-1) }, symbol);
  }
});

test('a cursor of another symbol, or none at all, is refused', async () => {
  const { previous_url: next = '' } = await http.json<BarsAnswer>('/condvest/v1/bars/AAA?limit=1');
  const cursor = new URL(next, 'http://localhost').searchParams.get('cursor') ?? '';
  for (const [path, status] of [
    [`/condvest/v1/bars/AAA?cursor=${cursor}`, 200],
    [`/condvest/v1/bars/HLT?cursor=${cursor}`, 400],
    ['/condvest/v1/bars/AAA?cursor=abc', 400],
  ] as const) {
    const response = await http.get(path);
    const { code } = (await response.json()) as { code?: string };
    assert.deepEqual([response.status, code], [status, status === 200 ? undefined : 'cursor-invalid'], path);
  }
});
