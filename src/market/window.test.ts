import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, type IsoDate, isoDate } from '#base/dates.ts';
import { naiveFold } from '#test/fixtures/naive-fold.ts';
import { planAdjustment } from './adjust.ts';
import { type BarValues, scaled } from './bar.ts';
import { createCalendar } from './calendar/calendar.ts';
import type { AppliedSplit } from './corporate-actions.ts';
import { checkInterval, type FoldedRow, type WindowBar, WindowFolder, windowNumber, windowSessions } from './window.ts';

const calendar = createCalendar({ lastYear: 2028 });
const interval = fc.integer({ min: 2, max: 252 });

function row(session: IsoDate, close: number, more: Partial<FoldedRow> = {}): FoldedRow {
  return {
    symbol: 'A',
    session,
    open: close,
    high: close + 1,
    low: close - 1,
    close,
    volume: 100,
    vwap: close,
    trades: 10,
    ...more,
  };
}

function fold(
  n: number,
  rows: readonly FoldedRow[],
  splits: readonly AppliedSplit[] = [],
  published?: ReadonlySet<IsoDate>,
): WindowBar[] {
  const known = published ?? new Set(rows.map(({ session }) => session));
  return new WindowFolder({ calendar, interval: n, isPublished: (session) => known.has(session) }).fold(
    'A',
    rows,
    splits,
  );
}

function split(exDate: IsoDate, splitFrom: number, splitTo: number): AppliedSplit {
  return { securityId: 'A', symbol: 'A', exDate, splitFrom, splitTo, source: null };
}

/** The sessions of a window of three that lies far from any edge: 2024-01-03, -04, -05. */
const [first, second, third] = windowSessions(calendar, 3, windowNumber(calendar, 3, isoDate('2024-01-04'))) as [
  IsoDate,
  IsoDate,
  IsoDate,
];

test('window n of N sessions holds the indexes n·N to n·N + N − 1, so that a session lies in just one', () => {
  fc.assert(
    fc.property(interval, fc.integer({ min: 0, max: 16_000 }), (n, index) => {
      const session = calendar.sessionAt(index);
      const window = windowNumber(calendar, n, session);
      assert.equal(window, Math.floor(index / n));
      assert.ok(windowSessions(calendar, n, window).includes(session));
      assert.equal(windowSessions(calendar, n, window).length, n);
    }),
  );
});

test('boundaries stay where they are when history is added, a day is lost, or a symbol halts', () => {
  const sessions = calendar.range(isoDate('2019-01-02'), isoDate('2021-12-31'));
  fc.assert(
    fc.property(interval, fc.subarray(sessions, { minLength: 2 }), (n, kept) => {
      const of = (bars: readonly WindowBar[]) => new Set(bars.map((bar) => `${bar.firstSession} ${bar.lastSession}`));
      const all = of(
        fold(
          n,
          sessions.map((session) => row(session, 10)),
        ),
      );
      for (const bounds of of(
        fold(
          n,
          kept.map((session) => row(session, 10)),
        ),
      ))
        assert.ok(all.has(bounds));
    }),
  );
});

test('the newest 3-day bar starts on one session on three successive nights', () => {
  const starts = [first, second, third].map(
    (_, night) =>
      fold(
        3,
        [first, second, third].slice(0, night + 1).map((s) => row(s, 10)),
      )[0]?.firstSession,
  );
  assert.deepEqual(starts, [first, first, first]);
});

test('a half-built bar is marked as not complete', () => {
  const [open] = fold(3, [row(first, 10), row(second, 11)]);
  assert.deepEqual([open?.sessions, open?.expected, open?.complete], [2, 3, false]);
  const [whole] = fold(3, [row(first, 10), row(second, 11), row(third, 12)]);
  assert.equal(whole?.complete, true);
});

test('a symbol that halts for a session has a complete bar with a session less', () => {
  const [bar] = fold(3, [row(first, 10), row(third, 12)], [], new Set([first, second, third]));
  assert.deepEqual([bar?.sessions, bar?.complete], [2, true]);
});

