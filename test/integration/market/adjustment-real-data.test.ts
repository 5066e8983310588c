import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { Engine } from '#lake/engine.ts';
import { sqlText } from '#lake/sql-text.ts';
import { type AdjustmentEvent, AdjustmentPlan, planAdjustment } from '#market/adjust.ts';
import { scaled } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import {
  type AppliedDividend,
  type AppliedSplit,
  type Resolved,
  resolveDividends,
  resolveSplits,
} from '#market/corporate-actions.ts';
import { type QualityWarning, warningOfStep } from '#market/quality.ts';
import { Listings } from '#market/security.ts';
import { type FoldedRow, WindowFolder } from '#market/window.ts';

const DATA = join(import.meta.dirname, '../../../../shared/data');
const skip = existsSync(join(DATA, 'sp500_daily.parquet')) ? false : `SKIPPED: no real data in ${DATA}`;
const LAST = isoDate('2021-04-21');

/** Spin-offs and special dividends, by which the price moved differently from what their cash says. */
const LARGE_PAYMENTS = [
  'ABT 2013-01-02',
  'AES 2009-04-09',
  'BAX 2015-07-01',
  'CAG 2016-11-10',
  'DISCA 2008-09-18',
  'DISCA 2014-08-07',
  'EBAY 2015-07-20',
  'F 2000-08-03',
  'FIS 2008-07-03',
  'FMC 2019-02-22',
  'HWM 2016-11-01',
  'JCI 2007-07-02',
  'JCI 2012-10-01',
  'MGM 2004-05-18',
  'TEL 2014-05-15',
  'WY 2010-07-20',
];

interface RealRow extends FoldedRow {
  /** The vendor's own close, adjusted for splits and dividends. */
  readonly vendorClose: number;
}

interface RealMarket {
  readonly rows: ReadonlyMap<string, readonly RealRow[]>;
  readonly splits: Resolved<AppliedSplit>;
  readonly dividends: Resolved<AppliedDividend>;
}

/** 21 years of 278 stocks; BF.B, two rows of nulls, is not among them. */
async function readMarket(): Promise<RealMarket> {
  const engine = await Engine.create({ tempFolder: tmpdir() });
  const path = (name: string): string => sqlText(join(DATA, name));
  try {
    const columns = await engine.columns(
      `select symbol, date::date as session, open, high, low, close, volume, adjusted_close
        from read_parquet(${path('sp500_daily.parquet')}) bars
        join read_parquet(${path('vendor_adjusted_close.parquet')}) vendor using (symbol, date)
        order by symbol, session`,
    );
    const column = <T>(name: string): T[] => columns[name] as T[];
    const sessions = column<IsoDate>('session');
    const [opens, highs, lows] = [column<number>('open'), column<number>('high'), column<number>('low')];
    const [closes, volumes] = [column<number>('close'), column<number>('volume')];
    const vendorCloses = column<number>('adjusted_close');
    const rows = new Map<string, RealRow[]>();
    for (const [i, symbol] of column<string>('symbol').entries()) {
      const row: RealRow = {
        symbol,
        session: sessions[i] as IsoDate,
        open: opens[i] ?? Number.NaN,
        high: highs[i] ?? Number.NaN,
        low: lows[i] ?? Number.NaN,
        close: closes[i] ?? Number.NaN,
        volume: volumes[i] ?? Number.NaN,
        vwap: null,
        trades: null,
        vendorClose: vendorCloses[i] ?? Number.NaN,
      };
      const known = rows.get(symbol);
      if (known === undefined) rows.set(symbol, [row]);
      else known.push(row);
    }
    const splits = await engine.rows<{ symbol: string; exDate: IsoDate; splitTo: number }>(
      `select symbol, ex_date::date as "exDate", ratio::double as "splitTo" from read_csv(${path('splits.csv')})`,
    );
    const dividends = await engine.rows<{ symbol: string; exDate: IsoDate; cashAmount: number }>(
      `select symbol, ex_date::date as "exDate", cash_amount::double as "cashAmount"
        from read_csv(${path('dividends.csv')})`,
    );
    return {
      rows,
      splits: resolveSplits(
        Listings.none,
        splits.map((row) => ({ ...row, splitFrom: 1, source: null })),
      ),
      dividends: resolveDividends(
        Listings.none,
        dividends.map((row) => ({ ...row, kind: 'CD', source: null })),
      ),
    };
  } finally {
    engine.close();
  }
}

