import { z } from '@hono/zod-openapi';
import { answer } from '../http/answer.ts';
import { nanoseconds } from '../http/json.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { asOfParameter } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import { type ServingApp, viewAt } from '../http/serving.ts';
import { liveTag } from '../read/live-part.ts';
import { MARKET_TABLES, type MarketDay, marketDay, newestSession } from '../read/market-day.ts';
import { type TickerDirectory, tickersOf } from '../read/ticker-directory.ts';
import { anyOf } from './reference/filters.ts';
import { type MarketStatus, summaries, type TickerSummary, type UnknownTicker } from './shapes/snapshots.ts';
import { identityOf, marketStatus, priceOf, snapshotSession, unknownTicker } from './universal-snapshot.ts';

/** `GET /v1/summaries`: what a watchlist shows of its tickers, in the order in which they are named. */
export function addSummaries(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: '/v1/summaries',
    summary: 'What a watchlist shows of its tickers',
    query: z.object({ ...anyOf('ticker'), as_of: asOfParameter }),
    answer: summaries,
    handle: async (c, { query }) => {
      const view = await viewAt(c, serving, query.as_of);
      const status = marketStatus(serving, view);
      return answer(c, serving, {
        view,
        uses: MARKET_TABLES,
        also: view.asOfMs === undefined ? `${await liveTag(serving, view)} ${status}` : '',
        make: async (requestId) => {
          const day = await marketDay(serving, view, await newestSession(serving, view));
          const directory = await tickersOf(serving, view);
          const named: readonly string[] = query['ticker.any_of'];
          const results = named.map((ticker) => tickerSummary(ticker, day, directory, status));
          return { status: 'OK', request_id: requestId, results };
        },
      });
    },
  });
}

function tickerSummary(
  ticker: string,
  day: MarketDay,
  directory: TickerDirectory,
  status: MarketStatus,
): TickerSummary | UnknownTicker {
  const row = day.bySymbol.get(ticker);
  if (row === undefined) return unknownTicker(ticker);
  return {
    ...identityOf(ticker, day, directory),
    market_status: status,
    price: priceOf(row),
    last_updated: nanoseconds(row.updatedMs),
    session: snapshotSession(row),
  };
}
