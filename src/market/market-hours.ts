import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from './calendar/calendar.ts';
import { newYorkAt, newYorkInstant } from './calendar/new-york.ts';

/** The state of the exchanges at an instant: pre-market, open, after hours, or closed. */
export type TradingPhase = 'early' | 'regular' | 'late' | 'closed';

/** Pre-market trading begins at 04:00 New York time, on half-days too. */
const EARLY_FROM_MINUTE = 4 * 60;
/**
 * After-hours trading lasts four hours after the close: to 20:00, or to 17:00 on half-days (NYSE and Nasdaq trading
 * hours).
 */
const LATE_MS = 4 * 3_600_000;

export interface TradingMoment {
  readonly phase: TradingPhase;
  /** The date in New York. */
  readonly date: IsoDate;
}

export function tradingMoment(calendar: Calendar, nowMs: InstantMs): TradingMoment {
  const { date } = newYorkAt(nowMs);
  if (!calendar.isSession(date)) return { phase: 'closed', date };
  const open = calendar.openMs(date);
  const close = calendar.closeMs(date);
  if (nowMs >= open && nowMs < close) return { phase: 'regular', date };
  if (nowMs >= newYorkInstant(date, EARLY_FROM_MINUTE) && nowMs < open) return { phase: 'early', date };
  return { phase: nowMs >= close && nowMs < close + LATE_MS ? 'late' : 'closed', date };
}

const FRIDAY = 5;
const SATURDAY = 6;
/** 17:00 New York time, at which one foreign exchange day ends and the next begins. */
const FX_DAY_ENDS_AT_MINUTE = 17 * 60;

/** Foreign exchange trades from Sunday 17:00 to Friday 17:00 New York time. */
export function isForeignExchangeOpen(nowMs: InstantMs): boolean {
  const { date, minute } = newYorkAt(nowMs);
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  if (weekday === SATURDAY) return false;
  if (weekday === FRIDAY) return minute < FX_DAY_ENDS_AT_MINUTE;
  return weekday !== 0 || minute >= FX_DAY_ENDS_AT_MINUTE;
}

/** Formats an instant as RFC 3339 with New York's offset of that day: `2024-01-02T10:00:00-05:00`. */
export function newYorkText(instantMs: InstantMs): string {
  const { date, minute } = newYorkAt(instantMs);
  const second = Math.floor(instantMs / 1000) % 60;
  const wallMs = Date.parse(`${date}T00:00:00Z`) + minute * 60_000 + second * 1000;
  const offsetHours = Math.round((Math.floor(instantMs / 1000) * 1000 - wallMs) / 3_600_000);
  const time = [Math.floor(minute / 60), minute % 60, second].map(two).join(':');
  return `${date}T${time}-${two(offsetHours)}:00`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
