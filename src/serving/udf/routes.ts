import { z } from '@hono/zod-openapi';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import { priceChange } from '#market/price-change.ts';
import { answer, fresh } from '../http/answer.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { list, pageLimit, whole } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { Serving, ServingApp, ServingContext } from '../http/serving.ts';
import { liveTagOf } from '../read/bar-series.ts';
import { liveTag } from '../read/live-part.ts';
import { TICKER_TABLES, tickersOf } from '../read/ticker-directory.ts';
import type { LakeView } from '../read/view.ts';
import {
  type Chart,
  type ChartRequest,
  lastBarOf,
  openChartSeries,
  readChartSeries,
  tablesOf,
} from './chart-series.ts';
import { sliceHistory } from './history.ts';
import { barMarks, eventMarks, marksShapeOf, timescaleMarksOf } from './marks.ts';
import { offeredResolutions, type Resolution, readResolution } from './resolution.ts';
import {
  type ConfigShape,
  configShape,
  historyShape,
  marksShape,
  orError,
  type QuotesShape,
  quotesShape,
  searchShape,
  symbolShape,
  timescaleMarksShape,
  type UdfError,
} from './shapes.ts';
import { EXCHANGE_FILTERS, exchangeOf, searchSymbols, symbolInfo, TYPE_FILTERS, tickerOf } from './symbols.ts';

const symbol = z
  .string()
  .min(1, 'a symbol, as AAPL or NASDAQ:AAPL')
  .max(64, 'at most 64 characters')
  .openapi({ example: 'NASDAQ:AAPL', description: 'Symbol, with or without its exchange' });
const resolution = z.string().openapi({ example: '21D', description: '1D to 252D, 1W, 1M' });
const seconds = z
  .string()
  .regex(/^-?\d{1,12}(\.\d+)?$/, 'Unix seconds')
  .transform((text) => Math.floor(Number(text)))
  .openapi({ type: 'integer', description: 'Unix seconds' });

const COUNTBACK_MAX = 100_000;
const historyQuery = z.object({
  symbol,
  resolution,
  from: seconds.optional(),
  to: seconds,
  countback: whole({ min: 0, max: COUNTBACK_MAX, default: 0 }).openapi({
    description: 'So many bars before `to`, wherever `from` lies; 0: as many as lie in the range',
  }),
});
const marksQuery = z.object({ symbol, resolution, from: seconds, to: seconds });
const searchText = z.string().max(64, 'at most 64 characters').default('');

/** Symbols whose quotes one request may ask for. */
const QUOTES_MAX = 100;

/**
 * The datafeed protocol of TradingView's charting library (UDF), under `/udf`. Whatever goes wrong is answered with status 200
 * and `s: "error"`, as the library's adapter expects it.
 */
export function addUdfRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  app.use('/udf/*', async (c, next) => {
    await next();
    if (c.error instanceof CondvestError) c.res = errorAnswer(c, c.error);
  });
  addDescriptions(app, serving);
  addSeries(app, serving);
  addMarks(app, serving);
}

function addDescriptions(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'udf', {
    path: '/udf/config',
    summary: 'What this datafeed can do',
    answer: orError(configShape),
    handle: (c) => {
      const config: ConfigShape = {
        supports_search: true,
        supports_group_request: false,
        supports_marks: true,
        supports_timescale_marks: true,
        supports_time: true,
        exchanges: [...EXCHANGE_FILTERS],
        symbols_types: [...TYPE_FILTERS],
        supported_resolutions: offeredResolutions(serving.intervals),
      };
      return fresh(c, config);
    },
  });
  addRoute(app, 'udf', {
    path: '/udf/time',
    summary: "The server's time, Unix seconds",
    answer: 'text',
    handle: (c) => c.text(String(Math.floor(serving.clock.nowMs() / 1000)), 200, { 'cache-control': 'no-store' }),
  });
  addRoute(app, 'udf', {
    path: '/udf/symbols',
    summary: 'One symbol',
    query: z.object({ symbol }),
    answer: orError(symbolShape),
    handle: (c, { query }) =>
      chartAnswer(c, serving, { resolution: DAILY, symbols: [query.symbol] }, async (view, today) => {
        const directory = await tickersOf(serving, view);
        const session = sessionOn(serving, today);
        const ticker = tickerOf(directory, query.symbol, session);
        const { bars } = await readChartSeries(serving, { symbol: ticker.symbol, resolution: DAILY, today }, view);
        const first = bars.times[0];
        return symbolInfo(ticker, {
          calendar: serving.calendar,
          intervals: serving.intervals,
          isActive: directory.isActive(ticker, session),
          lastClose: lastBarOf(bars)?.close,
          firstSession: first === undefined ? today : (new Date(first * 1000).toISOString().slice(0, 10) as IsoDate),
        });
      }),
  });
  addRoute(app, 'udf', {
    path: '/udf/search',
    summary: 'Symbols by symbol or name',
    query: z.object({
      query: searchText,
      type: searchText,
      exchange: searchText,
      limit: pageLimit({ max: 500, default: 30 }),
    }),
    answer: orError(searchShape),
    handle: (c, { query }) =>
      chartAnswer(c, serving, { resolution: DAILY, symbols: [] }, async (view, today) =>
        searchSymbols(await tickersOf(serving, view), sessionOn(serving, today), query),
      ),
  });
}

