import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { isoDate } from '#base/dates.ts';
import type { BarValues } from './bar.ts';
import { createCalendar } from './calendar/calendar.ts';
import { type Alignment, INTRADAY_INTERVALS, INTRADAY_MS, type IntradayInterval } from './intraday-interval.ts';
import { auctionAtMs, timeWindow } from './time-windows.ts';
import { compareTrades, type Trade, type VendorBar } from './trade.ts';
import { AUCTION, EXTENDED, HIGH_LOW, IF_FIRST, OPEN_CLOSE, updatesOf, VOLUME } from './trade-conditions.ts';
import { TradeDates } from './trade-date.ts';
import { type MinuteRows, SessionFold, type TimeWindowBar } from './trade-fold.ts';

// Bars worked out by hand are in `test/fixtures/trade-cases/`. Here are the laws that hold for all trades.

const parts = new TradeDates(createCalendar({ lastYear: 2028 }), null).of(isoDate('2026-11-24'));
const ALIGNMENTS: readonly Alignment[] = ['session', 'clock'];
const MINUTE_MS = INTRADAY_MS['1m'];

/** Instants near which most is decided. */
const nearMs = [parts.preMs, parts.openMs, parts.openMs + 45 * MINUTE_MS, parts.closeMs, parts.closeMs + 4 * MINUTE_MS];
const CONDITIONS = [
  [],
  [],
  [14],
  [12],
  [12, 37],
  [37],
  [10],
  [33, 41],
  [8],
  [25],
  [28],
  [30],
  [38],
  [15],
  [12, 10],
  [99],
];

const anyTrade = fc.record({
  kind: fc.constant('trade' as const),
  symbol: fc.constant('TEST'),
  atMs: fc
    .tuple(fc.constantFrom(...nearMs), fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer({ min: -150_000, max: 150_000 })))
    .map(([ms, offset]) => Math.max(ms + offset, parts.startMs)),
  nanosecond: fc.constant(0),
  sequence: fc.integer({ min: 1, max: 3 }),
  exchange: fc.constant(11),
  trf: fc.constant(null),
  id: fc.uuid(),
  price: fc.integer({ min: 1, max: 50 }).map((cents) => 10 + cents / 100),
  size: fc.oneof(
    fc.integer({ min: 0, max: 1000 }).map((shares) => shares * 1e6),
    fc.integer({ min: 1, max: 9e9 }),
  ),
  conditions: fc.constantFrom(...CONDITIONS),
  tape: fc.constantFrom(1 as const, 3 as const),
  executedMs: fc.constant(null),
  trfMs: fc.constant(null),
});
const anyTrades = fc.uniqueArray(anyTrade, { maxLength: 30, selector: ({ id }) => id });

function folded(trades: readonly Trade[]): SessionFold {
  const fold = new SessionFold(parts);
  for (const trade of trades) fold.add(trade);
  return fold;
}

type AllBars = Record<string, readonly TimeWindowBar[] | BarValues | undefined>;

function allBars(fold: SessionFold, intervals: readonly IntradayInterval[] = INTRADAY_INTERVALS): AllBars {
  const bars: AllBars = { '1d': fold.dayBar() };
  for (const interval of intervals)
    for (const alignment of ALIGNMENTS) bars[`${interval} ${alignment}`] = fold.bars(interval, alignment);
  return bars;
}

const FROM_MINUTES = INTRADAY_INTERVALS.filter((interval) => interval !== '1s');

/**
 * The oracle: every bar from the trades themselves, in order, with bigints.
 */
