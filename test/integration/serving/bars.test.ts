import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { resample } from '#batch/resample/resample.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import type {
  BarsRequest,
  BarsResult,
  DailyBarsResult,
  WindowBarsResult,
  WindowPart,
} from '#serving/read/served-bars.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

import { MarketModel } from '../resample/market-model.ts';
import { putDividends } from './reading-model.ts';

const CALENDAR = createCalendar({ lastYear: 2028 });
const NOW = Date.parse('2024-07-01T20:30:00Z');

interface Market extends AsyncDisposable {
  readonly lake: Lake;
  readonly clock: VirtualClock;
  readonly model: MarketModel;
  daily(symbol: string, more?: Omit<BarsRequest, 'symbol' | 'interval'>): Promise<DailyBarsResult>;
  windows(symbol: string, interval: number, more?: Omit<BarsRequest, 'symbol' | 'interval'>): Promise<WindowBarsResult>;
  read(request: BarsRequest): Promise<BarsResult>;
}

async function openMarket(): Promise<Market> {
  const clock = new VirtualClock(NOW);
  const open = await openTestLake({ clock });
  const { lake } = open;
  const deps = { lake, calendar: CALENDAR, clock, caches: new MarketCaches(lake) };
  const read = (request: BarsRequest): Promise<BarsResult> => readBars(deps, request);
  return {
    lake,
    clock,
    model: new MarketModel(lake, CALENDAR),
    read,
    daily: async (symbol, more = {}) => {
      const result = await read({ symbol, ...more });
      assert(result.grain === 'session');
      return result;
    },
    windows: async (symbol, interval, more = {}) => {
      const result = await read({ symbol, interval, ...more });
      assert(result.grain === 'window');
      return result;
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

function bar(symbol: string, session: IsoDate, price: number): DailyBar {
  return {
    symbol,
    session,
    open: price,
    high: price * 1.25,
    low: price * 0.75,
    close: price * 1.125,
    volume: 1000,
    vwap: price,
    trades: 10,
    source: 'test',
    fetchedAtMs: Date.parse(`${session}T21:00:00Z`),
  };
}

function days(from: string, to: string): IsoDate[] {
  return CALENDAR.range(isoDate(from), isoDate(to));
}

/** FB became META on 2022-06-09; until 2022-01-28 META had been a fund, which is METV since. */
async function metaMarket(): Promise<Market> {
  const market = await openMarket();
  const listed = (securityId: string, symbol: string, first: string, last: string | null) => ({
    securityId,
    symbol,
    firstSession: isoDate(first),
    lastSession: last === null ? null : isoDate(last),
  });
  await market.model.putListings([
    listed('FB', 'FB', '2012-05-18', '2022-06-08'),
    listed('FB', 'META', '2022-06-09', null),
    listed('META', 'META', '2021-06-30', '2022-01-28'),
    listed('META', 'METV', '2022-01-31', null),
  ]);
  await market.model.put(
    days('2021-11-01', '2022-09-30').flatMap((session) => [
      bar(session < '2022-06-09' ? 'FB' : 'META', session, 200),
      ...(session < '2022-01-31' ? [bar('META', session, 15)] : [bar('METV', session, 15)]),
    ]),
    isoDate('2022-09-28'),
  );
  return market;
}

test('a symbol means its last owner and brings the history of its earlier symbols: META was FB', async () => {
  await using market = await metaMarket();
  const { bars, segments, securityId } = await market.daily('META');
  assert.equal(securityId, 'FB');
  assert.equal(bars.length, days('2021-11-01', '2022-09-30').length);
  assert.deepEqual([bars[0]?.symbol, bars.at(-1)?.symbol], ['FB', 'META']);
  assert(bars.every((one) => one.open === 200));
  assert.deepEqual(
    segments.map(({ symbol, last }) => [symbol, last]),
    [
      ['FB', '2022-06-08'],
      ['META', null],
    ],
  );
});

test('META was another fund before 2022, which is followed under its later symbol only up to the requested day', async () => {
  await using market = await metaMarket();
  const { bars, securityId } = await market.daily('META', { to: isoDate('2021-12-31') });
  assert.equal(securityId, 'META');
  assert.equal(bars.at(-1)?.session, '2021-12-31');
  assert(bars.every((one) => one.open === 15 && one.symbol === 'META'));
});

test('a symbol requested after its time means the security that last traded under it', async () => {
  await using market = await metaMarket();
  assert.equal((await market.daily('FB')).securityId, 'FB');
  assert.equal((await market.daily('FB')).bars.at(-1)?.symbol, 'META');
  // Between the fund's last day as META and the company's first, META was nobody's: the fund had it last.
  assert.equal((await market.daily('META', { to: isoDate('2022-03-15') })).securityId, 'META');
});

test('a window over the day of a rename is one bar, under the symbol of its last session', async () => {
  await using market = await metaMarket();
  await resample({ lake: market.lake, calendar: CALENDAR, clock: market.clock }, { intervals: [21] });
  const { bars, stored } = await market.windows('META', 21);
  assert.equal(stored, bars.length);
  const renamed = bars.find((one) => one.firstSession <= '2022-06-08' && one.lastSession >= '2022-06-09');
  assert.equal(renamed?.sessions, 21);
  assert.equal(renamed?.symbol, 'META');
});

/** AAA: 2 for 1 on 2024-03-05, and 50 cents on 2024-03-12. */
async function splitMarket(): Promise<Market> {
  const market = await openMarket();
  await market.model.put(
    days('2024-01-02', '2024-03-28').map((session) => bar('AAA', session, session < '2024-03-05' ? 80 : 40)),
    isoDate('2024-03-27'),
  );
  const source = 'vendor';
  await market.model.putSplits([{ symbol: 'AAA', exDate: isoDate('2024-03-05'), splitFrom: 1, splitTo: 2, source }]);
  await putDividends(market.lake, [
    { symbol: 'AAA', exDate: isoDate('2024-03-12'), kind: 'CD', cashAmount: 0.5, source },
  ]);
  return market;
}

test('daily bars come as traded, on today’s share basis, and with dividends reinvested', async () => {
  await using market = await splitMarket();
  const first = async (adjust: 'raw' | 'split' | 'total') => (await market.daily('AAA', { adjust })).bars[0];
  const [raw, split, total] = [await first('raw'), await first('split'), await first('total')];
  assert.deepEqual([raw?.close, raw?.volume], [90, 1000]);
  assert.deepEqual([split?.close, split?.volume, split?.vwap], [45, 2000, 40]);
  // The close before the ex-date is 45 dollars in the share count of that day.
  assert.deepEqual([total?.close, total?.volume], [90 * (0.5 * (1 - 0.5 / 45)), 2000]);
});

test('explain shows what a bar was made of, down to the events and their sources', async () => {
  await using market = await splitMarket();
  const { bars } = await market.daily('AAA', { adjust: 'total', explain: true, to: isoDate('2024-03-08') });
  const [before, after] = [bars[0]?.explain, bars.at(-1)?.explain];
  assert.equal(before?.raw.close, 90);
  assert.equal(before?.volumeFactor, 2);
  assert.equal(before?.source, 'test');
  assert.deepEqual(
    before?.events.map((event) => [event.kind, event.exDate, event.terms, event.source]),
    [
      ['split', '2024-03-05', '2 for 1', 'vendor'],
      ['dividend', '2024-03-12', '$0.5 CD', 'vendor'],
    ],
  );
  assert.deepEqual(
    after?.events.map((event) => event.kind),
    ['dividend'],
  );
});

test('a split after a stored window is applied on read; one inside it was applied when it was folded', async () => {
  await using market = await splitMarket();
  await resample({ lake: market.lake, calendar: CALENDAR, clock: market.clock }, { intervals: [5] });
  const stored = await market.windows('AAA', 5, { explain: true });
  assert.equal(stored.stored, stored.bars.length);
  assert(
    stored.bars.every((one) => one.open === 40 && one.close === 45),
    'one share count all along',
  );
  const raw = await market.windows('AAA', 5, { adjust: 'raw' });
  const spanning = raw.bars.find((one) => one.firstSession < '2024-03-05' && one.lastSession >= '2024-03-05');
  assert.equal(spanning?.open, 40, 'no bar mixes two share counts, not even a raw one');
  assert.equal(raw.bars[0]?.open, 80);
  assert.deepEqual(
    stored.bars[0]?.explain?.events.map((event) => event.exDate),
    ['2024-03-05'],
  );
});

test('a window is explained by what was traded, and by the factors of each run of its sessions', async () => {
  await using market = await splitMarket();
  await resample({ lake: market.lake, calendar: CALENDAR, clock: market.clock }, { intervals: [21] });
  for (const adjust of ['raw', 'split', 'total'] as const) {
    for (const interval of [21, 4]) {
      const { bars, stored } = await market.windows('AAA', interval, { adjust, explain: true });
      assert.equal(
        stored > 0,
        interval === 21 && adjust !== 'total',
        'stored and computed windows are explained alike',
      );
      const daily = await market.daily('AAA', { adjust, explain: true });
      for (const one of bars) {
        const { explain, firstSession, lastSession } = one;
        assert(explain !== undefined);
        const inside = daily.bars.filter(({ session }) => session >= firstSession && session <= lastSession);
        // As traded, whatever the adjustment.
        const traded = inside.map((row) => row.explain?.raw);
        assert.deepEqual(explain.raw.open, traded[0]?.open);
        assert.equal(explain.raw.high, Math.max(...traded.map((row) => row?.high ?? 0)));
        assert.equal(explain.raw.close, traded.at(-1)?.close);
        assert.equal(explain.raw.volume, traded.length * 1000);
        // The parts are all sessions, and make the bar.
        assert.equal(
          explain.parts.reduce((sum, part) => sum + part.sessions, 0),
          inside.length,
        );
        assert.equal(explain.parts[0]?.firstSession, inside[0]?.session);
        const [first, last] = [explain.parts[0], explain.parts.at(-1)];
        near(one.open, (first?.raw.open ?? 0) * (first?.priceFactor ?? 0));
        near(one.close, (last?.raw.close ?? 0) * (last?.priceFactor ?? 0));
        near(one.high, Math.max(...explain.parts.map((part) => (part.raw.high ?? 0) * part.priceFactor)));
        near(one.low, Math.min(...explain.parts.map((part) => (part.raw.low ?? 0) * part.priceFactor)));
        near(
          one.volume,
          explain.parts.reduce((sum, part) => sum + (part.raw.volume ?? 0) * part.volumeFactor, 0),
        );
        assert.deepEqual(explain.sources, ['test']);
        assert.equal(explain.priceFactor, explain.parts.length === 1 ? first?.priceFactor : null);
        if (adjust === 'raw') continue;
        for (const row of inside) {
          const part: WindowPart | undefined = explain.parts.find(
            (run) => run.firstSession <= row.session && row.session <= run.lastSession,
          );
          assert.equal(part?.priceFactor, row.explain?.priceFactor, `${adjust} ${row.session}`);
          assert.equal(part?.volumeFactor, row.explain?.volumeFactor);
        }
        assert.deepEqual(explain.events, inside[0]?.explain?.events);
      }
      const counts = bars.map(({ explain }) => explain?.parts.length ?? 0);
      // The split is inside a window; so is the dividend, in the same one where windows are long.
      assert.equal(Math.max(...counts), adjust === 'total' && interval === 21 ? 3 : 2, `${adjust} ${interval}`);
    }
  }
});

function near(actual: number | null, expected: number): void {
  assert(actual !== null && Math.abs(actual - expected) <= Math.abs(expected) * 1e-12, `${actual}, not ${expected}`);
}

test('a window with sessions still to come is open; one at the start of history, or with a gap, is incomplete', async () => {
  await using market = await openMarket();
  const gap = isoDate('2024-02-14');
  await market.model.put(
    days('2024-01-04', '2024-03-28')
      .filter((session) => session !== gap)
      .map((session) => bar('AAA', session, 80)),
    isoDate('2024-03-27'),
  );
  for (const intervals of [[], [5]]) {
    if (intervals.length > 0)
      await resample({ lake: market.lake, calendar: CALENDAR, clock: market.clock }, { intervals });
    const { bars, stored } = await market.windows('AAA', 5);
    assert.equal(stored > 0, intervals.length > 0);
    for (const { firstSession, lastSession, complete, finality } of bars) {
      const isCut = firstSession < '2024-01-04' || (firstSession <= gap && gap <= lastSession);
      assert.equal(complete, !isCut && lastSession <= '2024-03-28');
      const unlike = isCut ? 'incomplete' : lastSession > '2024-03-28' ? 'open' : 'other';
      assert.equal(finality === 'open' || finality === 'incomplete' ? finality : 'other', unlike, firstSession);
    }
    const found = new Set(bars.map(({ finality }) => finality));
    assert(found.has('open') && found.has('incomplete'), [...found].join());
  }
});

test('an event announced for a date that is not published yet changes nothing', async () => {
  await using market = await splitMarket();
  const before = await market.daily('AAA');
  const announced = { symbol: 'AAA', exDate: isoDate('2024-04-01'), splitFrom: 1, splitTo: 10, source: 'vendor' };
  await market.model.putSplits([...market.model.splits, announced]);
  assert.deepEqual((await market.daily('AAA')).bars, before.bars);
});

test('two values for one split are both held back and reported', async () => {
  await using market = await splitMarket();
  const other = { symbol: 'AAA', exDate: isoDate('2024-03-05'), splitFrom: 1, splitTo: 3, source: 'other vendor' };
  await market.model.putSplits([...market.model.splits, other]);
  const { bars, held } = await market.daily('AAA');
  assert.equal(bars[0]?.close, 90);
  assert.deepEqual(
    held.map(({ kind, exDate, terms }) => [kind, exDate, terms]),
    [
      ['split', '2024-03-05', '2 for 1'],
      ['split', '2024-03-05', '3 for 1'],
    ],
  );
});

test('a dividend of 90% of the close or more is held back, since it would wipe out history', async () => {
  await using market = await splitMarket();
  await putDividends(market.lake, [
    { symbol: 'AAA', exDate: isoDate('2024-03-12'), kind: 'SC', cashAmount: 41, source: 'vendor' },
  ]);
  const total = await market.daily('AAA', { adjust: 'total' });
  assert.equal(total.bars[0]?.close, 45);
  assert.deepEqual(
    total.held.map(({ kind, exDate }) => [kind, exDate]),
    [['dividend', '2024-03-12']],
  );
  assert.deepEqual((await market.daily('AAA')).held, [], 'dividends concern only those who ask for them');
});

test('the open window is served and marked, and grows with each session', async () => {
  await using market = await splitMarket();
  await resample({ lake: market.lake, calendar: CALENDAR, clock: market.clock }, { intervals: [5] });
  const open = (await market.windows('AAA', 5)).bars.at(-1);
  const last = CALENDAR.next(isoDate('2024-03-28'));
  assert.deepEqual([open?.complete, open?.expected], [false, 5]);
  await market.model.put([bar('AAA', last, 44)]);
  const grown = await market.windows('AAA', 5);
  assert.equal(grown.stored, grown.bars.length - 1, 'only the window that the session touches is computed');
  assert.equal(grown.bars.at(-1)?.sessions, (open?.sessions ?? 0) + 1);
  assert.equal(grown.bars.at(-1)?.close, 49.5);
});

test('window boundaries do not move with the requested range', async () => {
  await using market = await splitMarket();
  const whole = await market.windows('AAA', 8);
  for (const [from, to] of [
    ['2024-02-06', '2024-02-07'],
    ['2024-01-20', '2024-03-02'],
  ] as const) {
    const part = await market.windows('AAA', 8, { from: isoDate(from), to: isoDate(to) });
    const expected = whole.bars.filter((one) => one.lastSession >= from && one.firstSession <= to);
    assert.deepEqual(part.bars, expected);
  }
});

test('a range without bars is empty for a known symbol', async () => {
  await using market = await splitMarket();
  assert.deepEqual((await market.daily('AAA', { to: isoDate('1970-01-01') })).bars, []);
  assert.deepEqual((await market.daily('AAA', { from: isoDate('2024-06-01') })).bars, []);
  assert.deepEqual((await market.windows('AAA', 34, { to: isoDate('1961-01-01') })).bars, []);
  assert.deepEqual(
    (await market.windows('AAA', 34, { from: isoDate('2024-06-29'), to: isoDate('2024-06-30') })).bars,
    [],
  );
});

const REFUSED = [
  ['an unknown symbol', { symbol: 'AAB' }, 'symbol-unknown', /^No data for "AAB"\. Did you mean AAA/],
  [
    'a symbol in the wrong case',
    { symbol: 'aaa', interval: 5 },
    'symbol-unknown',
    /^No data for "aaa"\. Did you mean AAA/,
  ],
  ['a symbol like no other', { symbol: "x'; drop" }, 'symbol-unknown', /condvest symbols/],
  ['a first day in the future', { symbol: 'AAA', from: '2024-07-02' }, 'bars-date-in-future', /2024-07-02.*2024-07-01/],
  ['a last day in the future', { symbol: 'AAA', to: '2030-01-01' }, 'bars-date-in-future', /2030-01-01/],
  ['from after to', { symbol: 'AAA', from: '2024-03-02', to: '2024-03-01' }, 'bars-range-empty', /2024-03-02 to/],
  ['no sessions a bar', { symbol: 'AAA', interval: 0 }, 'interval-invalid', /: 0\..*2 to 252/],
  ['too many sessions a bar', { symbol: 'AAA', interval: 253 }, 'interval-invalid', /: 253\./],
  ['half a session a bar', { symbol: 'AAA', interval: 2.5 }, 'interval-invalid', /: 2\.5\./],
  ['an instant before the first bars', { symbol: 'AAA', asOfMs: 0 }, 'as-of-too-early', /1970.*2024-07-01T20:30/],
  ['an instant in the future', { symbol: 'AAA', asOfMs: NOW * 2 }, 'as-of-in-future', /2078-12-31/],
] as const;

test('an impossible request gets one clear message', async (t) => {
  await using market = await splitMarket();
  for (const [what, request, code, message] of REFUSED) {
    await t.test(what, async () => {
      const error = await market.read(request as BarsRequest).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      assert(error instanceof Error && 'code' in error, 'it is refused');
      assert.equal(error.code, code);
      assert.equal(error.name, 'UsageError');
      assert.match(error.message, message);
      assert(!error.message.includes('\n'));
    });
  }
});

test('a lake without bars says how to get some', async () => {
  await using market = await openMarket();
  await assert.rejects(market.read({ symbol: 'AAA' }), { code: 'lake-empty' });
});

test('a session that another program stored twice is rejected, not summed twice', async () => {
  await using market = await splitMarket();
  await market.lake.table(DAILY_BARS).write(async () => {
    const select = `SELECT 'AAA' AS symbol, DATE '2024-03-28' AS session, 1.0 AS open, 1.0 AS high, 1.0 AS low, 1.0 AS close,
      1.0 AS volume, NULL AS vwap, NULL AS trades, 'other' AS source, NULL AS fetched_at`;
    const units = SessionSet.of([isoDate('2024-03-28')]);
    const file = await market.lake.table(DAILY_BARS).writeDataFile({ select, year: 2024, units });
    return { operation: 'WRITE', add: file === undefined ? [] : [file], remove: [], units, dataChange: true };
  });
  await assert.rejects(market.daily('AAA'), { code: 'bars-corrupt', kind: 'corrupt' });
  await assert.rejects(market.windows('AAA', 3), { code: 'bars-corrupt' });
});