function addSeries(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'udf', {
    path: '/udf/history',
    summary: 'Bars of one symbol, adjusted for splits',
    description:
      'nD is n trading days; the open window is its last bar. `to` is not included; `countback` outranks `from`; times are trading days at 00:00 UTC in seconds.',
    query: historyQuery,
    answer: orError(historyShape),
    handle: (c, { query }) => {
      const { from = Number.NEGATIVE_INFINITY, to, countback } = query;
      const part = { from, to, countback: countback === 0 ? undefined : countback };
      return oneChartAnswer(c, serving, query, ({ bars }) => sliceHistory(bars, part));
    },
  });
  addRoute(app, 'udf', {
    path: '/udf/quotes',
    summary: 'The last bar of some symbols, against the one before',
    query: z.object({ symbols: list(QUOTES_MAX) }),
    answer: orError(quotesShape),
    handle: (c, { query: { symbols } }) =>
      chartAnswer(c, serving, { resolution: DAILY, symbols }, async (view, today): Promise<QuotesShape> => {
        const d: QuotesShape['d'] = [];
        for (const name of symbols) d.push(await quoteOf(serving, view, today, name));
        return { s: 'ok', d };
      }),
  });
}

function addMarks(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'udf', {
    path: '/udf/marks',
    summary: 'Splits, dividends and bars that are not final, on the bars',
    query: marksQuery,
    answer: orError(marksShape),
    handle: (c, { query }) =>
      oneChartAnswer(c, serving, query, async (chart, view, resolution) => {
        const request = { ...query, resolution };
        const events = await eventMarks(view, chart, request);
        return marksShapeOf([...events, ...(await barMarks(chart, request))]);
      }),
  });
  addRoute(app, 'udf', {
    path: '/udf/timescale_marks',
    summary: 'Splits and dividends, on the time scale',
    query: marksQuery,
    answer: orError(timescaleMarksShape),
    handle: (c, { query }) =>
      oneChartAnswer(c, serving, query, async (chart, view, resolution) =>
        timescaleMarksOf(await eventMarks(view, chart, { ...query, resolution })),
      ),
  });
}

const DAILY = readResolution('1D');

/** Responds with what is made of the chart that a query asks for. */
function oneChartAnswer(
  c: ServingContext,
  serving: MarketAnswerDeps,
  query: { readonly symbol: string; readonly resolution: string },
  make: (chart: Chart, view: LakeView, resolution: Resolution) => unknown,
): Promise<Response> {
  const resolution = readResolution(query.resolution);
  return chartAnswer(c, serving, { resolution, symbols: [query.symbol] }, async (view, today) => {
    const request = await spelled(serving, { symbol: query.symbol, resolution, today }, view);
    return make(await readChartSeries(serving, request, view), view, resolution);
  });
}

/** Responds with what the newest versions say of some symbols: cached until they, the day or the live bars of these symbols change. */
async function chartAnswer(
  c: ServingContext,
  serving: MarketAnswerDeps,
  { resolution: length, symbols }: { readonly resolution: Resolution; readonly symbols: readonly string[] },
  make: (view: LakeView, today: IsoDate) => Promise<unknown>,
): Promise<Response> {
  const view = await serving.views.current();
  const today = newYorkAt(serving.clock.nowMs()).date;
  const uses = [...new Set([...tablesOf(length), ...TICKER_TABLES])];
  const tagOf = async (symbol: string): Promise<string> => {
    const request = await spelled(serving, { symbol, resolution: length, today }, view);
    return liveTagOf(await openChartSeries(serving, request, view));
  };
  const isLive = symbols.length > 0 && (await liveTag(serving, view)) !== '';
  const tags = isLive ? await Promise.all(symbols.map((symbol) => tagOf(symbol).catch(whereUnknown))) : [];
  return answer(c, serving, { view, uses, also: [today, ...tags].join(' '), make: () => make(view, today) });
}

function whereUnknown(cause: unknown): undefined {
  if (!(cause instanceof CondvestError) || cause.code !== 'symbol-unknown') throw cause;
}

/** The same request with the symbol as the lake spells it. Throws `symbol-unknown`. */
async function spelled(serving: MarketAnswerDeps, request: ChartRequest, view: LakeView): Promise<ChartRequest> {
  const ticker = tickerOf(await tickersOf(serving, view), request.symbol, sessionOn(serving, request.today));
  return { ...request, symbol: ticker.symbol };
}

/** The last session on or before a date. */
function sessionOn({ calendar }: Pick<Serving, 'calendar'>, date: IsoDate): IsoDate {
  return calendar.sessionAt(Math.max(0, calendar.indexOnOrBefore(date)));
}

async function quoteOf(
  serving: MarketAnswerDeps,
  view: LakeView,
  today: IsoDate,
  name: string,
): Promise<QuotesShape['d'][number]> {
  try {
    const ticker = tickerOf(await tickersOf(serving, view), name, sessionOn(serving, today));
    const { bars } = await readChartSeries(serving, { symbol: ticker.symbol, resolution: DAILY, today }, view);
    const last = lastBarOf(bars);
    if (last === undefined) return { s: 'error', n: name, errmsg: 'no_data', v: {} };
    const before = lastBarOf(bars, 1);
    const change = before === undefined ? undefined : priceChange(before.close, last.close);
    return {
      s: 'ok',
      n: name,
      v: {
        ch: change?.amount ?? 0,
        chp: change?.percent ?? 0,
        short_name: ticker.symbol,
        exchange: exchangeOf(ticker),
        original_name: name,
        description: ticker.name ?? ticker.symbol,
        lp: last.close,
        open_price: last.open,
        high_price: last.high,
        low_price: last.low,
        ...(before === undefined ? {} : { prev_close_price: before.close }),
        volume: last.volume,
      },
    };
  } catch (cause) {
    whereUnknown(cause);
    return { s: 'error', n: name, errmsg: 'unknown_symbol', v: {} };
  }
}

function errorAnswer(c: ServingContext, error: CondvestError): Response {
  const body: UdfError = { s: 'error', errmsg: error.code === 'symbol-unknown' ? 'unknown_symbol' : error.message };
  return fresh(c, body);
}