function barFromTrades(trades: readonly Trade[], day: readonly Trade[], isOfDay: boolean) {
  const updates = (trade: Trade): number => {
    const found = updatesOf(trade, parts);
    return isOfDay && (found & EXTENDED) !== 0 ? found & VOLUME : found;
  };
  const firstOfDay = day.toSorted(compareTrades).find((trade) => {
    const found = updatesOf(trade, parts);
    return (found & IF_FIRST) !== 0 && (found & EXTENDED) === 0;
  });
  const ordered = trades.toSorted(compareTrades);
  const pricing = ordered.filter((trade) => (updates(trade) & OPEN_CLOSE) !== 0 || trade.id === firstOfDay?.id);
  const ranging = ordered.filter((trade) => (updates(trade) & HIGH_LOW) !== 0).map(({ price }) => price);
  const counted = ordered.filter((trade) => (updates(trade) & VOLUME) !== 0);
  const [first, last] = [pricing[0], pricing.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const volume = counted.reduce((sum, { size }) => sum + BigInt(size), 0n);
  const money = counted.reduce((sum, { size, price }) => sum + BigInt(size) * BigInt(Math.round(price * 1e6)), 0n);
  return {
    open: first.price,
    high: Math.max(...ranging),
    low: Math.min(...ranging),
    close: last.price,
    volume: Number(volume) / 1e6,
    vwap: volume === 0n ? null : Number(money) / Number(volume) / 1e6,
    trades: counted.length,
    auction: ordered.some((trade) => (updates(trade) & AUCTION) !== 0),
  };
}

function barsFromTrades(trades: readonly Trade[], interval: IntradayInterval, alignment: Alignment) {
  const windowOf = (trade: Trade) => {
    const isAuction = (updatesOf(trade, parts) & AUCTION) !== 0;
    const atMs = isAuction ? auctionAtMs(parts, interval, alignment, trade.atMs) : trade.atMs;
    return timeWindow(parts, interval, alignment, atMs);
  };
  const groups = Map.groupBy(trades, (trade) => windowOf(trade).startMs);
  return [...groups]
    .sort(([a], [b]) => a - b)
    .flatMap(([startMs, inside]) => {
      const values = barFromTrades(inside, trades, false);
      const { endMs, part } = timeWindow(parts, interval, alignment, startMs);
      return values === undefined ? [] : [{ startMs, endMs, part, ...values }];
    });
}

test('bars made from minutes are the bars made from trades, at every interval and alignment', () => {
  const property = fc.property(anyTrades, (trades) => {
    const fold = folded(trades);
    for (const interval of INTRADAY_INTERVALS)
      for (const alignment of ALIGNMENTS)
        assert.deepEqual(fold.bars(interval, alignment), barsFromTrades(trades, interval, alignment), interval);
    assert.deepEqual(fold.dayBar(), barFromTrades(trades, trades, true));
  });
  fc.assert(property, { numRuns: 500 });
});

test('the bars of a set of trades do not depend on their order', () => {
  const property = fc.property(
    anyTrades.chain((trades) =>
      fc.tuple(fc.constant(trades), fc.shuffledSubarray(trades, { minLength: trades.length })),
    ),
    ([trades, shuffled]) => assert.deepEqual(allBars(folded(shuffled)), allBars(folded(trades))),
  );
  fc.assert(property, { numRuns: 300 });
});

test('minutes that were saved and restored between any two trades give the same bars', () => {
  const property = fc.property(anyTrades, fc.nat(), (trades, at) => {
    const cut = trades.length === 0 ? 0 : at % trades.length;
    const restored = new SessionFold(parts);
    const saved = JSON.stringify(folded(trades.slice(0, cut)).minutes());
    for (const [startMs, rows] of JSON.parse(saved) as [number, MinuteRows][]) restored.putMinute(startMs, rows);
    for (const trade of trades.slice(cut)) restored.add(trade);
    assert.deepEqual(allBars(restored, FROM_MINUTES), allBars(folded(trades), FROM_MINUTES));
  });
  fc.assert(property, { numRuns: 300 });
});

test('after trades are taken out of their minutes, all bars are those of the trades that stand', () => {
  const property = fc.property(anyTrades, fc.infiniteStream(fc.boolean()), (trades, choices) => {
    const fold = folded(trades);
    const standing = trades.filter(() => choices.next().value === true);
    const touched = new Set(trades.filter((trade) => !standing.includes(trade)).map(minuteOf));
    for (const startMs of touched)
      fold.refoldMinute(
        startMs,
        standing.filter((trade) => minuteOf(trade) === startMs),
      );
    assert.deepEqual(allBars(fold), allBars(folded(standing)));
  });
  fc.assert(property, { numRuns: 300 });
});

function minuteOf({ atMs }: Trade): number {
  return Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}

test('the bar of one window is that of the list', () => {
  const property = fc.property(anyTrades, (trades) => {
    const fold = folded(trades);
    for (const interval of INTRADAY_INTERVALS) {
      for (const bar of fold.bars(interval, 'session'))
        assert.deepEqual(fold.barAt(interval, 'session', bar.endMs - 1), bar);
    }
    assert.equal(fold.barAt('1m', 'session', parts.closeMs + 60 * MINUTE_MS), undefined);
  });
  fc.assert(property, { numRuns: 100 });
});

test('a minute of the vendor takes the place of one that was built, and of the one sent before', () => {
  const fold = new SessionFold(parts);
  const startMs = parts.openMs;
  const vendorBar: VendorBar = {
    ...{ kind: 'vendor-bar', symbol: 'TEST', interval: '1m', startMs, trades: null, dayVolume: null, dayVwap: null },
    ...{ open: 10, high: 12, low: 9, close: 11, volume: 300e6, vwap: 10.5, officialOpen: null },
  };
  fold.putVendorMinute({ ...vendorBar, high: 13 });
  fold.putVendorMinute(vendorBar);
  const values = { open: 10, high: 12, low: 9, close: 11, volume: 300, vwap: 10.5, trades: null, auction: false };
  assert.deepEqual(fold.dayBar(), values);
  assert.deepEqual(fold.barAt('1m', 'session', startMs), {
    startMs,
    endMs: startMs + MINUTE_MS,
    part: 'rth',
    ...values,
  });
  fold.putVendorMinute({ ...vendorBar, startMs: parts.closeMs, close: 15, vwap: null });
  assert.deepEqual(fold.dayBar(), { ...values, volume: 600, vwap: null }, 'no prices of the post-market');
});

test('a trade of another trade date is a mistake of the caller', () => {
  const [trade] = fc.sample(anyTrade, 1);
  assert.ok(trade !== undefined);
  for (const atMs of [parts.startMs - 1, parts.endMs])
    assert.throws(() => folded([{ ...trade, atMs }]), /assertion failed: .* in 2026-11-24/);
  const fold = folded([trade]);
  assert.throws(() => fold.refoldMinute(minuteOf(trade) + MINUTE_MS, [trade]), /assertion failed: .* in its minute/);
});
