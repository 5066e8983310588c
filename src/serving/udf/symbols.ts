import { addDays, type IsoDate, toEpochDay, weekdayOf } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Ticker, TickerDirectory } from '../read/ticker-directory.ts';
import { searchTickers } from '../read/ticker-search.ts';
import { dailyMultipliers, offeredResolutions } from './resolution.ts';
import type { SearchShape, SymbolShape } from './shapes.ts';

/** The charting library's names of exchanges and kinds of securities. */

const EXCHANGES: readonly { readonly mic: string; readonly value: string; readonly desc: string }[] = [
  { mic: 'XNYS', value: 'NYSE', desc: 'New York Stock Exchange' },
  { mic: 'XNAS', value: 'NASDAQ', desc: 'Nasdaq Stock Market' },
  { mic: 'XASE', value: 'AMEX', desc: 'NYSE American' },
  { mic: 'ARCX', value: 'ARCA', desc: 'NYSE Arca' },
  { mic: 'BATS', value: 'CBOE', desc: 'Cboe BZX' },
  { mic: 'IEXG', value: 'IEX', desc: 'Investors Exchange' },
];

export const EXCHANGE_FILTERS = [
  { value: '', name: 'All exchanges', desc: '' },
  ...EXCHANGES.map(({ value, desc }) => ({ value, name: value, desc })),
];

const TYPES: Readonly<Record<string, string>> = {
  ETF: 'fund',
  ETN: 'fund',
  ETV: 'fund',
  ETS: 'fund',
  FUND: 'fund',
  ADRC: 'dr',
  ADRP: 'dr',
  ADRR: 'dr',
  ADRW: 'dr',
  GDR: 'dr',
  WARRANT: 'warrant',
  RIGHT: 'right',
  BOND: 'bond',
  SP: 'structured',
};

export const TYPE_FILTERS = [
  { name: 'All types', value: '' },
  { name: 'Stocks', value: 'stock' },
  { name: 'Funds', value: 'fund' },
  { name: 'Depositary receipts', value: 'dr' },
  { name: 'Warrants', value: 'warrant' },
  { name: 'Rights', value: 'right' },
];

/** The library's name of an exchange; its MIC where it has none. */
export function exchangeOf({ exchange }: Ticker): string {
  return EXCHANGES.find(({ mic }) => mic === exchange)?.value ?? exchange ?? '';
}

function typeOf({ type }: Ticker): string {
  return TYPES[type ?? ''] ?? 'stock';
}

/** The ticker that a chart means by `AAPL` or `NASDAQ:AAPL`, whatever the case. Throws `symbol-unknown`. */
export function tickerOf(directory: TickerDirectory, text: string, session: IsoDate): Ticker {
  const asked = text.slice(text.lastIndexOf(':') + 1).trim();
  const symbol = directory.spelled(asked);
  const ticker = symbol === undefined ? undefined : (directory.at(symbol, session) ?? directory.newest(symbol));
  if (ticker !== undefined) return ticker;
  throw new UsageError({ code: 'symbol-unknown', message: 'unknown_symbol', found: text.slice(0, 64) });
}

/** At a dollar and more prices are quoted in cents, below in hundredths of a cent (Regulation NMS, rule 612). */
const CENTS = 100;
const HUNDREDTHS_OF_CENTS = 10_000;

export interface SymbolFacts {
  readonly calendar: Calendar;
  readonly intervals: readonly number[];
  readonly isActive: boolean;
  readonly lastClose: number | undefined;
  /** Holidays before this day are of no matter. */
  readonly firstSession: IsoDate;
}

export function symbolInfo(ticker: Ticker, facts: SymbolFacts): SymbolShape {
  const { calendar, intervals, isActive, lastClose, firstSession } = facts;
  const exchange = exchangeOf(ticker);
  const ended = isActive || ticker.lastSession === null ? undefined : ticker.lastSession;
  return {
    name: ticker.symbol,
    ticker: ticker.symbol,
    description: ticker.name ?? ticker.symbol,
    type: typeOf(ticker),
    exchange,
    listed_exchange: exchange,
    timezone: 'America/New_York',
    session: '0930-1600',
    ...scheduleOf(calendar, firstSession),
    currency_code: 'USD',
    minmov: 1,
    pricescale: lastClose !== undefined && lastClose < 1 ? HUNDREDTHS_OF_CENTS : CENTS,
    minmove2: 0,
    pointvalue: 1,
    format: 'price',
    has_intraday: false,
    has_daily: true,
    has_weekly_and_monthly: true,
    daily_multipliers: dailyMultipliers(intervals),
    weekly_multipliers: ['1'],
    monthly_multipliers: ['1'],
    supported_resolutions: offeredResolutions(intervals),
    visible_plots_set: 'ohlcv',
    volume_precision: 0,
    data_status: 'endofday',
    ...(ended === undefined ? {} : { expired: true, expiration_date: Date.parse(`${ended}T00:00:00Z`) / 1000 }),
  };
}

/** Holidays and short days from a day on, as far as the calendar reaches. */
function scheduleOf(calendar: Calendar, from: IsoDate): Pick<SymbolShape, 'session_holidays' | 'corrections'> {
  const holidays: string[] = [];
  const short: string[] = [];
  for (let date = from; date <= calendar.lastSession; date = addDays(date, 1)) {
    const weekday = weekdayOf(toEpochDay(date));
    if (weekday === 0 || weekday === 6) continue;
    const compact = date.replaceAll('-', '');
    if (!calendar.isSession(date)) holidays.push(compact);
    else if (calendar.isEarlyClose(date)) short.push(`0930-${date < '1993' ? '1400' : '1300'}:${compact}`);
  }
  return { session_holidays: holidays.join(','), corrections: short.join(';') };
}

export interface SearchRequest {
  readonly query: string;
  readonly type: string;
  readonly exchange: string;
  readonly limit: number;
}

/** Active tickers that a text may mean, best first: `AAPL`, `NASDAQ:AAPL`, or a part of a name. */
export function searchSymbols(directory: TickerDirectory, session: IsoDate, request: SearchRequest): SearchShape {
  const { query, type, exchange, limit } = request;
  const found = searchTickers(directory, query.slice(query.lastIndexOf(':') + 1), {
    session,
    limit,
    isWanted: ({ ticker, isActive }) =>
      isActive &&
      (exchange === '' || exchangeOf(ticker) === exchange.toUpperCase()) &&
      (type === '' || typeOf(ticker) === type.toLowerCase()),
  });
  return found.map(({ ticker }) => {
    const name = exchangeOf(ticker);
    return {
      symbol: ticker.symbol,
      full_name: name === '' ? ticker.symbol : `${name}:${ticker.symbol}`,
      description: ticker.name ?? ticker.symbol,
      exchange: name,
      ticker: ticker.symbol,
      type: typeOf(ticker),
    };
  });
}
