import type { InstantMs } from '#base/dates.ts';
import type { BarValues } from '#market/bar.ts';
import { toMicroShares } from '#market/exact-sum.ts';
import type { Trade, VendorBar } from '#market/trade.ts';
import type { TradeDates } from '#market/trade-date.ts';
import { SessionFold } from '#market/trade-fold.ts';
import type { DayPlan } from './tape-plan.ts';
import { MINUTE_MS } from './trading-minutes.ts';

/** Bars as the vendor builds them from the tape: by timestamp, on the clock, auctions where they were printed. */

/** Returns the bar of a minute, or undefined if none of its trades sets a price. */
export function minuteBar(
  dates: TradeDates,
  plan: DayPlan,
  minute: number,
  trades: readonly Trade[],
): VendorBar | undefined {
  const startMs = plan.minutes.startMs + minute * MINUTE_MS;
  const values = foldOf(dates, plan, trades).barAt('1m', 'clock', startMs);
  if (values === undefined) return undefined;
  return { ...vendorBar(plan, '1m', startMs, values), ...daySoFar(plan, minute + 1) };
}

/** Returns the bars of the seconds of a minute, ascending. Values of the day so far are those before the minute. */
export function secondBars(dates: TradeDates, plan: DayPlan, minute: number, trades: readonly Trade[]): VendorBar[] {
  const before = daySoFar(plan, minute);
  return foldOf(dates, plan, trades)
    .bars('1s', 'clock')
    .map((bar) => ({ ...vendorBar(plan, '1s', bar.startMs, bar), ...before }));
}

function foldOf(dates: TradeDates, { minutes }: DayPlan, trades: readonly Trade[]): SessionFold {
  const fold = new SessionFold(dates.of(minutes.session));
  for (const trade of trades) fold.add(trade);
  return fold;
}

function vendorBar(plan: DayPlan, interval: VendorBar['interval'], startMs: InstantMs, values: BarValues) {
  const { open, high, low, close, volume, vwap, trades } = values;
  return {
    kind: 'vendor-bar',
    symbol: plan.day.symbol,
    interval,
    startMs,
    open,
    high,
    low,
    close,
    volume: toMicroShares(volume),
    vwap: vwap === null ? null : Math.round(vwap * 10_000) / 10_000,
    trades,
  } as const;
}

/** Returns volume and VWAP of the day before a minute, and the official open if there was one. */
function daySoFar({ shares, money, prints, day, minutes }: DayPlan, minute: number) {
  let volume = 0;
  let cents = 0;
  for (let past = 0; past < minute; past += 1) {
    volume += shares[past] ?? 0;
    cents += money[past] ?? 0;
  }
  for (const print of prints) {
    if (print.minute >= minute || print.role === 'official-open' || print.role === 'official-close') continue;
    volume += print.shares;
    cents += print.shares * print.cents;
  }
  return {
    dayVolume: toMicroShares(volume),
    dayVwap: volume === 0 ? null : Math.round((cents * 100) / volume) / 10_000,
    officialOpen: minute > minutes.open ? day.bar.open : null,
  };
}
