import { z } from '@hono/zod-openapi';
import { UsageError } from '#base/errors.ts';
import { asOfParameter, flag, symbolParameter } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { Serving, ServingApp } from '../http/serving.ts';
import { finalityOf, readSeries } from '../read/bar-series.ts';
import { defaultDate } from '../read/default-date.ts';
import { otcListings } from '../read/otc.ts';
import { dayParameter } from './day-parameter.ts';
import { answerFromSeries } from './series-answer.ts';
import { type OpenClose, openClose } from './shapes/open-close.ts';
import { refuseOtherClasses } from './stock-symbol.ts';

/** `GET /v1/open-close/{ticker}/{date}`: one day of one symbol, as a flat object. 404 where it has no bar on it. */
export function addOpenClose(app: ServingApp, serving: Serving): void {
  addRoute(app, 'vendor', {
    path: '/v1/open-close/{ticker}/{date}',
    summary: 'Open, close, high and low of a symbol on one day',
    params: z.object({ ticker: symbolParameter, date: dayParameter }),
    query: z.object({ adjusted: flag(true), as_of: asOfParameter }),
    answer: openClose,
    handle: async (c, { params: { ticker: symbol, date }, query: { adjusted, as_of } }) => {
      refuseOtherClasses(symbol);
      const view = await serving.views.at(as_of);
      const today = defaultDate(serving.clock, as_of);
      const request = {
        symbol,
        at: date < today ? date : today,
        adjusted,
        grain: { unit: 'day', multiplier: 1 } as const,
        liveUntil: as_of === undefined ? today : undefined,
      };
      return answerFromSeries(c, serving, {
        view,
        request,
        make: async (series) => {
          const [bar] = await readSeries(series, { from: date, to: date });
          if (bar === undefined) throw noBar(symbol, date);
          const finality = await finalityOf(series, bar);
          const isOtc = (await otcListings(serving, view)).has(symbol, date);
          const body: OpenClose = {
            status: 'OK',
            from: date,
            symbol,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
            ...(isOtc ? { otc: true } : {}),
            ...(finality === undefined ? {} : { x_finality: finality }),
          };
          return body;
        },
      });
    },
  });
}

function noBar(symbol: string, date: string): UsageError {
  return new UsageError({ code: 'not-found', message: 'Data not found', found: `${symbol} on ${date}` });
}
