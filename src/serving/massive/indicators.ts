import { z } from '@hono/zod-openapi';
import { defined } from '#base/assert.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import { newYorkMidnight } from '#market/calendar/new-york-midnight.ts';
import { CALENDAR_UNITS } from '#market/calendar-windows.ts';
import { ema, macd, rsi, sma } from '#market/indicators.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { originOf } from '../http/origin.ts';
import {
  asOfParameter,
  choice,
  cursorParameter,
  dateParameter,
  flag,
  pageLimit,
  symbolParameter,
  whole,
} from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { ServingApp, ServingContext } from '../http/serving.ts';
import { readSeries, type Series, type SeriesBar } from '../read/bar-series.ts';
import { wireOf } from './aggregate-wire.ts';
import { optionalInstant } from './day-parameter.ts';
import { isWithin, rangeIn, rangeOf } from './reference/filters.ts';
import { answerFromSeries } from './series-answer.ts';
import { cursorOf, firstPage, grainOf, laterPage, pinOf, rangePath, type SeriesPage } from './series-page.ts';
import { type IndicatorAnswer, type IndicatorValue, indicatorAnswer, macdAnswer } from './shapes/indicators.ts';
import { refuseOtherClasses } from './stock-symbol.ts';

/**
 * `GET /v1/indicators/{sma|ema|rsi|macd}/{ticker}`. Values are made from the whole history before them, so that they do not
 * depend on the range, the order or the page that they are asked for in.
 */

const params = z.object({ ticker: symbolParameter });

const TIMESPANS = ['minute', 'hour', ...CALENDAR_UNITS, 'session'] as const;
const SERIES_TYPES = ['open', 'high', 'low', 'close'] as const;
const WINDOW_MAX = 1000;
const LIMIT_MAX = 5000;
const LIMIT_DEFAULT = 10;

const options = z.object({
  ...rangeOf('timestamp', optionalInstant),
  timespan: choice(TIMESPANS, 'day'),
  multiplier: whole({ min: 1, max: 252, default: 1 }),
  include_partial: flag(false),
  adjusted: flag(true),
  series_type: choice(SERIES_TYPES, 'close'),
  expand_underlying: flag(false),
  order: choice(['desc', 'asc'], 'desc'),
  limit: pageLimit({ max: LIMIT_MAX, default: LIMIT_DEFAULT }),
});

type WindowName = 'window' | 'short_window' | 'long_window' | 'signal_window';
type Options = z.infer<typeof options> & { readonly [name in WindowName]?: number };
type Value = Omit<IndicatorValue, 'timestamp'>;

interface Indicator {
  readonly name: string;
  readonly summary: string;
  /** Its windows and what they are unless given. */
  readonly windows: { readonly [name in WindowName]?: number };
  readonly answer: z.ZodType;
  readonly of: (values: readonly number[], window: (name: WindowName) => number) => readonly (Value | undefined)[];
  /** Only so many bars before a value went into it; undefined: all of them. */
  readonly reach?: (window: (name: WindowName) => number) => number;
}

const INDICATORS: readonly Indicator[] = [
  {
    name: 'sma',
    summary: 'Simple moving average',
    windows: { window: 50 },
    answer: indicatorAnswer,
    of: (values, window) => single(sma(values, window('window'))),
    reach: (window) => window('window') - 1,
  },
  {
    name: 'ema',
    summary: 'Exponential moving average, begun with a simple one',
    windows: { window: 50 },
    answer: indicatorAnswer,
    of: (values, window) => single(ema(values, window('window'))),
  },
  {
    name: 'rsi',
    summary: 'Relative strength index, smoothed as by Wilder',
    windows: { window: 14 },
    answer: indicatorAnswer,
    of: (values, window) => single(rsi(values, window('window'))),
  },
  {
    name: 'macd',
    summary: 'Moving average convergence and divergence',
    windows: { short_window: 12, long_window: 26, signal_window: 9 },
    answer: macdAnswer,
    of: (values, window) =>
      macd(values, {
        short: window('short_window'),
        long: window('long_window'),
        signal: window('signal_window'),
      }),
  },
];

function single(values: readonly (number | undefined)[]): readonly (Value | undefined)[] {
  return values.map((value) => (value === undefined ? undefined : { value }));
}

export function addIndicators(app: ServingApp, serving: MarketAnswerDeps): void {
  for (const indicator of INDICATORS) addIndicator(app, serving, indicator);
}

interface PageRequest extends SeriesPage {
  readonly options: Options;
  readonly asOfMs: InstantMs | undefined;
  /** First day of the last bar on the page before; undefined on the first page. */
  readonly after: IsoDate | undefined;
}

function addIndicator(app: ServingApp, serving: MarketAnswerDeps, indicator: Indicator): void {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, value] of Object.entries(indicator.windows)) {
    shape[name] = whole({ min: 1, max: WINDOW_MAX, default: value });
  }
  // The windows are whole numbers, which a type cannot express for names known only at run time.
  const own = options.extend(shape) as unknown as z.ZodType<Options> & typeof options;
  const query = own.extend({ as_of: asOfParameter, cursor: cursorParameter });
  const position = own.extend({
    at: dateParameter,
    until: dateParameter,
    after: dateParameter,
    as_of: asOfParameter,
  });
  const readPage = async (c: ServingContext, symbol: string, given: z.infer<typeof query>): Promise<PageRequest> => {
    if (given.cursor !== undefined) {
      const { seam, position: asked } = await laterPage(c, serving, given.cursor, position);
      return { ...seam, ...seriesOf(symbol, asked), asOfMs: asked.as_of, after: asked.after };
    }
    const seam = await firstPage(c, serving, given.as_of, lastDayOf(given));
    return { ...seam, ...seriesOf(symbol, given), asOfMs: given.as_of, after: undefined };
  };
  addRoute(app, 'vendor', {
    path: `/v1/indicators/${indicator.name}/{ticker}`,
    summary: indicator.summary,
    params,
    query,
    answer: indicator.answer,
    handle: async (c, given) => {
      const symbol = given.params.ticker;
      refuseOtherClasses(symbol);
      const request = await readPage(c, symbol, given.query);
      return answerFromSeries(c, serving, {
        request,
        make: (series, requestId) => bodyOf(c, serving, indicator, request, series, requestId),
      });
    },
  });
}

