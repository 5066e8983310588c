import { z } from '@hono/zod-openapi';
import { compare } from '#base/compare.ts';
import type { IsoDate } from '#base/dates.ts';
import { answer } from '../../http/answer.ts';
import { notEntitled, notFound } from '../../http/http-errors.ts';
import type { MarketAnswerDeps } from '../../http/market-answer.ts';
import { type ListPage, type PagedList, pageAnswer } from '../../http/paged-list.ts';
import {
  asOfParameter,
  choice,
  cursorParameter,
  flag,
  optionalDate,
  pageLimit,
  symbolParameter,
} from '../../http/parameters.ts';
import { addRoute } from '../../http/route.ts';
import { type Serving, type ServingApp, viewAt } from '../../http/serving.ts';
import { defaultDate } from '../../read/default-date.ts';
import { isOtcExchange } from '../../read/otc.ts';
import { TICKER_TABLES, type Ticker, type TickerDirectory, tickersOf } from '../../read/ticker-directory.ts';
import {
  type TickerDetailsShape,
  type TickerEventShape,
  type TickerShape,
  tickerDetailsAnswer,
  tickerEventsShape,
  tickersShape,
} from '../shapes/reference.ts';
import { refuseOtherClass, refuseOtherClasses } from '../stock-symbol.ts';
import { filterUnknown, isWithin, rangeIn, textRange } from './filters.ts';
import { countedEnvelope } from './list-envelope.ts';

const SORTS = [
  'ticker',
  'name',
  'market',
  'locale',
  'primary_exchange',
  'type',
  'currency_symbol',
  'currency_name',
  'base_currency_symbol',
  'base_currency_name',
  'cik',
  'composite_figi',
  'share_class_figi',
  'last_updated_utc',
  'delisted_utc',
] as const;

const text = z.string().max(200, 'at most 200 characters').optional();

const tickersQuery = z.object({
  ...textRange('ticker'),
  type: text.openapi({ description: 'Code as in /v3/reference/tickers/types' }),
  market: choice(['', 'stocks', 'crypto', 'fx', 'otc', 'indices'], '').openapi({
    description: 'This server has stocks only; `otc` those whose listing names an OTC market',
  }),
  exchange: text.openapi({ description: 'Primary exchange, MIC' }),
  cusip: text.openapi({ description: 'Refused: none is known' }),
  cik: text.openapi({ description: 'Refused: none is known' }),
  date: optionalDate.openapi({ description: 'As it was on this day; today unless given' }),
  search: text.openapi({ description: 'Part of the symbol or the name, whatever the case' }),
  active: flag(true),
  order: choice(['asc', 'desc'], 'asc'),
  limit: pageLimit({ max: 1000, default: 100 }),
  sort: choice(SORTS, 'ticker'),
  as_of: asOfParameter,
  cursor: cursorParameter,
});
type TickersQuery = z.infer<typeof tickersQuery>;