test('open is the first bar present, close the last, high and low the extremes, volume and trades the sums', () => {
  const [bar] = fold(3, [row(first, 10, { high: 30 }), row(second, 20, { low: 2 }), row(third, 15)]);
  assert.deepEqual([bar?.open, bar?.high, bar?.low, bar?.close, bar?.volume, bar?.trades], [10, 30, 2, 15, 300, 30]);
});

test('a split inside the window puts the rows before it into the new share count', () => {
  const [bar] = fold(3, [row(first, 100), row(second, 50), row(third, 52)], [split(second, 1, 2)]);
  assert.deepEqual([bar?.open, bar?.close, bar?.high, bar?.volume], [50, 52, 53, 400]);
  // Money over today's shares: (100·100 + 50·100 + 52·100) / (200 + 100 + 100).
  assert.equal(bar?.vwap, 20_200 / 400);
});

test('a split on the first session of a window, or after its last published one, scales nothing in it', () => {
  assert.equal(fold(3, [row(first, 100), row(second, 101)], [split(first, 1, 2)])[0]?.open, 100);
  assert.equal(fold(3, [row(first, 100), row(second, 101)], [split(third, 1, 2)])[0]?.open, 100);
});

test('vwap leaves out rows without volume, and is null if a counted row has none or nothing was traded', () => {
  assert.equal(fold(3, [row(first, 10), row(second, 99, { volume: 0, vwap: null })])[0]?.vwap, 10);
  assert.equal(fold(3, [row(first, 10), row(second, 99, { vwap: null })])[0]?.vwap, null);
  assert.equal(fold(3, [row(first, 10, { volume: 0 })])[0]?.vwap, null);
});

test('trades are null if any row has none', () => {
  assert.equal(fold(3, [row(first, 10), row(second, 11, { trades: null })])[0]?.trades, null);
});

test("a security's bar bears the symbol it had at its last session in the window", () => {
  const [bar] = fold(3, [row(first, 10, { symbol: 'FB' }), row(second, 11, { symbol: 'META' })]);
  assert.equal(bar?.symbol, 'META');
});

test('folding windows apart gives the same bars as folding all of them together', () => {
  const sessions = calendar.range(isoDate('2023-01-03'), isoDate('2023-12-29'));
  fc.assert(
    fc.property(
      interval,
      fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 250, maxLength: 250 }),
      (n, closes) => {
        const rows = sessions.map((session, i) => row(session, closes[i] ?? 1));
        const published = new Set(sessions);
        const together = fold(n, rows, [split(isoDate('2023-06-15'), 2, 3)], published);
        const apart = together.flatMap((bar) =>
          fold(
            n,
            rows.filter(({ session }) => session >= bar.firstSession && session <= bar.lastSession),
            [split(isoDate('2023-06-15'), 2, 3)],
            published,
          ),
        );
        assert.deepEqual(apart, together);
      },
    ),
    { numRuns: 30 },
  );
});

/** Rows of a year with random closes, halts and splits, some of them in the same window, some on days off. */
const history = fc
  .record({
    closes: fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 250, maxLength: 250 }),
    halted: fc.uniqueArray(fc.integer({ min: 0, max: 249 }), { maxLength: 30 }),
    splits: fc.uniqueArray(
      fc.record({
        day: fc.integer({ min: 0, max: 364 }),
        from: fc.integer({ min: 1, max: 9 }),
        to: fc.integer({ min: 1, max: 9 }),
      }),
      { selector: ({ day }) => day, maxLength: 5 },
    ),
  })
  .map(({ closes, halted, splits }) => ({
    rows: calendar
      .range(isoDate('2023-01-03'), isoDate('2023-12-29'))
      .map((session, i) => row(session, closes[i] ?? 1, { volume: Math.round((closes[249 - i] ?? 1) * 1000) }))
      .filter((_, i) => !halted.includes(i)),
    splits: splits
      .sort((a, b) => a.day - b.day)
      .map(({ day, from, to }) => split(addDays(isoDate('2023-01-01'), day), from, to)),
  }));