function seriesOf(symbol: string, options: Options) {
  const { timespan, multiplier, include_partial: includePartial, adjusted } = options;
  // Multiples of a calendar unit would depend on where history begins.
  const grain = grainOf(timespan, timespan === 'session' ? multiplier : 1, includePartial);
  return { symbol, grain, adjusted, options };
}

/** The last day that the filters allow; undefined: any. */
function lastDayOf(given: Options): IsoDate | undefined {
  const before = given['timestamp.lt'];
  const bounds = [given.timestamp, given['timestamp.lte'], before === undefined ? undefined : before - 1];
  const lastMs = Math.min(...bounds.filter((ms) => ms !== undefined));
  return lastMs === Number.POSITIVE_INFINITY ? undefined : newYorkAt(lastMs).date;
}

async function bodyOf(
  c: ServingContext,
  serving: MarketAnswerDeps,
  indicator: Indicator,
  request: PageRequest,
  series: Series,
  requestId: string,
): Promise<IndicatorAnswer> {
  const { options: asked } = request;
  const window = (name: WindowName): number => defined(asked[name], `${indicator.name} has a window ${name}`);
  const bars = await readSeries(series, { from: serving.calendar.firstSession, to: series.lastSession });
  const indicated = indicator.of(
    bars.map((bar) => bar[asked.series_type]),
    window,
  );
  const found: { readonly index: number; readonly value: IndicatorValue }[] = [];
  for (const [index, value] of indicated.entries()) {
    const timestamp = newYorkMidnight(bars[index]?.first ?? series.lastSession);
    if (value !== undefined && isWanted(request, timestamp)) found.push({ index, value: { timestamp, ...value } });
  }
  if (asked.order === 'desc') found.reverse();
  const page = found.slice(0, asked.limit);
  const [oldest, newest] = [Math.min(...page.map(({ index }) => index)), Math.max(...page.map(({ index }) => index))];
  const reach = indicator.reach === undefined ? oldest : Math.min(oldest, indicator.reach(window));
  const used = page.length === 0 ? [] : bars.slice(oldest - reach, newest + 1);
  const last = bars[page.at(-1)?.index ?? bars.length]?.first;
  const hasMore = found.length > page.length && last !== undefined;
  return {
    results: {
      underlying: underlyingOf(c, serving, request, series, used),
      values: page.map(({ value }) => value),
    },
    status: 'OK',
    request_id: requestId,
    ...(hasMore ? { next_url: nextUrl(c, serving, indicator, request, series, last) } : {}),
  } as IndicatorAnswer;
}

function isWanted({ options: asked, after }: PageRequest, timestamp: InstantMs): boolean {
  if (!isWithin(timestamp, rangeIn<InstantMs>(asked, 'timestamp'))) return false;
  if (after === undefined) return true;
  const seen = newYorkMidnight(after);
  return asked.order === 'desc' ? timestamp < seen : timestamp > seen;
}

/** The bars that went into the values of this page, and where they are: newest first, as that address gives them. */
function underlyingOf(
  c: ServingContext,
  serving: MarketAnswerDeps,
  request: PageRequest,
  { lastSession }: Series,
  used: readonly SeriesBar[],
) {
  const { grain, adjusted, asOfMs, options: asked } = request;
  // Without bars: a day that does not depend on the time of the request.
  const from = newYorkMidnight(used[0]?.first ?? lastSession);
  const to = newYorkMidnight(used.at(-1)?.first ?? lastSession);
  const query = new URLSearchParams({ limit: '50000', sort: 'desc' });
  if (!adjusted) query.set('adjusted', 'false');
  if (grain.unit === 'session' && grain.includePartial) query.set('include_partial', 'true');
  if (asOfMs !== undefined) query.set('as_of', String(asOfMs));
  const url = `${originOf(c.req, serving)}${rangePath(request, from, to)}?${query}`;
  if (!asked.expand_underlying) return { url };
  return { url, aggregates: used.toReversed().map(wireOf(grain)) };
}

function nextUrl(
  c: ServingContext,
  serving: MarketAnswerDeps,
  indicator: Indicator,
  request: PageRequest,
  series: Series,
  last: IsoDate,
): string {
  const { symbol, options: asked, asOfMs } = request;
  const position: Record<string, string> = {
    ...pinOf(request, series),
    after: last,
    ...(asOfMs === undefined ? {} : { as_of: String(asOfMs) }),
  };
  const names = [...Object.keys(options.shape), ...Object.keys(indicator.windows)] as (keyof Options)[];
  for (const name of names) if (asked[name] !== undefined) position[name] = String(asked[name]);
  const path = `/v1/indicators/${indicator.name}/${encodeURIComponent(symbol)}`;
  return `${originOf(c.req, serving)}${path}?cursor=${cursorOf(request, position)}`;
}