/** Tickers: the list, one of them, and what became of it. */
export function addTickerRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  const list: PagedList<TickersQuery, TickerShape> = {
    schema: tickersQuery,
    uses: TICKER_TABLES,
    also: ({ query: { date, as_of }, today }) => (date === undefined && as_of === undefined ? today : undefined),
    read: (page) => listTickers(serving, page),
    envelope: countedEnvelope,
  };
  addRoute(app, 'vendor', {
    path: '/v3/reference/tickers',
    summary: 'Tickers that are or were traded',
    query: tickersQuery,
    answer: tickersShape,
    handle: (c) => pageAnswer(c, serving, list),
  });
  addRoute(app, 'vendor', {
    path: '/v3/reference/tickers/{ticker}',
    summary: 'One ticker',
    params: z.object({ ticker: symbolParameter }),
    query: z.object({
      date: optionalDate.openapi({ description: 'As it was on this day; today unless given' }),
      as_of: asOfParameter,
    }),
    answer: tickerDetailsAnswer,
    handle: async (c, { params, query }) => {
      refuseOtherClasses(params.ticker);
      const view = await viewAt(c, serving, query.as_of);
      const date = query.date ?? defaultDate(serving.clock, query.as_of);
      return answer(c, serving, {
        view,
        uses: TICKER_TABLES,
        ...(query.date === undefined && query.as_of === undefined ? { also: date } : {}),
        make: async (requestId) => {
          const directory = await tickersOf(serving, view);
          const session = sessionOn(serving, date);
          const ticker = session === undefined ? undefined : directory.at(params.ticker, session);
          if (ticker === undefined || session === undefined) throw notFound('Ticker not found');
          return { status: 'OK', request_id: requestId, count: 1, results: detailsOf(directory, ticker, session) };
        },
      });
    },
  });
  addRoute(app, 'vendor', {
    path: '/vX/reference/tickers/{id}/events',
    summary: 'The symbols that a security has had, newest first',
    description: 'The id is a ticker as it is meant today, or a composite FIGI. CUSIPs are not known.',
    params: z.object({ id: symbolParameter }),
    query: z.object({
      types: choice(['', 'ticker_change'], '').openapi({ description: 'The only kind of events that there is' }),
      as_of: asOfParameter,
    }),
    answer: tickerEventsShape,
    handle: async (c, { params, query }) => {
      const view = await viewAt(c, serving, query.as_of);
      return answer(c, serving, {
        view,
        uses: TICKER_TABLES,
        make: async (requestId) => {
          const directory = await tickersOf(serving, view);
          const ticker = directory.newest(params.id) ?? directory.byFigi(params.id);
          if (ticker === undefined) throw notFound('Ticker not found');
          const all = directory.ofSecurity(ticker.securityId);
          const newest = all.at(-1) ?? ticker;
          return {
            status: 'OK',
            request_id: requestId,
            results: {
              name: newest.name ?? newest.symbol,
              composite_figi: newest.figi,
              cik: null,
              events: all
                .filter(({ isListed }) => isListed)
                .map(eventOf)
                .reverse(),
            },
          };
        },
      });
    },
  });
}

/** The session whose state a date has: the last one on or before it. */
function sessionOn({ calendar }: Pick<Serving, 'calendar'>, date: IsoDate): IsoDate | undefined {
  const index = calendar.indexOnOrBefore(date);
  return index < 0 ? undefined : calendar.sessionAt(index);
}

async function listTickers(
  serving: MarketAnswerDeps,
  { query, view, today, offset }: ListPage<TickersQuery>,
): Promise<TickerShape[]> {
  const session = sessionOn(serving, query.date ?? today);
  const directory = await tickersOf(serving, view);
  refuseUnknownFilters(query, directory);
  if (session === undefined) return [];
  const range = rangeIn<string>(query, 'ticker');
  const search = query.search?.trim().toLowerCase() ?? '';
  const found = directory.tickers.filter(
    (ticker) =>
      isWithin(ticker.symbol, range) &&
      (query.active ? directory.isActive(ticker, session) : directory.isDelisted(ticker, session)) &&
      (query.market === '' || marketOf(ticker) === query.market) &&
      isSame(ticker.type, query.type) &&
      isSame(ticker.exchange, query.exchange) &&
      (search === '' ||
        ticker.symbol.toLowerCase().includes(search) ||
        (ticker.name ?? '').toLowerCase().includes(search)),
  );
  // The directory ascends by symbol and first session, and the sort is stable.
  const ordered = query.sort === 'ticker' ? found : found.sort((a, b) => compare(sortKey(a, query), sortKey(b, query)));
  if (query.order === 'desc') ordered.reverse();
  return ordered.slice(offset, offset + query.limit + 1).map((ticker) => shapeOf(directory, ticker, session));
}

