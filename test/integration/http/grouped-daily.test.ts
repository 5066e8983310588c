import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { IsoDate } from '#base/dates.ts';
import type { GroupedBar, GroupedDaily } from '#serving/massive/shapes/grouped-daily.ts';
import { readBars } from '#serving/read/bars.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { FIRST, LAST_SETTLED, NEXT, PARTIAL, PARTIAL_SYMBOLS, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { assertVendorShape } from '#test/fixtures/vendor-schema.ts';

const PATH = '/v2/aggs/grouped/locale/us/market/stocks';
const SYMBOLS = 'AAA BBB.A BBBpC RVS FBX MTX DEL NEW HLT FUT HLD IDX ADR'.split(' ');

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

async function grouped(date: string, query = ''): Promise<GroupedDaily> {
  const response = await http.get(`${PATH}/${date}${query}`);
  const text = await response.text();
  await assertVendorShape(`${PATH}/{date}`, response.status, text);
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as GroupedDaily;
}

/** One symbol's bar of a day from its own reader, as a grouped bar. */
async function ofOneSymbol(symbol: string, date: IsoDate, isAdjusted: boolean): Promise<GroupedBar | undefined> {
  const request = { symbol, from: date, to: date, adjust: isAdjusted ? 'split' : 'raw' } as const;
  const { bars } = await readBars(http.serving, request, await http.serving.views.current()).catch((error) => {
    if (error.code === 'symbol-unknown') return { bars: [] };
    throw error;
  });
  const [bar] = bars;
  // A symbol asked for on a day on which it was nobody's is answered by its last owner's other symbol.
  if (bar === undefined || bar.symbol !== symbol) return undefined;
  const { open, high, low, close, volume, vwap, trades } = bar;
  const t = Date.parse(`${date}T${isSummer(date) ? '20' : '21'}:00:00Z`);
  return {
    T: symbol,
    v: volume ?? Number.NaN,
    ...(vwap === null ? {} : { vw: vwap }),
    o: open ?? Number.NaN,
    c: close ?? Number.NaN,
    h: high ?? Number.NaN,
    l: low ?? Number.NaN,
    t,
    ...(trades === null ? {} : { n: trades }),
  };
}

/** New York's daylight-saving time of the fixture's two years. */
function isSummer(date: string): boolean {
  return (date >= '2024-03-10' && date < '2024-11-03') || (date >= '2025-03-09' && date < '2025-11-02');
}

test('grouped daily bars equal those of each symbol alone, adjusted or not, on any session', async () => {
  const sessions = http.calendar.range(FIRST, PROVISIONAL);
  // Around every split, rename, listing, delisting and halt of the market, and anywhere else.
  const marked = ['2024-06-07', '2024-06-10', '2024-09-13', '2024-09-16', '2025-01-31', '2025-02-03', '2025-03-14']
    .concat('2025-03-17', '2025-05-30', '2025-06-02', '2025-07-01', '2025-08-01', '2025-08-04', PARTIAL)
    .map((date) => date as IsoDate);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constantFrom(...marked), fc.constantFrom(...sessions)),
      fc.boolean(),
      async (date, adjusted) => {
        const { results = [] } = await grouped(date, `?adjusted=${adjusted}`);
        const alone = await Promise.all(SYMBOLS.map((symbol) => ofOneSymbol(symbol, date, adjusted)));
        const expected = alone.filter((bar) => bar !== undefined).sort((a, b) => (a.T < b.T ? -1 : 1));
        assert.deepEqual(results, expected);
      },
    ),
    { numRuns: 60, examples: marked.map((date) => [date, true] as [IsoDate, boolean]) },
  );
});

test('a day without trading has the empty shape: no results at all, not an error', async () => {
  for (const date of ['2024-06-08', '2024-12-25', '2019-01-02', NEXT, '2050-01-03', '1900-01-01']) {
    const { request_id: id, ...rest } = await grouped(date);
    assert.deepEqual(rest, { queryCount: 0, resultsCount: 0, adjusted: true, status: 'OK', count: 0 }, date);
    assert.match(id, /^\w{32}$/);
  }
});

