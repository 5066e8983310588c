import { UsageError } from '#base/errors.ts';
import type { ServingApp } from '../http/serving.ts';

/**
 * Addresses that older clients of the vendor still request, with the route of today for each. Sources: older versions
 * of the vendor's own client libraries, and for the financial statements its changelog of 2026-06-22.
 */
const REPLACED: readonly (readonly [path: string, by: string])[] = [
  ['/v1/meta/symbols/:symbol/company', '/v3/reference/tickers/{ticker}'],
  ['/v1/meta/symbols/:symbol/news', '/v2/reference/news'],
  ['/v1/meta/symbols/:symbol/dividends', '/v3/reference/dividends?ticker={ticker}'],
  ['/v1/meta/exchanges', '/v3/reference/exchanges'],
  ['/v1/meta/conditions/:kind', '/v3/reference/conditions'],
  ['/v1/historic/agg/:size/:symbol', '/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}'],
  ['/v1/historic/agg/:size/:symbol/:date', '/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}'],
  ['/v1/historic/trades/:symbol/:date', '/v3/trades/{ticker}'],
  ['/v1/historic/quotes/:symbol/:date', '/v3/quotes/{ticker}'],
  ['/v1/last/stocks/:symbol', '/v2/last/trade/{ticker}'],
  ['/v1/last_quote/stocks/:symbol', '/v2/last/nbbo/{ticker}'],
  ['/v2/reference/tickers', '/v3/reference/tickers'],
  ['/v2/reference/types', '/v3/reference/tickers/types'],
  ['/v2/reference/splits/:symbol', '/v3/reference/splits?ticker={ticker}'],
  ['/v2/reference/dividends/:symbol', '/v3/reference/dividends?ticker={ticker}'],
  ['/v2/reference/financials/:symbol', '/stocks/financials/v1/income-statements?tickers={ticker}'],
  ['/vX/reference/tickers/:symbol', '/v3/reference/tickers/{ticker}'],
];

/** Goes before what is not found or not offered, so that an old client is told what to change. */
export function addOutdated(app: ServingApp): void {
  for (const [path, by] of REPLACED) {
    app.get(path, (c) => {
      throw new UsageError({
        code: 'not-found',
        message: 'The vendor has replaced this address',
        found: c.req.path.slice(0, SHOWN_MAX),
        action: `Use ${by}`,
      });
    });
  }
}

const SHOWN_MAX = 200;
