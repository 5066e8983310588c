import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { type IsoDate, isoDate, yearOf } from '#base/dates.ts';
import { BarSum, innerSplit } from '#market/bar-sum.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { AppliedSplit } from '#market/corporate-actions.ts';
import { describeWindow, type FoldedRow, type WindowBar } from '#market/window.ts';
import { effort } from '#test/fixtures/effort.ts';
import { naiveFold } from '#test/fixtures/naive-fold.ts';

import type { BarRows } from './bar-rows.ts';
import { MarketFold, type MarketRows, type Stretch } from './market-fold.ts';

const calendar = createCalendar({ lastYear: 2028 });
/** Three years, of which the middle one is shorter than a window of 252 sessions can be long. */
const sessions = calendar.range(isoDate('2021-11-15'), isoDate('2023-02-15'));
const SYMBOLS = ['A', 'B', 'C', 'D'];
const FIRST = calendar.sessionIndex(sessions[0] as IsoDate);

interface Day {
  readonly session: IsoDate;
  readonly rows: readonly (FoldedRow & { readonly securityId: string })[];
}

/** Securities change places among the symbols now and then, at times for a few sessions only. */
const markets = fc
  .record({
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
    swaps: fc.array(fc.integer({ min: 1, max: sessions.length - 1 }), { maxLength: 8 }),
    missing: fc.uniqueArray(fc.integer({ min: 0, max: sessions.length - 1 }), { maxLength: 40 }),
    splits: fc.uniqueArray(fc.integer({ min: 0, max: sessions.length - 1 }), { maxLength: 12 }),
  })
  .map(({ seed, swaps, missing, splits }) => {
    let state = seed;
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state / 0x80000000;
    };
    const securities = [...SYMBOLS];
    const days = sessions.map((session, day): Day => {
      if (swaps.includes(day)) securities.push(...securities.splice(Math.floor(random() * 3), 1));
      const trading = missing.includes(day) ? [] : SYMBOLS.filter(() => random() > 0.2);
      const rows = trading.map((symbol) => {
        const close = 1 + 100 * random();
        const volume = random() < 0.1 ? 0 : Math.floor(1e6 * random());
        const vwap = random() < 0.05 ? null : close;
        const trades = random() < 0.05 ? null : Math.floor(1e4 * random());
        const securityId = securities[SYMBOLS.indexOf(symbol)] as string;
        return {
          symbol,
          session,
          open: close + 1,
          high: close + 2,
          low: close - 1,
          close,
          volume,
          vwap,
          trades,
          securityId,
        };
      });
      return { session, rows };
    });
    const applied = splits
      .sort((a, b) => a - b)
      .map((day): AppliedSplit => {
        const securityId = SYMBOLS[Math.floor(random() * SYMBOLS.length)] as string;
        const exDate = sessions[day] as IsoDate;
        return {
          securityId,
          symbol: securityId,
          exDate,
          splitFrom: 1 + Math.floor(random() * 3),
          splitTo: 2,
          source: null,
        };
      });
    return { days, splits: applied };
  });

type Market = typeof markets extends fc.Arbitrary<infer T> ? T : never;

/** Folds the market as a run does: year by year from the latest back, in pieces of a few rows. */
function folded(
  { days, splits }: Market,
  interval: number,
  windows: readonly number[],
  pieceRows: number,
): WindowBar[] {
  const published = new Set(days.filter(({ rows }) => rows.length > 0).map(({ session }) => session));
  const pairs: { symbol: string; securityId: string }[] = [];
  const stretches = SYMBOLS.map((symbol) => {
    const found: Stretch[] = [];
    for (const { session, rows } of days) {
      const securityId = rows.find((row) => row.symbol === symbol)?.securityId;
      if (securityId === undefined) continue;
      let pair = pairs.findIndex((known) => known.symbol === symbol && known.securityId === securityId);
      if (pair === -1) pair = pairs.push({ symbol, securityId }) - 1;
      if (found.at(-1)?.pair === pair) found.pop();
      found.push({ pair, until: calendar.sessionIndex(session) });
    }
    return found;
  });
  const splitsOf = new Map(
    SYMBOLS.map((securityId, security) => [
      security,
      splits
        .filter((split) => split.securityId === securityId)
        .map((split) => innerSplit(calendar.sessionIndex(split.exDate), split.splitFrom, split.splitTo)),
    ]),
  );
  const described = windows.map((number) => describeWindow(calendar, interval, number, (one) => published.has(one)));
  const wanted = described.flatMap(({ number, lastPublished }) =>
    lastPublished === undefined ? [] : [{ number, lastPublished: calendar.sessionIndex(lastPublished) }],
  );
  const securityOf = Int32Array.from(pairs, ({ securityId }) => SYMBOLS.indexOf(securityId));
  const fold = new MarketFold({ securityOf, stretches, splitsOf }, new Map([[interval, wanted]]));
  const bars: WindowBar[] = [];
  for (const year of [2023, 2022, 2021]) {
    fold.begin(calendar.indexOnOrAfter(isoDate(`${year}-01-01`)));
    const rows = SYMBOLS.flatMap((symbol) =>
      days
        .filter(({ session }) => yearOf(session) === year)
        .flatMap((day) => day.rows.filter((row) => row.symbol === symbol)),
    );
    for (let from = 0; from < rows.length; from += pieceRows) fold.add(columnsOf(rows.slice(from, from + pieceRows)));
    for (const bar of barsOf(fold.end().get(interval), pairs)) {
      const window = described.find(({ number }) => number === bar.number);
      assert.ok(window !== undefined && yearOf(window.firstSession) === year);
      const { firstSession, lastSession, expected, complete } = window;
      bars.push({ ...bar.values, firstSession, lastSession, expected, complete });
    }
  }
  return bars;
}

