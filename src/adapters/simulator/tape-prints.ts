import { RandomSource } from './random-source.ts';
import type { SecurityDay } from './tape-plan.ts';
import type { TradingMinutes } from './trading-minutes.ts';

/** Trades whose price and place are decided by the daily bar: auctions, high and low. And the official prices after them. */

export type PrintRole = 'open' | 'high' | 'low' | 'close' | 'reopen' | 'official-open' | 'official-close';

export interface PlannedPrint {
  readonly role: PrintRole;
  readonly minute: number;
  /** From the start of the minute. */
  readonly offsetMs: number;
  readonly cents: number;
  readonly shares: number;
}

/** A halt within regular trading hours: minutes after the open, the second one exclusive. */
export interface IntradayHalt {
  readonly from: number;
  readonly to: number;
}

interface DayPrices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Minutes after the open. */
  readonly highAt: number;
  readonly lowAt: number;
}

const HALT_CHANCE = 0.2;
const HALT_MINUTES_MIN = 5;
const HALT_MINUTES_MAX = 12;
/** Minutes at either end of the day without a halt. */
const HALT_MARGIN = 15;

/** Returns a halt around none of the given minutes, or undefined. */
export function drawHalt(
  seed: number,
  { securityId }: SecurityDay,
  { session, open, close }: TradingMinutes,
  apart: readonly number[],
): IntradayHalt | undefined {
  const random = new RandomSource(seed, `halt ${securityId} ${session}`);
  const length = close - open;
  const isHalted = random.chance(HALT_CHANCE);
  const from = random.whole(HALT_MARGIN, length - HALT_MARGIN - HALT_MINUTES_MAX);
  const to = from + random.whole(HALT_MINUTES_MIN, HALT_MINUTES_MAX);
  return isHalted && apart.every((at) => at < from - 1 || at > to) ? { from, to } : undefined;
}

/** Longest time from the open to the opening print, and from the close to the closing print. */
const OPENS_WITHIN_MS = 25_000;
const CLOSES_WITHIN_MS = 280_000;
/** Nasdaq's crosses print at once. */
const CROSSES_WITHIN_MS = 1500;

/** Returns the prints that make open, high, low and close. Those that count, with the sizes that they should have. */
export function drawPrints(
  random: RandomSource,
  { open, high, low, close, highAt, lowAt }: DayPrices,
  path: Float64Array,
  {
    day: { bar, exchange },
    minutes,
    lot,
    halt,
  }: {
    readonly day: SecurityDay;
    readonly minutes: TradingMinutes;
    readonly lot: number;
    readonly halt: IntradayHalt | undefined;
  },
): PlannedPrint[] {
  const prints: PlannedPrint[] = [];
  const add = (role: PrintRole, at: number, offsetMs: number, cents: number, shares: number): void => {
    const minute = minutes.open + at + Math.floor(offsetMs / 60_000);
    prints.push({ role, minute, offsetMs: offsetMs % 60_000, cents, shares: Math.max(lot, Math.round(shares)) });
  };
  const isCross = exchange === 'XNAS';
  const openingMs = random.whole(20, isCross ? CROSSES_WITHIN_MS : OPENS_WITHIN_MS);
  const closingMs = random.whole(20, isCross ? CROSSES_WITHIN_MS : CLOSES_WITHIN_MS);
  // Prices are set by the auctions and by two more trades, if those are not among them.
  add('open', 0, openingMs, open, bar.volume * (0.01 + 0.02 * random.uniform()));
  const extremes = lot * random.whole(1, 3);
  const offsets = [random.whole(30_000, 59_000), random.whole(30_000, 59_000)] as const;
  const hasClose = (bar.trades ?? 0) >= 2 || close !== open;
  if (high !== open && high !== close) add('high', highAt, offsets[0], high, extremes);
  if (low !== open && low !== close) add('low', lowAt, offsets[1], low, extremes);
  const reopening = random.whole(100, 2000);
  if (halt !== undefined) add('reopen', halt.to, reopening, Math.round(path[halt.to] ?? open), extremes * 4);
  if (hasClose) add('close', path.length, closingMs, close, bar.volume * (0.04 + 0.06 * random.uniform()));
  return prints;
}

const RESENT_MAX = 5;
const RESENT_WITHIN_MINUTES = 30;

/**
 * Returns the listing exchange's official open and close: the prices of its auctions once more. The close is sent several
 * times. They count for nothing.
 */
export function officialPrints(
  random: RandomSource,
  prints: readonly PlannedPrint[],
  { count }: TradingMinutes,
): PlannedPrint[] {
  const official: PlannedPrint[] = [];
  const times = random.whole(1, RESENT_MAX);
  for (const print of prints) {
    if (print.role === 'open') official.push(later(print, 'official-open', 1, count));
    if (print.role !== 'close') continue;
    official.push(later(print, 'official-close', 1, count));
    for (let time = 1; time < times; time += 1) {
      official.push(later(print, 'official-close', random.whole(2000, RESENT_WITHIN_MINUTES * 60_000), count));
    }
  }
  return official;
}

function later(print: PlannedPrint, role: PrintRole, byMs: number, count: number): PlannedPrint {
  const offsetMs = print.offsetMs + byMs;
  const minute = Math.min(count - 1, print.minute + Math.floor(offsetMs / 60_000));
  return { ...print, role, minute, offsetMs: offsetMs % 60_000 };
}