test('bars are stamped with 16:00 in New York, on short days too, and counts are those of the results', async () => {
  for (const [date, t] of [
    ['2024-07-02', '2024-07-02T20:00:00Z'],
    ['2024-01-05', '2024-01-05T21:00:00Z'],
    ['2024-07-03', '2024-07-03T20:00:00Z'],
    ['2024-11-29', '2024-11-29T21:00:00Z'],
  ] as const) {
    const { results = [], resultsCount, queryCount } = await grouped(date);
    assert.ok(results.length > 0);
    assert.deepEqual(new Set(results.map((bar) => bar.t)), new Set([Date.parse(t)]));
    assert.deepEqual([resultsCount, queryCount], [results.length, results.length]);
  }
});

test('a missing price is left out, and a partial session is served as it is', async () => {
  const { results = [] } = await grouped(PARTIAL);
  assert.deepEqual(
    results.map((bar) => bar.T),
    PARTIAL_SYMBOLS,
  );
  const { results: whole = [] } = await grouped(LAST_SETTLED);
  const preferred = whole.find((bar) => bar.T === 'BBBpC');
  assert.ok(preferred !== undefined && !('vw' in preferred));
});

test('an instant means its day in New York', async () => {
  const { results } = await grouped(String(Date.parse('2024-06-11T02:00:00Z')));
  assert.deepEqual(results, (await grouped('2024-06-10')).results);
});

test('an invalid date is rejected with what is allowed', async () => {
  for (const date of ['2024-02-30', 'today', '2024-1-2', '99999999999999']) {
    const response = await http.get(`${PATH}/${date}`);
    const body = (await response.json()) as { error: string };
    await assertVendorShape(`${PATH}/{date}`, response.status, body);
    assert.equal(response.status, 400);
    assert.match(body.error, /YYYY-MM-DD/);
  }
});

test('symbols that trade over the counter are included only on request', async () => {
  await using other = await openHttpApp();
  const listing = 'security_id,symbol,first_session,last_session,name,type,exchange,figi\n';
  await other.commitCsv('listings.csv', `${listing}ADR,ADR,${FIRST},,Ausland SE Sponsored ADR,ADRC,PINX,\n`);
  const plain = await other.json<GroupedDaily>(`${PATH}/${PROVISIONAL}`);
  const all = await other.json<GroupedDaily>(`${PATH}/${PROVISIONAL}?include_otc=true`);
  assert.equal(
    plain.results?.some((bar) => bar.T === 'ADR' || bar.otc !== undefined),
    false,
  );
  assert.deepEqual(
    all.results?.filter((bar) => bar.otc === true).map((bar) => bar.T),
    ['ADR'],
  );
  const snapshot = await other.json<{ tickers: { ticker: string }[] }>('/v2/snapshot/locale/us/markets/stocks/tickers');
  assert.equal(
    snapshot.tickers.some(({ ticker }) => ticker === 'ADR'),
    false,
  );
});

test('a symbol counts as traded over the counter only while its listing says so', async () => {
  await using other = await openHttpApp();
  const listing = 'security_id,symbol,first_session,last_session,name,type,exchange,figi\n';
  await other.commitCsv(
    'listings.csv',
    `${listing}OLDNEW,NEW,${FIRST},2024-06-28,Old Shell,CS,OTCM,\nDEL2,DEL,2025-07-01,,Other Del,CS,OTCM,\n`,
  );
  const symbols = async (date: string): Promise<string[]> =>
    ((await other.json<GroupedDaily>(`${PATH}/${date}`)).results ?? []).map(({ T }) => T);
  assert.ok((await symbols(PROVISIONAL)).includes('NEW'), 'an exchange lists it now');
  assert.ok((await symbols('2025-05-01')).includes('DEL'), 'an exchange listed it then');
  const [bar] = (await other.json<{ results: { otc?: true }[] }>('/v2/aggs/ticker/NEW/prev')).results;
  assert.ok(bar !== undefined && !('otc' in bar));
  assert.ok(!('otc' in (await other.json('/v1/open-close/DEL/2024-05-01'))));
});
