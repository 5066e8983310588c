import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { isSymbol } from '#market/quality.ts';
import { Listings } from '#market/security.ts';
import { SimulatedMarket, type SimulatedMarketOptions } from './market.ts';
import { drawSecurities } from './securities.ts';
import type { SimulatedSession } from './trading.ts';

const calendar = createCalendar({ lastYear: 2028 });
const tenYears = {
  calendar,
  seed: 1,
  securities: 60,
  from: isoDate('2014-01-01'),
  to: isoDate('2023-12-31'),
} satisfies SimulatedMarketOptions;

/** Every value of a session as text: what must be the same everywhere. */
function textOf({ session, bars, halted, splits, dividends }: SimulatedSession): string {
  const { symbol, open, high, low, close, volume, vwap, trades } = bars;
  const rows = symbol.map((name, i) =>
    [name, open[i], high[i], low[i], close[i], volume[i], vwap[i], trades[i]].join(),
  );
  // Their other dates follow from the ex-date.
  const paid = dividends.map(({ symbol, exDate, kind, cashAmount }) => ({ symbol, exDate, kind, cashAmount }));
  return JSON.stringify([session, rows, halted, splits, paid]);
}

function digestOf(options: SimulatedMarketOptions): string {
  const market = new SimulatedMarket(options);
  const hash = createHash('sha256');
  for (const session of market.replay()) hash.update(`${textOf(session)}\n`);
  return hash.update(JSON.stringify(market.listings())).digest('hex');
}

interface Row {
  readonly session: IsoDate;
  readonly symbol: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  readonly trades: number;
}

function rowsOf(day: SimulatedSession): Row[] {
  const { symbol, open, high, low, close, volume, vwap, trades } = day.bars;
  const at = (column: readonly number[], i: number): number => column[i] ?? Number.NaN;
  return symbol.map((name, i) => ({
    session: day.session,
    symbol: name,
    open: at(open, i),
    high: at(high, i),
    low: at(low, i),
    close: at(close, i),
    volume: at(volume, i),
    vwap: at(vwap, i),
    trades: at(trades, i),
  }));
}

/** The market of ten years, replayed once for all tests that read it. */
const market = new SimulatedMarket(tenYears);
const days = [...market.replay()];

/** Log returns of each security, splits undone and dividends left in. A session without a bar has no return. */
function returnsOfSecurities(): Map<string, Map<IsoDate, number>> {
  const listings = new Listings(market.listings());
  const returns = new Map<string, Map<IsoDate, number>>();
  const last = new Map<string, number>();
  for (const day of days) {
    for (const { symbol, splitFrom, splitTo } of day.splits) {
      const id = listings.resolve(symbol, day.session);
      last.set(id, ((last.get(id) ?? Number.NaN) * splitFrom) / splitTo);
    }
    for (const { symbol, close } of rowsOf(day)) {
      const id = listings.resolve(symbol, day.session);
      const before = last.get(id);
      const own = returns.get(id) ?? new Map<IsoDate, number>();
      if (before !== undefined) own.set(day.session, Math.log(close / before));
      returns.set(id, own);
      last.set(id, close);
    }
  }
  return returns;
}

const returns = returnsOfSecurities();

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const [fromA, fromB] = [value - meanA, (b[i] ?? 0) - meanB];
    product += fromA * fromB;
    squaresA += fromA ** 2;
    squaresB += fromB ** 2;
  }
  return product / Math.sqrt(squaresA * squaresB);
}

