import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { BAR_FIELDS, type BarValues } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { type Trade, tradeKey } from '#market/trade.ts';
import { TradeDates } from '#market/trade-date.ts';
import { SessionFold } from '#market/trade-fold.ts';
import { effort } from '#test/fixtures/effort.ts';
import { RandomSource } from './random-source.ts';
import { SimulatedTape, TapeSession } from './tape.ts';
import { tradingMinutes } from './trading-minutes.ts';

const calendar = createCalendar({ lastYear: 2028 });
const market = { seed: 1, securities: 16, from: isoDate('2023-06-01') };
const tape = new SimulatedTape({ calendar, market });
const SESSION = isoDate('2024-03-28');
const HALF_DAY = isoDate('2023-11-24');

function sessionOf(session: IsoDate, of = tape): TapeSession {
  const found = of.session(session);
  assert.ok(found !== undefined, session);
  return found;
}

function tradesOf(session: TapeSession, index: number): Trade[] {
  return Array.from({ length: session.minutes.count }, (_, minute) => session.trades(index, minute)).flat();
}

/** The day's bar by a few lines of its own: which conditions keep a trade from volume, and from prices. */
function modelBar(trades: readonly Trade[]): BarValues {
  const counting = trades.filter(({ conditions }) => !conditions.some((id) => id === 15 || id === 16));
  const pricing = counting.filter(({ conditions }) => !conditions.some((id) => [2, 12, 37].includes(id)));
  const prices = pricing.map(({ price }) => price);
  const sizes = counting.reduce((sum, { size }) => sum + BigInt(size), 0n);
  const money = counting.reduce((sum, { size, price }) => sum + BigInt(size) * BigInt(Math.round(price * 10_000)), 0n);
  return {
    open: prices[0] ?? Number.NaN,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: prices.at(-1) ?? Number.NaN,
    volume: Number(sizes) / 1e6,
    vwap: Number((2n * money + sizes) / (2n * sizes)) / 10_000,
    trades: counting.length,
  };
}

/** The day's bar by the rules of the live layer. */
function foldedBar(session: IsoDate, trades: readonly Trade[]): BarValues {
  const fold = new SessionFold(new TradeDates(calendar, null).of(session));
  for (const trade of trades) fold.add(trade);
  const bar = fold.dayBar();
  assert.ok(bar !== undefined);
  const { vwap, ...values } = bar;
  return { ...values, vwap: vwap === null ? null : Math.round(vwap * 10_000) / 10_000 };
}

function assertFolds(session: TapeSession, index: number): void {
  const day = session.securities[index];
  const trades = tradesOf(session, index);
  for (const bar of [modelBar(trades), foldedBar(session.minutes.session, trades)]) {
    for (const field of BAR_FIELDS) assert.equal(bar[field], day?.bar[field], `${field} of ${JSON.stringify(day)}`);
  }
}

/** A security whose day has these values. */
function dayOf(bar: BarValues, exchange = 'XNYS', session = SESSION): TapeSession {
  return new TapeSession(
    7,
    tradingMinutes(calendar, session),
    [{ securityId: 'ZX', symbol: 'ZX', exchange, bar }],
    false,
  );
}