/** Throws for a filter by what is not known here: types and exchanges, OTC ones among them, come with listings. */
function refuseUnknownFilters(query: TickersQuery, { tickers }: TickerDirectory): void {
  refuseOtherClass(query.market);
  refuseOtherClasses(query.ticker ?? '');
  if (query.market === 'otc' && !tickers.some(({ exchange }) => isOtcExchange(exchange)))
    throw notEntitled('securities traded over the counter');
  const isGiven = (value: string | undefined): boolean => value !== undefined && value.trim() !== '';
  for (const name of ['cusip', 'cik'] as const)
    if (isGiven(query[name])) throw filterUnknown('Tickers', name, 'Filter by ticker, or search for a name');
  for (const name of ['type', 'exchange'] as const) {
    const isKnown = tickers.length === 0 || tickers.some((ticker) => ticker[name] !== null);
    if (isGiven(query[name]) && !isKnown)
      throw filterUnknown('Tickers', name, `Import listings with their ${name}, or fetch them from the vendor`);
  }
}

function isSame(value: string | null, wanted: string | undefined): boolean {
  return wanted === undefined || wanted.trim() === '' || value?.toLowerCase() === wanted.trim().toLowerCase();
}

/** Returns the sort key. If it is unknown, or the same for all, the order is by ticker. */
function sortKey(ticker: Ticker, { sort }: TickersQuery): string {
  if (sort === 'name') return ticker.name ?? ticker.symbol;
  if (sort === 'primary_exchange') return ticker.exchange ?? '';
  if (sort === 'type') return ticker.type ?? '';
  if (sort === 'composite_figi') return ticker.figi ?? '';
  if (sort === 'last_updated_utc') return ticker.seenAtMs === null ? '' : new Date(ticker.seenAtMs).toISOString();
  return sort === 'delisted_utc' ? (ticker.lastSession ?? '') : '';
}

function shapeOf(directory: TickerDirectory, ticker: Ticker, session: IsoDate): TickerShape {
  const active = directory.isActive(ticker, session);
  return {
    ...identityOf(ticker, active),
    currency_symbol: 'USD',
    ...known(ticker),
    ...(ticker.seenAtMs === null ? {} : { last_updated_utc: instantText(ticker.seenAtMs) }),
    ...delisted(ticker, active),
  };
}

function detailsOf(directory: TickerDirectory, ticker: Ticker, session: IsoDate): TickerDetailsShape {
  const active = directory.isActive(ticker, session);
  const [root = ticker.symbol, suffix] = ticker.symbol.split('.');
  const listedOn = directory.listedOn(ticker.securityId);
  return {
    ...identityOf(ticker, active),
    ticker_root: root,
    ...(suffix === undefined ? {} : { ticker_suffix: suffix }),
    ...known(ticker),
    ...(listedOn === undefined ? {} : { list_date: listedOn }),
    ...delisted(ticker, active),
  };
}

function identityOf(ticker: Ticker, active: boolean) {
  const { symbol, name } = ticker;
  const place = { market: marketOf(ticker), locale: 'us' } as const;
  return { ticker: symbol, name: name ?? symbol, ...place, active, currency_name: 'usd' as const };
}

function marketOf({ exchange }: Ticker): 'stocks' | 'otc' {
  return isOtcExchange(exchange) ? 'otc' : 'stocks';
}

function known({ type, exchange, figi }: Ticker) {
  return {
    ...(type === null ? {} : { type }),
    ...(exchange === null ? {} : { primary_exchange: exchange }),
    ...(figi === null ? {} : { composite_figi: figi }),
  };
}

function delisted({ isListed, lastSession }: Ticker, active: boolean) {
  return isListed && !active && lastSession !== null ? { delisted_utc: `${lastSession}T00:00:00Z` } : {};
}

function eventOf({ firstSession, symbol }: Ticker): TickerEventShape {
  return {
    type: 'ticker_change',
    event_type: 'ticker_change',
    date: firstSession,
    ticker_change: { ticker: symbol },
  };
}

/** Whole seconds, as the vendor writes it. */
function instantText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