describe('a simulated market', () => {
  test('is the same bytes on every machine and in every release', () => {
    const options = { ...tenYears, seed: 7, securities: 44, to: isoDate('2017-12-31') };
    const digest = digestOf(options);
    assert.equal(digest, '1f626b90dba0527fe7fbed9a9022a871c75681437bb1c40631fe71d28af86265');
    assert.equal(digestOf(options), digest);
    assert.notEqual(digestOf({ ...options, seed: 8 }), digest);
  });

  test('says the same of a session however far the range goes, and wherever the reading begins', () => {
    const short = new SimulatedMarket({ ...tenYears, to: isoDate('2015-06-30') });
    const long = new SimulatedMarket(tenYears).replay();
    for (const session of short.replay()) assert.equal(textOf(session), textOf(long.next().value as SimulatedSession));
    const late = isoDate('2015-06-29');
    assert.deepEqual(
      [...short.replay(late)].map(textOf),
      [...short.replay()].filter(({ session }) => session >= late).map(textOf),
    );
  });

  test('says the same of its first securities however many there are', () => {
    const sessionAt = (offset: number): IsoDate => calendar.sessionAt(10_000 + offset);
    assert.deepEqual(drawSecurities(5, 30, sessionAt), drawSecurities(5, 300, sessionAt).slice(0, 30));
  });

  test('has a session for each of the calendar and none besides', () => {
    const market = new SimulatedMarket({ ...tenYears, securities: 3, to: isoDate('2014-12-31') });
    const sessions = [...market.replay()].map(({ session }) => session);
    assert.deepEqual(sessions, calendar.range(isoDate('2014-01-01'), isoDate('2014-12-31')));
    assert.deepEqual(market.sessions, sessions);
  });

  test('may be empty', () => {
    const market = new SimulatedMarket({ ...tenYears, securities: 0, to: isoDate('2014-01-10') });
    assert.deepEqual(market.listings(), []);
    assert.equal([...market.replay()].length, 7);
    const never = new SimulatedMarket({ ...tenYears, to: isoDate('2013-01-10') });
    assert.deepEqual([[...never.replay()], never.listings()], [[], []]);
  });

  test('has bars that quality has nothing against: in cents, the range around them, vwap inside', () => {
    for (const day of days) {
      for (const row of rowsOf(day)) {
        const { open, high, low, close, volume, vwap, trades } = row;
        const isSound =
          low > 0 &&
          low <= Math.min(open, close) &&
          high >= Math.max(open, close) &&
          vwap >= low &&
          vwap <= high &&
          [open, high, low, close].every((price) => Math.round(price * 100) / 100 === price) &&
          Number.isInteger(volume) &&
          volume > 0 &&
          Number.isInteger(trades) &&
          trades >= 1 &&
          trades <= volume &&
          isSymbol(row.symbol);
        if (!isSound) assert.fail(JSON.stringify(row));
      }
    }
  });

  test('has a bar for each symbol in each session it is listed, unless it is halted', () => {
    const listings = market.listings();
    let halts = 0;
    for (const { session, bars, halted } of days) {
      const listed = listings.filter(
        ({ firstSession, lastSession }) => firstSession <= session && (lastSession === null || session <= lastSession),
      );
      const found = [...bars.symbol, ...halted];
      assert.deepEqual(new Set(found), new Set(listed.map(({ symbol }) => symbol)), session);
      assert.equal(found.length, listed.length, session);
      halts += halted.length;
    }
    assert.ok(halts > 10, `${halts} halts`);
    assert.deepEqual(new Listings(listings).overlaps(), []);
  });

  test('shows everything that happens to securities, also when it is small and young', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const market = new SimulatedMarket({ ...tenYears, seed, securities: 12, to: isoDate('2017-06-30') });
      const listings = market.listings();
      const days = [...market.replay()];
      const splits = days.flatMap((day) => day.splits);
      const kinds = days.flatMap((day) => day.dividends.map(({ kind }) => kind));
      const named = (symbol: string) => listings.filter((row) => row.symbol === symbol);
      assert.ok(
        listings.some(({ symbol }) => /^Z[A-Z]+\.B$/.test(symbol)),
        'a share class',
      );
      assert.ok(
        listings.some(({ symbol }) => /^Z[A-Z]+pB$/.test(symbol)),
        'a lower-case letter',
      );
      assert.ok(
        listings.some(({ lastSession }) => lastSession !== null),
        'a delisting',
      );
      assert.ok(
        listings.some(({ firstSession }) => firstSession > '2014-01-02'),
        'a listing',
      );
      const reused = listings.find(({ securityId, symbol }) => securityId.startsWith(`${symbol}@`));
      assert.equal(named(reused?.symbol ?? '').length, 2, 'a symbol that another security had');
      assert.ok(
        listings.some(({ securityId }) => new Set(named(securityId).map((row) => row.securityId)).size === 1) &&
          listings.some(({ securityId, symbol }) => securityId !== symbol && !securityId.includes('@')),
        'a rename',
      );
      assert.ok(
        splits.some(({ splitFrom, splitTo }) => splitTo > splitFrom),
        'a split',
      );
      assert.ok(
        splits.some(({ splitFrom, splitTo }) => splitTo < splitFrom),
        'a reverse split',
      );
      assert.ok(
        days.some((day) => day.splits.some(({ symbol }) => day.halted.includes(symbol))),
        'a split while halted',
      );
      assert.ok(kinds.includes('CD') && kinds.includes('SC'), 'dividends of both kinds');
      assert.ok(listings.every(({ name }) => name.endsWith('(simulated)')));
    }
  });

  test('splits show in the raw prices and leave the adjusted series continuous', () => {
    const listings = new Listings(market.listings());
    for (const [id, own] of returns) {
      for (const [session, value] of own) assert.ok(Math.abs(value) < 0.6, `${id} ${session} ${value}`);
    }
    const before = new Map<string, number>();
    let seen = 0;
    for (const day of days) {
      const rows = new Map(rowsOf(day).map((row) => [row.symbol, row.close]));
      for (const { symbol, splitFrom, splitTo } of day.splits) {
        const [old, now] = [before.get(listings.resolve(symbol, day.session)), rows.get(symbol)];
        if (old === undefined || now === undefined) continue;
        const step = Math.log(now / old);
        const ratio = Math.log(splitFrom / splitTo);
        assert.ok(Math.abs(step - ratio) < Math.abs(ratio), `${symbol} ${day.session} ${old} → ${now}`);
        seen += 1;
      }
      for (const [symbol, close] of rows) before.set(listings.resolve(symbol, day.session), close);
    }
    assert.ok(seen >= 8, `${seen} splits`);
  });

  test('pays dividends that are a small part of the price', () => {
    const last = new Map<string, number>();
    let paid = 0;
    for (const day of days) {
      for (const { symbol, cashAmount } of day.dividends) {
        assert.ok(cashAmount > 0 && Math.round(cashAmount * 10_000) / 10_000 === cashAmount);
        const split = day.splits.find((one) => one.symbol === symbol);
        const price = (last.get(symbol) ?? cashAmount * 20) * (split ? split.splitFrom / split.splitTo : 1);
        assert.ok(cashAmount < price * 0.15, `${symbol} ${day.session} ${cashAmount} of ${price}`);
        paid += 1;
      }
      for (const { symbol, close } of rowsOf(day)) last.set(symbol, close);
    }
    assert.ok(paid > 500, `${paid} dividends`);
  });

  test('moves like a market: heavy tails, volatility in clusters, no memory in the direction', () => {
    const kurtoses: number[] = [];
    const clusters: number[] = [];
    const memories: number[] = [];
    const volatilities: number[] = [];
    for (const own of returns.values()) {
      const values = [...own.values()];
      if (values.length < 1000) continue;
      const centre = mean(values);
      const variance = mean(values.map((x) => (x - centre) ** 2));
      kurtoses.push(mean(values.map((x) => (x - centre) ** 4)) / variance ** 2);
      volatilities.push(Math.sqrt(variance));
      const sizes = values.map((x) => Math.abs(x - centre));
      const lagged = [1, 2, 3, 5, 8].map((lag) => correlation(sizes.slice(lag), sizes.slice(0, -lag)));
      clusters.push(mean(lagged));
      memories.push(correlation(values.slice(1), values.slice(0, -1)));
    }
    assert.ok(kurtoses.length >= 40);
    assert.ok(median(kurtoses) > 4.5 && median(kurtoses) < 30, `kurtosis ${median(kurtoses)}`);
    assert.ok(median(clusters) > 0.06 && median(clusters) < 0.5, `clusters ${median(clusters)}`);
    assert.ok(Math.abs(median(memories)) < 0.03, `memory ${median(memories)}`);
    assert.ok(median(volatilities) > 0.008 && median(volatilities) < 0.035, `volatility ${median(volatilities)}`);
  });

  test('moves together, and sectors more so', () => {
    const sectorOf = new Map(
      drawSecurities(1, 60, (offset) => calendar.sessionAt(calendar.indexOnOrAfter(tenYears.from) + offset)).map(
        ({ id, sector, type }) => [id, type === 'CS' ? sector : undefined],
      ),
    );
    const common: number[] = [];
    const sectoral: number[] = [];
    const all = [...returns]
      .filter(([id]) => sectorOf.get(id) !== undefined)
      .map(([id, own]) => [id, days.map(({ session }) => own.get(session))] as const);
    for (const [index, [idA, a]] of all.entries()) {
      for (const [idB, b] of all.slice(index + 1)) {
        const [ofA, ofB]: [number[], number[]] = [[], []];
        for (const [day, value] of a.entries()) {
          const other = b[day];
          if (value === undefined || other === undefined) continue;
          ofA.push(value);
          ofB.push(other);
        }
        if (ofA.length < 1000) continue;
        const found = correlation(ofA, ofB);
        (sectorOf.get(idA) === sectorOf.get(idB) ? sectoral : common).push(found);
      }
    }
    assert.ok(mean(common) > 0.1 && mean(common) < 0.6, `correlation ${mean(common)}`);
    assert.ok(mean(sectoral) > mean(common) + 0.02, `within sectors ${mean(sectoral)}, across ${mean(common)}`);
  });
});
