import { z } from '@hono/zod-openapi';
import { addDays, type IsoDate } from '#base/dates.ts';
import { newYorkInstant } from '#market/calendar/new-york.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { asOfParameter, flag, symbolParameter } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { ServingApp } from '../http/serving.ts';
import { finalityOf, liveTagOf, readSeries, type Series, type SeriesBar } from '../read/bar-series.ts';
import { type OtcListings, otcListings } from '../read/otc.ts';
import { calendarBar } from './aggregate-wire.ts';
import { answerFromSeries } from './series-answer.ts';
import { DAILY, firstPage } from './series-page.ts';
import { type PreviousClose, previousClose } from './shapes/aggregates.ts';
import { refuseOtherClasses } from './stock-symbol.ts';

/** The vendor stamps it with 16:00 in New York, though a bar of a range with midnight. */
const STAMPED_AT_MINUTE = 16 * 60;
/** A security's last bar is nearly always one of the last sessions; its whole history is read only where it is not. */
const LOOK_BACK_DAYS = 14;

/** `GET /v2/aggs/ticker/{ticker}/prev`: the symbol's bar of the last session that is over. */
export function addPreviousClose(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: '/v2/aggs/ticker/{ticker}/prev',
    summary: 'The last bar of a symbol whose session is over',
    params: z.object({ ticker: symbolParameter }),
    query: z.object({ adjusted: flag(true), as_of: asOfParameter }),
    answer: previousClose,
    handle: async (c, { params: { ticker }, query: { adjusted, as_of } }) => {
      refuseOtherClasses(ticker);
      const seam = await firstPage(c, serving, as_of);
      // A live bar counts from the close of its session until batch publishes it; a split of today counts at once.
      const closed = serving.calendar.lastClosedSession(serving.clock.nowMs());
      return answerFromSeries(c, serving, {
        request: { ...seam, symbol: ticker, adjusted, grain: DAILY },
        tag: (series) =>
          liveTagOf(
            series,
            series.live.filter(({ session }) => session <= closed),
          ),
        make: async (series, requestId) => {
          const otc = await otcListings(serving, seam.view);
          return bodyOf(series, { ticker, adjusted, otc, requestId, closed });
        },
      });
    },
  });
}

async function bodyOf(
  series: Series,
  request: {
    readonly ticker: string;
    readonly adjusted: boolean;
    readonly otc: OtcListings;
    readonly requestId: string;
    readonly closed: IsoDate;
  },
): Promise<PreviousClose> {
  const bar = await lastBar(series, request.closed);
  const finality = bar === undefined ? undefined : await finalityOf(series, bar);
  const count = bar === undefined ? 0 : 1;
  return {
    ticker: request.ticker,
    queryCount: count,
    resultsCount: count,
    adjusted: request.adjusted,
    ...(bar === undefined
      ? {}
      : {
          results: [
            { ...resultOf(request.ticker, bar), ...(request.otc.has(request.ticker, bar.first) ? { otc: true } : {}) },
          ],
        }),
    status: 'OK',
    request_id: request.requestId,
    count,
    x_last_published: series.query.published.max ?? series.lastSession,
    ...(finality === undefined ? {} : { x_finality: finality }),
  };
}

async function lastBar(series: Series, closed: IsoDate): Promise<SeriesBar | undefined> {
  const to = series.lastSession < closed ? series.lastSession : closed;
  const recent = await readSeries(series, { from: addDays(to, -LOOK_BACK_DAYS), to });
  if (recent.length > 0) return recent.at(-1);
  const { firstSession } = series.query.deps.calendar;
  return (await readSeries(series, { from: firstSession, to })).at(-1);
}

function resultOf(T: string, bar: SeriesBar) {
  return { T, ...calendarBar(bar), t: newYorkInstant(bar.first, STAMPED_AT_MINUTE) };
}