describe('the tape of the simulated market', () => {
  test('has the same bytes on every machine and in every release', () => {
    const session = sessionOf(SESSION);
    const hash = createHash('sha256');
    for (let index = 0; index < 8; index += 1) {
      hash.update(JSON.stringify(tradesOf(session, index)));
      for (let minute = 0; minute < session.minutes.count; minute += 50) {
        hash.update(JSON.stringify(session.quotes(index, minute)));
      }
    }
    assert.equal(hash.digest('hex'), 'd85e617238770d4dddbd189f5c802116079d1679a52a4e86aed693d99bae757f');
  });

  test('draws any minute without the others, and again, and tells the same', () => {
    const whole = sessionOf(SESSION);
    const later = sessionOf(SESSION, new SimulatedTape({ calendar, market }));
    for (const minute of [600, 330, 719, 720, 0, 331]) {
      assert.deepEqual(later.trades(3, minute), whole.trades(3, minute));
      assert.deepEqual(whole.trades(3, minute), whole.trades(3, minute));
    }
    const more = sessionOf(SESSION, new SimulatedTape({ calendar, market: { ...market, securities: 30 } }));
    const { symbol } = whole.securities[3] ?? { symbol: '' };
    assert.deepEqual(more.trades(more.indexOf(symbol) ?? -1, 400), whole.trades(3, 400));
  });

  test('folds to the daily bars of the market, on whole days and on half-days', () => {
    for (const session of [SESSION, HALF_DAY]) {
      const of = sessionOf(session);
      for (let index = 0; index < of.securities.length; index += 1) assertFolds(of, index);
    }
  });

  test('folds to any bar that trades can make: made-up ones, from a few trades to thousands', () => {
    const random = new RandomSource(11, 'made-up bars');
    for (let example = 0; example < effort({ usual: 200, long: 5000 }); example += 1) {
      const scale = [2, 30, 500, 3000, 80_000][example % 5] ?? 1;
      const cents = Array.from({ length: 4 }, () =>
        Math.max(1, Math.round(scale * 100 * (1 + 0.04 * random.uniform()))),
      );
      const [low = 1, open = 1, close = 1, high = 1] = [...cents].sort((a, b) => a - b);
      const trades = 5 + Math.floor(random.uniform() ** 4 * 4000);
      const volume = trades * random.whole(40, 160);
      const middle = (open + close) / 2;
      const vwap = Math.round((middle + (random.uniform() - 0.5) * 0.5 * (close - open)) * 100) / 10_000;
      const bar = { open: open / 100, high: high / 100, low: low / 100, close: close / 100, volume, vwap, trades };
      assertFolds(dayOf(bar, ['XNYS', 'ARCX', 'XNAS'][example % 3], example % 2 === 0 ? SESSION : HALF_DAY), 0);
    }
  });

  test('folds to bars at the edge: a single trade, one price all day, the least volume', () => {
    const flat = (price: number, volume: number, trades: number): BarValues => {
      return { open: price, high: price, low: price, close: price, volume, vwap: price, trades };
    };
    for (const bar of [flat(12.34, 100, 1), flat(12.34, 100, 2), flat(0.05, 100, 1), flat(700_000, 3, 3)]) {
      assertFolds(dayOf(bar), 0);
    }
    for (const trades of [1, 2, 3, 5, 20, 1000]) assertFolds(dayOf(flat(9.99, 100 * trades, trades)), 0);
    assertFolds(dayOf({ open: 10, high: 10.02, low: 9.99, close: 10.01, volume: 100, vwap: 10.0042, trades: 5 }), 0);
  });

  test('meets all but the VWAP of a day on which every trade sets another price', () => {
    const bar = { open: 407.94, high: 411.28, low: 404.31, close: 407.38, volume: 598, vwap: 407.7499, trades: 4 };
    const folded = modelBar(tradesOf(dayOf(bar), 0));
    assert.ok(Math.abs((folded.vwap ?? 0) - bar.vwap) < 0.001, `${folded.vwap}`);
    assert.deepEqual({ ...folded, vwap: bar.vwap }, bar);
  });

  test('has what real tapes have: auctions, official prices, odd lots, sweeps, averages, off-exchange prints, fractions', () => {
    const session = sessionOf(SESSION);
    const trades = session.securities.flatMap((_, index) => tradesOf(session, index));
    const { startMs, open, close } = session.minutes;
    const [openMs, closeMs] = [startMs + open * 60_000, startMs + close * 60_000];
    const having = (id: number): Trade[] => trades.filter(({ conditions }) => conditions.includes(id));
    for (const id of [2, 8, 12, 14, 15, 16, 17, 19, 25, 37, 41]) assert.ok(having(id).length > 0, `condition ${id}`);
    for (const { conditions, atMs, tape, exchange } of trades) {
      const isAuction = conditions.some((id) => [8, 15, 19].includes(id));
      const isRegular = atMs >= openMs && atMs < closeMs;
      assert.equal(isRegular, !conditions.includes(12) && !isAuction);
      if (conditions.includes(8) || conditions.includes(25))
        assert.ok(tape !== 3 && exchange === (tape === 1 ? 10 : 11));
      if (conditions.includes(17) || conditions.includes(19)) assert.ok(tape === 3 && exchange === 12);
    }
    assert.ok(having(15).length > having(16).length, 'the official close is sent again');
    assert.ok(
      trades.some(({ size }) => size % 1_000_000 !== 0),
      'fractions of a share',
    );
    assert.ok(
      trades.some(({ price }) => Math.round(price * 1000) % 10 === 5),
      'prices between bid and ask',
    );
    for (const { exchange, trf, trfMs, atMs, executedMs } of trades) {
      assert.equal(exchange === 4, trf !== null);
      assert.equal(trf === null, trfMs === null);
      assert.ok(executedMs !== null && executedMs <= atMs && (trfMs ?? atMs) <= atMs);
    }
  });

  test('has trades outside the range of the day that set no price: odd lots and extended hours', () => {
    const session = sessionOf(SESSION);
    const outside = session.securities.flatMap(({ bar }, index) =>
      tradesOf(session, index).filter(({ price }) => price > bar.high || price < bar.low),
    );
    assert.ok(outside.some(({ conditions }) => conditions.includes(12)));
    assert.ok(outside.some(({ conditions }) => conditions.includes(37) && !conditions.includes(12)));
  });

  test('orders the trades of a symbol by event time and by sequence, and gives each an identity of its own', () => {
    const session = sessionOf(SESSION);
    let sharedIds = 0;
    for (let index = 0; index < session.securities.length; index += 1) {
      const trades = tradesOf(session, index);
      for (const [at, trade] of trades.entries()) {
        const next = trades[at + 1];
        if (next !== undefined) assert.ok(trade.atMs <= next.atMs && trade.sequence < next.sequence);
        if (trade.id === next?.id) sharedIds += 1;
      }
      assert.equal(new Set(trades.map(tradeKey)).size, trades.length);
    }
    assert.ok(sharedIds > 0, 'ids that only their venue tells apart');
  });

  test('trades most at the open and at the close', () => {
    const session = sessionOf(SESSION);
    const { open, close } = session.minutes;
    const count = (from: number, to: number): number =>
      session.securities.reduce((sum, _, index) => {
        const { before } = session.plan(index);
        return sum + (before[to] ?? 0) - (before[from] ?? 0);
      }, 0);
    const [first, middle, last] = [count(open, open + 30), count(open + 180, open + 210), count(close - 30, close)];
    assert.ok(first > 1.5 * middle && last > 1.5 * middle, `${first}, ${middle}, ${last}`);
    const extended = count(0, open) + count(close + 30, session.minutes.count);
    assert.ok(extended > 0 && extended < 0.08 * count(0, session.minutes.count));
  });

  test('has quotes whose ask is above their bid, near the trades', () => {
    const session = sessionOf(SESSION);
    for (let minute = 331; minute < 720; minute += 30) {
      const quotes = session.quotes(0, minute);
      assert.ok(quotes.length > 0);
      const [first] = session.trades(0, minute);
      for (const { bidPrice, askPrice } of quotes) {
        assert.ok(bidPrice < askPrice);
        if (first !== undefined) assert.ok(Math.abs(bidPrice / first.price - 1) < 0.02);
      }
    }
  });

  test('has nothing of a halted security, of a day without a session, or before the market began', () => {
    const closed = new SimulatedTape({ calendar, market, faults: [{ name: 'surprise-closure', session: SESSION }] });
    assert.equal(closed.session(SESSION), undefined);
    assert.equal(tape.session(isoDate('2024-03-29')), undefined);
    assert.equal(tape.session(isoDate('2023-05-31')), undefined);
    const halted = calendar
      .range(isoDate('2023-06-01'), isoDate('2024-12-31'))
      .find((session) => sessionOf(session).securities.length < sessionOf(calendar.next(session)).securities.length);
    assert.ok(halted !== undefined);
  });

  test('an intraday halt is silence and a reopening print, and the day still folds to its bar', () => {
    const session = sessionOf(SESSION, new SimulatedTape({ calendar, market, halts: true }));
    const halted = session.securities.flatMap((_, index) => (session.plan(index).halt === undefined ? [] : [index]));
    assert.ok(halted.length > 0 && halted.length < session.securities.length / 2);
    for (const index of halted) {
      const { halt } = session.plan(index);
      const from = session.minutes.open + (halt?.from ?? 0);
      const to = session.minutes.open + (halt?.to ?? 0);
      for (let minute = from; minute < to; minute += 1) {
        assert.deepEqual([session.trades(index, minute), session.quotes(index, minute)], [[], []]);
      }
      assert.ok(session.trades(index, to)[0]?.conditions.some((id) => id === 28 || id === 18));
      assertFolds(session, index);
    }
  });
});
