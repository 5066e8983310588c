import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { type InstantMs, isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { type Alignment, INTRADAY_INTERVALS } from '#market/intraday-interval.ts';
import { standingTrades } from '#market/standing-trades.ts';
import type { Trade, TradeEvent, VendorBar } from '#market/trade.ts';
import { TradeDates } from '#market/trade-date.ts';
import { SessionFold } from '#market/trade-fold.ts';
import { effort } from '#test/fixtures/effort.ts';
import { type SealedMinute, SymbolBook } from './symbol-book.ts';

const PARTS = new TradeDates(createCalendar({ lastYear: 2027 }), null).of(isoDate('2026-11-24'));
const ALIGNMENTS: readonly Alignment[] = ['session', 'clock'];
const MINUTE = 60_000;
const at = (time: string): InstantMs => Date.parse(`2026-11-24T${time}-05:00`);

let sequence = 0;
function trade(atMs: InstantMs, price: number, shares: number, more: Partial<Trade> = {}): Trade {
  sequence += 1;
  return {
    kind: 'trade',
    symbol: 'AAA',
    atMs,
    sequence,
    nanosecond: 0,
    exchange: 4,
    trf: null,
    id: String(sequence),
    price,
    size: shares * 1e6,
    conditions: [],
    tape: 3,
    executedMs: null,
    trfMs: null,
    ...more,
  };
}

function newBook(
  isHeard: (fromMs: InstantMs, toMs: InstantMs) => boolean = () => true,
  sealedMs = PARTS.startMs,
): SymbolBook {
  return new SymbolBook({ symbol: 'AAA', parts: PARTS, sealedMs, isHeard: (_, fromMs, toMs) => isHeard(fromMs, toMs) });
}

/** The bars of a book in the form of the fold's. */
function barsOf(book: SymbolBook, windows: SessionFold): unknown[] {
  return INTRADAY_INTERVALS.flatMap((interval) =>
    ALIGNMENTS.flatMap((alignment) =>
      windows.bars(interval, alignment).map((wanted) => {
        const { origin, rev, ...bar } = book.bar(interval, alignment, wanted.startMs) ?? {};
        return { interval, alignment, bar };
      }),
    ),
  );
}

function foldOf(events: readonly TradeEvent[]): SessionFold {
  const fold = new SessionFold(PARTS);
  for (const standing of standingTrades(events).trades) fold.add(standing);
  return fold;
}

const barsOfFold = (fold: SessionFold): unknown[] =>
  INTRADAY_INTERVALS.flatMap((interval) =>
    ALIGNMENTS.flatMap((alignment) => fold.bars(interval, alignment).map((bar) => ({ interval, alignment, bar }))),
  );

/** Trades around the open, the close and noon, with every kind of condition, some canceled, some corrected. */
const events = fc
  .array(
    fc.record({
      from: fc.constantFrom(at('09:29:00'), at('11:58:00'), at('15:58:00')),
      offset: fc.nat(6 * MINUTE),
      cents: fc.integer({ min: 9900, max: 10_100 }),
      shares: fc.integer({ min: 0, max: 500 }),
      conditions: fc.constantFrom([], [], [14], [37], [12], [10], [33], [17], [8], [15], [2], [38], [99]),
      fate: fc.constantFrom(
        'stands',
        'stands',
        'stands',
        'canceled',
        'corrected',
        'corrected twice',
        'twice',
        'changed',
      ),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((drawn) =>
    drawn.flatMap(({ from, offset, cents, shares, conditions, fate }): TradeEvent[] => {
      const made = trade(from + offset, cents / 100, shares, { conditions });
      const order = { symbol: 'AAA', tradeDate: PARTS.session, atMs: made.atMs + 1, sequence: made.sequence } as const;
      if (fate === 'canceled') return [made, { kind: 'cancel', ...order, canceled: made }];
      if (fate === 'twice') return [made, made];
      if (fate === 'changed') return [made, { ...made, price: made.price + 1 }];
      if (fate === 'stands') return [made];
      const corrected = { ...made, id: `${made.id}c`, price: made.price + 0.5 };
      const once: TradeEvent = { kind: 'correction', ...order, replaced: made, trade: corrected };
      if (fate === 'corrected') return [made, once];
      const again = { ...corrected, id: `${made.id}d`, size: made.size + 1e6 };
      return [made, once, { kind: 'correction', ...order, replaced: corrected, trade: again }];
    }),
  );

const shuffled = events.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
);

describe('the book of a symbol', () => {
  test('has the bars of the pure fold, in whatever order events arrive', () => {
    fc.assert(
      fc.property(shuffled, ([list, order]) => {
        const book = newBook();
        for (const [index, event] of order.entries()) book.add(event, index + 1);
        const fold = foldOf(list);
        assert.deepEqual(barsOf(book, fold), barsOfFold(fold));
        const { origin, rev, ...day } = book.dayBar() ?? {};
        assert.deepEqual(
          { ...day, startMs: undefined, endMs: undefined, part: undefined },
          {
            ...fold.dayBar(),
            startMs: undefined,
            endMs: undefined,
            part: undefined,
          },
        );
      }),
      { numRuns: effort({ usual: 150, long: 3000 }) },
    );
  });

  test('has the same bars, with the same revisions, after minutes were sealed, and after a restart from them', () => {
    fc.assert(
      fc.property(events, fc.nat(8), (list, later) => {
        const [whole, sealing] = [newBook(), newBook()];
        for (const [index, event] of list.entries()) {
          whole.add(event, index + 1);
          sealing.add(event, index + 1);
        }
        const untilMs = at('12:00:00') + later * MINUTE;
        const sealed: SealedMinute[] = sealing.seal(untilMs);
        const restarted = newBook(undefined, untilMs);
        for (const { events: _, ...minute } of sealed) restarted.restore(JSON.parse(JSON.stringify(minute)));
        for (const [index, event] of list.entries()) {
          if (restarted.add(event, index + 1) === 'sealed') assert.ok(event.atMs < untilMs);
        }
        const windows = foldOf(list).bars('5m', 'session');
        const shown = (book: SymbolBook): unknown[] => windows.map(({ startMs }) => book.bar('5m', 'session', startMs));
        assert.deepEqual(shown(sealing), shown(whole));
        assert.deepEqual(sealing.dayBar(), whole.dayBar());
        assert.deepEqual(shown(restarted), shown(whole));
        assert.deepEqual(restarted.dayBar(), whole.dayBar());
      }),
      { numRuns: effort({ usual: 150, long: 3000 }) },
    );
  });

  test('a minute with a gap has no bar until the vendor sends one, which replaces what was heard', () => {
    const book = newBook((fromMs) => fromMs !== at('10:00:00'));
    book.add(trade(at('10:00:30'), 100, 10), 1);
    book.add(trade(at('10:01:30'), 101, 10), 2);
    assert.equal(book.bar('1m', 'session', at('10:00:00')), undefined);
    assert.equal(book.bar('5m', 'session', at('10:00:00'))?.open, 101);
    const vendor: VendorBar = {
      kind: 'vendor-bar',
      symbol: 'AAA',
      interval: '1m',
      startMs: at('10:00:00'),
      open: 99,
      high: 102,
      low: 98,
      close: 100,
      volume: 500e6,
      vwap: 100.5,
      trades: 7,
      dayVolume: null,
      dayVwap: null,
      officialOpen: null,
    };
    book.vendorMinute(vendor, 3);
    const minute = book.bar('1m', 'session', at('10:00:00'));
    assert.deepEqual([minute?.open, minute?.volume, minute?.origin, minute?.rev], [99, 500, 'vendor', 3]);
    const window = book.bar('5m', 'session', at('10:00:00'));
    assert.deepEqual([window?.open, window?.close, window?.volume, window?.origin], [99, 101, 510, 'vendor']);
    book.seal(at('10:05:00'));
    assert.deepEqual(book.bar('5m', 'session', at('10:00:00')), window);
  });

  test('the vendor sends its bar again: the later one counts', () => {
    const book = newBook(() => false);
    const bar = { kind: 'vendor-bar', symbol: 'AAA', interval: '1m', startMs: at('10:00:00') } as VendorBar;
    const values = { open: 1, high: 1, low: 1, close: 1, volume: 1e6, vwap: 1, trades: 1 };
    book.vendorMinute({ ...bar, ...values }, 1);
    book.vendorMinute({ ...bar, ...values, high: 2, volume: 3e6 }, 2);
    const minute = book.bar('1m', 'session', at('10:00:00'));
    assert.deepEqual([minute?.high, minute?.volume, minute?.rev], [2, 3, 2]);
  });

  test('an event of a sealed minute changes nothing', () => {
    const book = newBook();
    book.add(trade(at('10:00:30'), 100, 10), 1);
    book.seal(at('10:01:00'));
    assert.equal(book.add(trade(at('10:00:31'), 500, 10), 2), 'sealed');
    assert.equal(book.bar('5m', 'session', at('10:00:00'))?.high, 100);
  });

  test('a cancel before its trade waits for it; a bounded number of them', () => {
    const book = newBook();
    const canceled = trade(at('10:00:30'), 100, 10);
    const cancel = {
      kind: 'cancel',
      symbol: 'AAA',
      tradeDate: PARTS.session,
      atMs: canceled.atMs,
      sequence: 1,
    } as const;
    assert.equal(book.add({ ...cancel, canceled }, 1), 'waiting');
    assert.equal(book.add(canceled, 2), 'added');
    assert.equal(book.bar('1m', 'session', canceled.atMs), undefined);
    for (let id = 0; id < 1000; id += 1) {
      assert.equal(book.add({ ...cancel, canceled: { ...canceled, id: `x${id}` } }, 3), 'waiting');
    }
    assert.equal(book.add({ ...cancel, canceled: { ...canceled, id: 'y' } }, 4), 'dropped');
  });

  test('a trade that takes the first price of the day from a later minute changes that minute, too', () => {
    const book = newBook();
    book.add(trade(at('10:00:30'), 100, 10, { conditions: [10] }), 1);
    assert.equal(book.bar('1m', 'session', at('10:00:30'))?.open, 100);
    assert.deepEqual(
      book.takeUntold(() => false),
      [],
    );
    assert.deepEqual(
      book.takeUntold(() => true),
      [at('10:00:00')],
    );
    assert.deepEqual(
      book.takeUntold(() => true),
      [],
    );
    book.add(trade(at('09:45:00'), 99, 10), 2);
    assert.deepEqual(
      book.takeUntold(() => true),
      [at('09:45:00'), at('10:00:00')],
    );
    assert.equal(book.bar('1m', 'session', at('10:00:30')), undefined);
  });
});
