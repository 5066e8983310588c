import { addDays, type IsoDate, yearOf } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { earlyClosesOf } from '#market/calendar/holidays.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import { isForeignExchangeOpen, newYorkText, tradingMoment } from '#market/market-hours.ts';
import type { MarketStatusShape, UpcomingShape } from '../shapes/reference.ts';

/** Returns the vendor's market status at an instant. OTC securities have no extended hours; crypto always trades. */
export function marketStatus(calendar: Calendar, nowMs: number): MarketStatusShape {
  const { phase } = tradingMoment(calendar, nowMs);
  const isExtended = phase === 'early' || phase === 'late';
  const regular = phase === 'regular' ? 'open' : 'closed';
  const market = isExtended ? 'extended-hours' : regular;
  return {
    market,
    serverTime: newYorkText(nowMs),
    earlyHours: phase === 'early',
    afterHours: phase === 'late',
    exchanges: { nyse: market, nasdaq: market, otc: regular },
    currencies: { fx: isForeignExchangeOpen(nowMs) ? 'open' : 'closed', crypto: 'open' },
  };
}

/** Number of days ahead for which holidays are listed. */
const DAYS_AHEAD = 366;
const EXCHANGES = ['NYSE', 'NASDAQ', 'OTC'] as const;

/** The days of a year from today on which the exchanges are closed or close early, a row each exchange. */
export function upcomingHolidays(calendar: Calendar, nowMs: number): UpcomingShape[] {
  const today = newYorkAt(nowMs).date;
  const rows: UpcomingShape[] = [];
  const end = addDays(today, DAYS_AHEAD);
  for (let date = today; date <= end && date <= calendar.lastSession; date = addDays(date, 1)) {
    const day = holidayOn(calendar, date);
    if (day !== undefined) rows.push(...EXCHANGES.map((exchange) => ({ date, exchange, ...day })));
  }
  return rows;
}

function holidayOn(calendar: Calendar, date: IsoDate): Omit<UpcomingShape, 'date' | 'exchange'> | undefined {
  if (!calendar.isSession(date)) {
    const name = calendar.whyClosed(date);
    return name === undefined || name === 'weekend' ? undefined : { name, status: 'closed' };
  }
  if (!calendar.isEarlyClose(date)) return undefined;
  const name = earlyClosesOf(yearOf(date)).find((day) => day.date === date)?.name ?? 'Early close';
  return {
    name,
    status: 'early-close',
    open: new Date(calendar.openMs(date)).toISOString(),
    close: new Date(calendar.closeMs(date)).toISOString(),
  };
}