describe('adjusting 21 years of real prices', { skip }, () => {
  let read: Promise<RealMarket> | undefined;
  const market = (): Promise<RealMarket> => {
    read ??= readMarket();
    return read;
  };
  const totalPlan = ({ splits, dividends }: RealMarket, symbol: string, closes: readonly RealRow[]) =>
    planAdjustment({
      adjustment: 'total',
      splits: splits.applied.get(symbol) ?? [],
      dividends: dividends.applied.get(symbol) ?? [],
      closes,
      lastPublished: LAST,
    });

  /** From one session to the next: the factors on the earlier price, ours and the vendor's, and the events behind ours. */
  interface Step {
    readonly at: string;
    readonly row: RealRow;
    readonly events: readonly AdjustmentEvent[];
    readonly ours: number;
    readonly vendors: number;
  }
  const steps = async (isWanted: (step: Step) => boolean): Promise<Step[]> => {
    const all = await market();
    const wanted: Step[] = [];
    for (const [symbol, rows] of all.rows) {
      const ascending = totalPlan(all, symbol, rows).events;
      let next = 0;
      let before: RealRow | undefined;
      for (const row of rows) {
        const first = next;
        while ((ascending[next]?.exDate ?? '~') <= row.session) next += 1;
        if (before !== undefined) {
          const events = ascending.slice(first, next);
          const ours = events.reduce((factor, { priceFactor }) => factor * priceFactor, 1);
          const vendors = before.vendorClose / before.close / (row.vendorClose / row.close);
          const step = { at: `${symbol} ${row.session}`, row, events, ours, vendors };
          if (isWanted(step)) wanted.push(step);
        }
        before = row;
      }
    }
    return wanted;
  };
  const hasDividend = ({ events }: Step) => events.some(({ kind }) => kind === 'dividend');
  const differ = ({ ours, vendors }: Step) => Math.abs(ours / vendors - 1) > 1e-9;

  test('holds back the cash of Kansas City Southern on 2000-07-13, and a dividend before the first close', async () => {
    const all = await market();
    const held = [...all.rows].flatMap(([symbol, rows]) => totalPlan(all, symbol, rows).held);
    assert.deepEqual(
      held.map(({ securityId, exDate, terms, reason }) => [securityId, exDate, terms, reason]),
      [
        ['BKR', '2017-07-05', '$17.5 CD', 'no close before the ex-date'],
        ['KSU', '2000-07-13', '$181 CD', 'cash of 181 is 90 % or more of the previous close 93.75'],
      ],
    );
    for (const [symbol, rows] of all.rows) {
      const plan = totalPlan(all, symbol, rows);
      assert.ok(rows.every(({ session }) => plan.factorsOf(session).price > 0));
    }
  });

  test('agrees with the vendor at every session without a dividend, but for three splits that the file lacks', async () => {
    const differing = await steps((step) => !hasDividend(step) && differ(step));
    assert.deepEqual(
      // The held cash is no event of ours; the vendor applies it.
      differing.map(({ at }) => at),
      ['KSU 2000-07-13', 'TRMB 2007-02-23', 'ZBRA 2003-08-21', 'ZBRA 2004-08-25'],
    );
    const splits = await steps((step) => step.events.length > 0 && !hasDividend(step));
    assert.equal(splits.length, 274);
  });

  test('keeps 7.00000700001, the vendor’s rounding of 7-for-1', async () => {
    const found = await steps(({ events }) => events.some(({ terms }) => terms === '7.00000700001 for 1'));
    assert.deepEqual(
      found.map(({ at }) => at),
      ['AAPL 2014-06-09', 'NFLX 2015-07-15'],
    );
    for (const { ours, vendors } of found) {
      assert.equal(ours, 1 / 7.00000700001);
      assert.ok(Math.abs(ours / vendors - 1) < 1e-9);
    }
  });

  test('differs at dividends by convention: the vendor reinvests at the close of the ex-date, we at the one before', async () => {
    const all = await market();
    const found = await steps(hasDividend);
    const cashOf = ({ row: { symbol, session } }: Step) =>
      all.dividends.applied.get(symbol)?.find(({ exDate }) => exDate === session)?.cashAmount ?? Number.NaN;
    const splitFactor = (events: readonly AdjustmentEvent[]) =>
      events.filter(({ kind }) => kind === 'split').reduce((factor, { priceFactor }) => factor * priceFactor, 1);
    const differences = found.map((step) => {
      const theirs = splitFactor(step.events) * (step.row.close / (step.row.close + cashOf(step)));
      return { ...step, difference: Math.abs(theirs / step.vendors - 1) };
    });
    assert.equal(found.length, 15_358);
    // The others' cash is rounded to four digits in the file: half a hundredth of a cent against the close.
    const inexact = differences.filter(({ difference }) => difference > 1e-9);
    assert.equal(inexact.length, 116);
    for (const { at, difference, row } of inexact) {
      assert.ok(difference < 0.00006 / row.close, `${at} differs by ${difference}`);
    }
    // The two conventions differ by the cash's share of the close times the move of the day: little, but where a company
    // gave away a large part of itself.
    const far = found.filter(({ ours, vendors }) => Math.abs(ours / vendors - 1) > 0.01);
    assert.deepEqual(
      far.map(({ at }) => at),
      LARGE_PAYMENTS,
    );
  });

  test('lies within 1 % of the vendor’s close throughout for 261 of 278 stocks', async () => {
    const all = await market();
    const worst = [...all.rows].map(([symbol, rows]) => {
      const plan = totalPlan(all, symbol, rows);
      const off = rows.map(({ session, close, vendorClose }) =>
        Math.abs((close * plan.factorsOf(session).price) / vendorClose - 1),
      );
      return { symbol, off: off.reduce((a, b) => Math.max(a, b), 0), dividends: plan.events.length };
    });
    assert.equal(worst.length, 278);
    assert.equal(worst.filter(({ off }) => off <= 0.01).length, 261);
    // Missing splits, and the cash that we hold back.
    assert.deepEqual(
      worst.filter(({ off }) => off > 0.1).map(({ symbol }) => symbol),
      ['KSU', 'TRMB', 'ZBRA'],
    );
  });

  test('by the vendor’s convention reproduces its closes to one part in ten thousand', async () => {
    const all = await market();
    for (const [symbol, rows] of all.rows) {
      if (['KSU', 'TRMB', 'ZBRA'].includes(symbol)) continue;
      const closes = new Map(rows.map(({ session, close }) => [session, close]));
      const cashes = new Map(all.dividends.applied.get(symbol)?.map(({ exDate, cashAmount }) => [exDate, cashAmount]));
      const plan = totalPlan(all, symbol, rows);
      const theirs = plan.events.map((event) => {
        const [close, cash] = [closes.get(event.exDate), cashes.get(event.exDate)];
        return event.kind === 'split' || close === undefined || cash === undefined
          ? event
          : { ...event, priceFactor: close / (close + cash) };
      });
      const reinvested = new AdjustmentPlan(theirs, []);
      for (const { session, close, vendorClose } of rows) {
        const off = Math.abs((close * reinvested.factorsOf(session).price) / vendorClose - 1);
        assert.ok(off < 1e-4, `${symbol} ${session} is off by ${off}`);
      }
    }
  });

  test('meets cliffs without a split, splits without a cliff, and rows without volume', async () => {
    const { rows, splits } = await market();
    const warnings = [...rows].flatMap(([symbol, bars]) =>
      bars.slice(1).map(({ session, close }, index) => {
        const before = bars[index];
        assert.ok(before !== undefined);
        const step = { symbol, session, close, sessionBefore: before.session, closeBefore: before.close };
        return warningOfStep(step, splits.applied.get(symbol) ?? []);
      }),
    );
    const count = (kind: QualityWarning['kind']) => warnings.filter((warning) => warning?.kind === kind).length;
    const withoutVolume = [...rows.values()].flat().filter(({ volume }) => volume === 0).length;
    assert.deepEqual([withoutVolume, count('jump-without-split'), count('split-without-jump')], [83, 19, 2]);
  });

  test('adjusting bars of N sessions for later splits is folding adjusted days', async () => {
    const { rows, splits } = await market();
    const calendar = createCalendar({ lastYear: 2028 });
    const published = new Set([...rows.values()].flatMap((bars) => bars.map(({ session }) => session)));
    for (const interval of [3, 21, 34]) {
      const folder = new WindowFolder({ calendar, interval, isPublished: (session) => published.has(session) });
      let withSplit = 0;
      for (const [symbol, bars] of rows) {
        const ofSymbol = splits.applied.get(symbol) ?? [];
        const plan = planAdjustment({ adjustment: 'split', splits: ofSymbol, lastPublished: LAST });
        const adjust = <T extends FoldedRow>(bar: T, session: IsoDate): T => {
          const { price, volume } = plan.factorsOf(session);
          return scaled(bar, price, volume);
        };
        const days = folder.fold(
          symbol,
          bars.map((bar) => adjust(bar, bar.session)),
          [],
        );
        const windows = folder.fold(symbol, bars, ofSymbol).map((bar) => {
          const { lastPublished } = folder.windowOf(bar.firstSession);
          assert.ok(lastPublished !== undefined);
          const { price, volume } = plan.factorsOf(lastPublished);
          if (plan.factorsOf(bar.firstSession).price !== price) withSplit += 1;
          return scaled(bar, price, volume);
        });
        assert.equal(windows.length, days.length);
        for (const [i, bar] of windows.entries()) {
          const other = days[i];
          assert.ok(other !== undefined);
          for (const field of ['open', 'high', 'low', 'close', 'volume'] as const) {
            const [a, b] = [bar[field], other[field]];
            assert.ok(a === b || Math.abs(a / b - 1) < 1e-12, `${symbol} ${bar.firstSession} ${field}: ${a}, ${b}`);
          }
        }
      }
      assert.ok(withSplit > 100, `${withSplit} windows of ${interval} hold a split`);
    }
  });
});
