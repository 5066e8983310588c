import { z } from '@hono/zod-openapi';
import { addDays, type IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { newYorkMidnight } from '#market/calendar/new-york-midnight.ts';
import { CALENDAR_UNITS } from '#market/calendar-windows.ts';
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
import { fieldsOf, formatParameter, type TableFormat, tableOf } from '../http/table-format.ts';
import { finalityOf, liveTagOf, readSeries, type Series, type SeriesBar } from '../read/bar-series.ts';
import { otcListings } from '../read/otc.ts';
import { pageOf } from './aggregate-page.ts';
import { wireOf } from './aggregate-wire.ts';
import { dayParameter } from './day-parameter.ts';
import { answerFromSeries } from './series-answer.ts';
import { cursorOf, firstPage, grainOf, laterPage, pinOf, rangePath, type SeriesPage } from './series-page.ts';
import { type Aggregates, aggregates } from './shapes/aggregates.ts';
import { refuseOtherClasses } from './stock-symbol.ts';

/** `GET /v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}`: bars of one symbol at any grain from a day up. */

const WITHIN_A_DAY = ['second', 'minute', 'hour'] as const;
const TIMESPANS = [...WITHIN_A_DAY, ...CALENDAR_UNITS, 'session'] as const;
const MULTIPLIER_MAX = 1000;
const LIMIT_MAX = 50_000;
const LIMIT_DEFAULT = 5000;

const params = z.object({
  ticker: symbolParameter,
  multiplier: whole({ min: 1, max: MULTIPLIER_MAX, default: 1 }),
  timespan: choice(TIMESPANS, 'day'),
  from: dayParameter,
  to: dayParameter,
});

const options = {
  adjusted: flag(true),
  sort: choice(['asc', 'desc'], 'asc'),
  limit: pageLimit({ max: LIMIT_MAX, default: LIMIT_DEFAULT }),
  include_partial: flag(false),
  format: formatParameter,
};

const query = z.object({ ...options, as_of: asOfParameter, cursor: cursorParameter });

/** Position passed to later pages: the security, and the session up to which live bars and splits count. */
const position = z.object({ ...options, at: dateParameter, until: dateParameter });

interface PageRequest extends SeriesPage {
  readonly range: { readonly from: IsoDate; readonly to: IsoDate };
  readonly sort: 'asc' | 'desc';
  readonly limit: number;
  readonly isLater: boolean;
  readonly format: TableFormat | undefined;
}

const FIELDS = fieldsOf({
  ...{ t: 'long', o: 'double', h: 'double', l: 'double', c: 'double', v: 'double', vw: 'double', n: 'long' },
  otc: 'boolean',
});
const SESSION_FIELDS = [...FIELDS, ...fieldsOf({ end: 'long', sessions: 'integer', partial: 'boolean' })];

export function addAggregates(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: '/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}',
    summary: 'Bars of a symbol',
    description:
      'Windows of calendar time begin where the query does, as at the vendor. `session` is ours: windows of N sessions whose boundaries never move.',
    params,
    query,
    answer: aggregates,
    handle: async (c, given) => {
      const request = await pageRequest(c, serving, given.params, given.query);
      return answerFromSeries(c, serving, {
        request,
        rendering: tableOf(
          c.req,
          request.format,
          request.grain.unit === 'session' ? SESSION_FIELDS : FIELDS,
          'results',
        ),
        tag: (series) => tagOf(series, request),
        make: (series, requestId) => bodyOf(c, serving, request, series, requestId),
      });
    },
  });
}

async function pageRequest(
  c: ServingContext,
  serving: MarketAnswerDeps,
  path: z.infer<typeof params>,
  given: z.infer<typeof query>,
): Promise<PageRequest> {
  const { ticker: symbol, from, to } = path;
  refuseOtherClasses(symbol);
  if (from > to) {
    throw new UsageError({
      code: 'bars-range-empty',
      message: 'The range begins after it ends',
      found: `${from} to ${to}`,
      allowed: 'a first day that is not after the last',
    });
  }
  const later = given.cursor === undefined ? undefined : await laterPage(c, serving, given.cursor, position);
  const { adjusted, sort, limit, include_partial, format } = later?.position ?? given;
  const grain = grainOf(path.timespan, path.multiplier, include_partial);
  const seam = later?.seam ?? (await firstPage(c, serving, given.as_of, to));
  return { ...seam, symbol, grain, range: { from, to }, adjusted, sort, limit, isLater: later !== undefined, format };
}

/** A live bar outside the range matters for the splits that came with its session, but not for its values. */
function tagOf(series: Series, { grain, range }: PageRequest): string {
  const { live } = series;
  const isDaily = grain.unit === 'day' && grain.multiplier === 1;
  const shown = isDaily ? live.filter(({ session }) => session >= range.from && session <= range.to) : live;
  return liveTagOf(series, shown);
}

async function bodyOf(
  c: ServingContext,
  serving: MarketAnswerDeps,
  request: PageRequest,
  series: Series,
  requestId: string,
): Promise<Aggregates> {
  const { symbol, range, grain, adjusted } = request;
  const { bars, queryCount, next } = pageOf(await readSeries(series, range), request);
  const newest = request.sort === 'asc' ? bars.at(-1) : bars[0];
  const finality = newest === undefined ? undefined : await finalityOf(series, newest);
  const wire = wireOf(grain);
  const otc = await otcListings(serving, request.view);
  const results = bars.map((bar) => (otc.has(symbol, bar.last) ? { ...wire(bar), otc: true as const } : wire(bar)));
  return {
    ticker: symbol,
    queryCount,
    resultsCount: bars.length,
    adjusted,
    ...(bars.length > 0 || request.isLater ? { results } : {}),
    status: 'OK',
    request_id: requestId,
    count: bars.length,
    ...(next === undefined ? {} : { next_url: nextUrl(c, serving, request, series, { page: bars, next }) }),
    x_last_published: series.query.published.max ?? series.lastSession,
    ...(finality === undefined ? {} : { x_finality: finality }),
  };
}

/**
 * The same request from the next window on. Its range must begin where a window does, since windows begin where the
 * range does: ascending pages move the beginning of the range, descending ones its end.
 */
function nextUrl(
  c: ServingContext,
  serving: MarketAnswerDeps,
  request: PageRequest,
  series: Series,
  parts: { readonly page: readonly SeriesBar[]; readonly next: SeriesBar },
): string {
  const { grain, adjusted, sort, limit, range } = request;
  const earliest = parts.page.at(-1)?.first ?? parts.next.first;
  const from = sort === 'asc' ? newYorkMidnight(parts.next.first) : range.from;
  const to = sort === 'asc' ? range.to : newYorkMidnight(addDays(earliest, -1));
  const cursor = cursorOf(request, {
    adjusted: String(adjusted),
    sort,
    limit: String(limit),
    include_partial: String(grain.unit === 'session' && grain.includePartial),
    ...(request.format === undefined ? {} : { format: request.format }),
    ...pinOf(request, series),
  });
  return `${originOf(c.req, serving)}${rangePath(request, from, to)}?cursor=${cursor}`;
}