function columnsOf(rows: readonly FoldedRow[]): MarketRows {
  const column = (values: readonly (number | null)[]): Float64Array =>
    Float64Array.from(values, (one) => one ?? Number.NaN);
  return {
    symbol: Int32Array.from(rows, ({ symbol }) => SYMBOLS.indexOf(symbol)),
    at: Int32Array.from(rows, ({ session }) => calendar.sessionIndex(session)),
    open: column(rows.map(({ open }) => open)),
    high: column(rows.map(({ high }) => high)),
    low: column(rows.map(({ low }) => low)),
    close: column(rows.map(({ close }) => close)),
    volume: column(rows.map(({ volume }) => volume)),
    vwap: column(rows.map(({ vwap }) => vwap)),
    trades: column(rows.map(({ trades }) => trades)),
  };
}

function barsOf(rows: BarRows | undefined, pairs: readonly { readonly symbol: string; readonly securityId: string }[]) {
  const sum = new BarSum();
  return Array.from({ length: rows?.count ?? 0 }, (_, row) => {
    rows?.load(row, sum);
    const { open, high, low, close, volume, vwap, trades, sessions: count } = sum;
    const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
    const pair = pairs[rows?.pairAt(row) ?? -1];
    const { symbol = '', securityId = '' } = pair ?? {};
    const values = { securityId, symbol, open, high, low, close, volume, vwap: known(vwap), trades: known(trades) };
    return { number: rows?.windowAt(row), values: { ...values, sessions: count } };
  }).filter(({ values }) => values.sessions > 0);
}

/** All fields exactly, but sums of doubles to 1e-12. */
function assertSame(found: readonly WindowBar[], expected: readonly WindowBar[]): void {
  const keyOf = (bar: WindowBar): string => `${bar.securityId} ${bar.firstSession}`;
  const byKey = new Map(found.map((bar) => [keyOf(bar), bar]));
  assert.equal(byKey.size, found.length, 'no bar comes twice');
  assert.deepEqual([...byKey.keys()].sort(), expected.map(keyOf).sort());
  for (const want of expected) {
    const bar = byKey.get(keyOf(want)) as WindowBar;
    for (const field of ['volume', 'vwap'] as const) {
      const [a, b] = [bar[field], want[field]];
      assert.ok(
        a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-12 * Math.abs(b)),
        `${field}: ${a}, ${b}`,
      );
    }
    assert.deepEqual({ ...bar, volume: want.volume, vwap: want.vwap }, want);
  }
}

test('a market folded year by year, in pieces, gives the bars of the definition: with renames, splits, halts and gaps', () => {
  const intervals = fc.oneof(fc.integer({ min: 2, max: 40 }), fc.constantFrom(200, 252));
  fc.assert(
    fc.property(
      markets,
      intervals,
      fc.integer({ min: 1, max: 50 }),
      fc.float({ min: 0, max: 1, noNaN: true }),
      (market, interval, piece, share) => {
        const [from, to] = [FIRST, FIRST + sessions.length - 1].map((index) => Math.floor(index / interval)) as [
          number,
          number,
        ];
        // Not all windows are wanted in an incremental run.
        const windows = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(
          (n) => (n * 0.618) % 1 <= share,
        );
        const published = new Set(market.days.filter(({ rows }) => rows.length > 0).map(({ session }) => session));
        const expected = SYMBOLS.flatMap((securityId) => {
          const rows = market.days.flatMap((day) => day.rows.filter((row) => row.securityId === securityId));
          const inWindows = rows.filter(({ session }) =>
            windows.includes(Math.floor(calendar.sessionIndex(session) / interval)),
          );
          const splits = market.splits.filter((split) => split.securityId === securityId);
          return naiveFold(calendar, interval, (session) => published.has(session), securityId, inWindows, splits);
        });
        assertSame(folded(market, interval, windows, piece), expected);
      },
    ),
    { numRuns: effort({ usual: 150, long: 3000 }) },
  );
});
