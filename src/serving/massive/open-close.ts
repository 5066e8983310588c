import { z } from '@hono/zod-openapi';
import { UsageError } from '#base/errors.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { asOfParameter, flag, symbolParameter } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { ServingApp } from '../http/serving.ts';
import { finalityOf, readSeries } from '../read/bar-series.ts';
import { otcListings } from '../read/otc.ts';
import { dayParameter } from './day-parameter.ts';
import { answerFromSeries } from './series-answer.ts';
import { DAILY, firstPage } from './series-page.ts';
import { type OpenClose, openClose } from './shapes/open-close.ts';
import { refuseOtherClasses } from './stock-symbol.ts';

/** `GET /v1/open-close/{ticker}/{date}`: one day of one symbol, as a flat object. 404 where it has no bar on it. */
export function addOpenClose(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: '/v1/open-close/{ticker}/{date}',
    summary: 'Open, close, high and low of a symbol on one day',
    params: z.object({ ticker: symbolParameter, date: dayParameter }),
    query: z.object({ adjusted: flag(true), as_of: asOfParameter }),
    answer: openClose,
    handle: async (c, { params: { ticker: symbol, date }, query: { adjusted, as_of } }) => {
      refuseOtherClasses(symbol);
      const seam = await firstPage(c, serving, as_of, date);
      return answerFromSeries(c, serving, {
        request: { ...seam, symbol, adjusted, grain: DAILY },
        make: async (series) => {
          const [bar] = await readSeries(series, { from: date, to: date });
          if (bar === undefined) throw noBar(symbol, date);
          const { open, high, low, close, volume } = bar;
          const finality = await finalityOf(series, bar);
          const isOtc = (await otcListings(serving, seam.view)).has(symbol, date);
          const body: OpenClose = {
            status: 'OK',
            from: date,
            symbol,
            open,
            high,
            low,
            close,
            volume,
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
