import { notEntitled } from '../http/http-errors.ts';
import type { ServingApp } from '../http/serving.ts';

/**
 * Vendor data that this server does not have. The response is the vendor's own for data outside the plan, 403; 404
 * would mean a wrong address.
 */

/** Below these addresses there is nothing else. The first one that fits counts. */
const MISSING: readonly (readonly [path: string, what: string])[] = [
  ['/v3/trades/*', 'trades'],
  ['/v3/quotes/*', 'quotes'],
  ['/v2/last/trade/*', 'trades'],
  ['/v2/last/nbbo/*', 'quotes'],
  ['/v2/ticks/*', 'trades and quotes'],
  ['/stocks/dev/*', 'trades'],
  ['/v2/reference/news', 'news'],
  ['/v1/related-companies/*', 'related companies'],
  ['/stocks/v1/short-interest', 'short interest'],
  ['/stocks/v1/short-volume', 'short volume'],
  ['/stocks/vX/float', 'free float'],
  ['/stocks/financials/*', 'financial statements'],
  ['/stocks/filings/*', 'filings'],
  ['/stocks/taxonomies/*', 'filings'],
  ['/vX/reference/ipos', 'initial public offerings'],
  ['/v1/reference/ipos', 'initial public offerings'],
  ['/vX/reference/financials', 'financial statements'],
  ['/benzinga/*', 'news and ratings'],
  ['/tmx/*', 'corporate events'],
  ['/etf-global/*', 'data about funds'],
  ['/fed/*', 'economic data'],
  ['/consumer-spending/*', 'economic data'],
  ['/options/*', 'options, only stocks'],
  ['/v3/reference/options/*', 'options, only stocks'],
  ['/v3/snapshot/options/*', 'options, only stocks'],
  ['/v3/snapshot/indices', 'indices, only stocks'],
  ['/v3/snapshot/indices/*', 'indices, only stocks'],
  ['/futures/*', 'futures, only stocks'],
  ['/crypto/*', 'crypto currencies, only stocks'],
  ['/forex/*', 'currencies, only stocks'],
  ['/v1/conversion/*', 'currencies, only stocks'],
  ['/v1/historic/*', 'currencies, only stocks'],
  ['/v1/last/crypto/*', 'crypto currencies, only stocks'],
  ['/v1/last_quote/*', 'currencies, only stocks'],
  ['/v1/open-close/crypto/*', 'crypto currencies, only stocks'],
  ['/v2/aggs/grouped/locale/global/*', 'currencies, only stocks'],
  ['/v2/snapshot/locale/global/*', 'currencies, only stocks'],
];

/** Goes after all routes that do have something. */
export function addNotEntitled(app: ServingApp): void {
  for (const [path, what] of MISSING) {
    app.get(path, () => {
      throw notEntitled(what);
    });
  }
}