function assertClose(a: number, b: number, what: string): void {
  assert.ok(Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b)), `${what}: ${a}, ${b}`);
}

test('the fold gives the bars of the definition, with missing vwaps and trades, empty sessions, halts and splits', () => {
  fc.assert(
    fc.property(interval, history, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (n, { rows, splits }, luck) => {
      const some = rows.map((full) => {
        const chance = luck.next().value;
        if (chance === 0) return { ...full, volume: 0 };
        if (chance === 1) return { ...full, vwap: null };
        return chance === 2 ? { ...full, trades: null } : full;
      });
      const published = new Set(some.map(({ session }) => session));
      const expected = naiveFold(calendar, n, (session) => published.has(session), 'A', some, splits);
      const bars = fold(n, some, splits, published);
      assert.equal(bars.length, expected.length);
      for (const [i, bar] of bars.entries()) {
        const { volume = 0, vwap = null, ...exact } = expected[i] ?? {};
        assertClose(bar.volume, volume, 'volume');
        assertClose(bar.vwap ?? -1, vwap ?? -1, 'vwap');
        assert.deepEqual({ ...bar, volume, vwap }, { ...exact, volume, vwap });
      }
    }),
  );
});

test('adjusting a bar for the splits after its window is the same as folding adjusted rows', () => {
  const lastPublished = isoDate('2023-12-29');
  const published = new Set(calendar.range(isoDate('2023-01-03'), lastPublished));
  fc.assert(
    fc.property(interval, history, (n, { rows, splits }) => {
      const plan = planAdjustment({ adjustment: 'split', splits, lastPublished });
      const adjust = <T extends BarValues>(bar: T, session: IsoDate): T => {
        const { price, volume } = plan.factorsOf(session);
        return scaled(bar, price, volume);
      };
      const adjustedRows = rows.map((raw) => adjust(raw, raw.session));
      const folded = fold(n, adjustedRows, [], published);
      const bars = fold(n, rows, splits, published);
      assert.equal(bars.length, folded.length);
      for (const [i, bar] of bars.entries()) {
        // The last published session of a window here is its last one, or the last of the year.
        const adjusted = adjust(bar, bar.lastSession < lastPublished ? bar.lastSession : lastPublished);
        for (const field of ['open', 'high', 'low', 'close', 'volume', 'vwap'] as const) {
          assertClose(adjusted[field] ?? Number.NaN, folded[i]?.[field] ?? Number.NaN, `${bar.firstSession} ${field}`);
        }
      }
    }),
  );
});

test('a stored bar does not go stale: a split after its window leaves it as it is', () => {
  fc.assert(
    fc.property(interval, history, fc.integer({ min: 2, max: 9 }), (n, { rows, splits }, to) => {
      const published = new Set(rows.map(({ session }) => session));
      const before = fold(n, rows, splits, published);
      const after = fold(n, rows, [...splits, split(isoDate('2024-01-16'), 1, to)], published);
      assert.deepEqual(after, before);
    }),
    { numRuns: 30 },
  );
});

test('adding history before leaves every bar of a window that it does not reach as it is', () => {
  fc.assert(
    fc.property(interval, history, fc.integer({ min: 0, max: 200 }), (n, { rows, splits }, from) => {
      const published = new Set(rows.map(({ session }) => session));
      const whole = new Map(fold(n, rows, splits, published).map((bar) => [bar.firstSession, bar]));
      const recent = rows.slice(from);
      const start = recent[0]?.session ?? isoDate('2024-01-02');
      for (const bar of fold(n, recent, splits, published)) {
        if (bar.firstSession >= start) assert.deepEqual(bar, whole.get(bar.firstSession));
        else assert.equal(bar.lastSession, whole.get(bar.firstSession)?.lastSession);
      }
    }),
    { numRuns: 30 },
  );
});

test('a length that no window can have is refused with what is allowed', () => {
  for (const wrong of [0, 1, 253, 2.5, Number.NaN]) {
    assert.throws(() => checkInterval(wrong), { code: 'interval-invalid', message: /2 to 252/ });
  }
});
