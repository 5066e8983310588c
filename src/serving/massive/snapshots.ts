import { z } from '@hono/zod-openapi';
import type { BarValues } from '#market/bar.ts';
import { answer } from '../http/answer.ts';
import { notFound } from '../http/http-errors.ts';
import { nanoseconds } from '../http/json.ts';
import { asOfParameter, choice, flag, list, symbolParameter } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { Serving, ServingApp } from '../http/serving.ts';
import { liveTag } from '../read/live-part.ts';
import { changeOf, MARKET_TABLES, type MarketRow, marketDay, newestSession } from '../read/market-day.ts';
import { moversOf } from '../read/movers.ts';
import { otcListings } from '../read/otc.ts';
import type { LiveReadDeps } from '../read/read-deps.ts';
import type { LakeView } from '../read/view.ts';
import { oneTickerSnapshot, type SnapshotBar, type TickerSnapshot, tickerSnapshots } from './shapes/snapshots.ts';
import { refuseOtherClasses } from './stock-symbol.ts';

const BASE = '/v2/snapshot/locale/us/markets/stocks';
/** More do not fit into an address. */
const TICKERS_MAX = 4096;
const MOVERS = 20;

/** `GET /v2/snapshot/locale/us/markets/stocks/…`: all tickers, some, one, and those that moved most. */
export function addSnapshots(app: ServingApp, serving: Serving): void {
  addRoute(app, 'vendor', {
    path: `${BASE}/tickers`,
    summary: 'Snapshots of all tickers, or of some',
    query: z.object({ tickers: list(TICKERS_MAX), include_otc: flag(false), as_of: asOfParameter }),
    answer: tickerSnapshots,
    handle: async (c, { query }) => {
      const view = await serving.views.at(query.as_of);
      return answer(c, serving, {
        ...(await dependsOn(serving, view)),
        make: async (requestId) => {
          const day = await newestDay(serving, view);
          const otc = query.include_otc ? undefined : await otcListings(serving, view);
          const wanted =
            query.tickers.length === 0
              ? day.rows
              : query.tickers.map((ticker) => day.bySymbol.get(ticker)).filter((row) => row !== undefined);
          const tickers = wanted.filter(({ symbol }) => otc?.has(symbol, day.session) !== true).map(tickerSnapshotOf);
          return { status: 'OK', request_id: requestId, count: tickers.length, tickers };
        },
      });
    },
  });

  addRoute(app, 'vendor', {
    path: `${BASE}/tickers/{ticker}`,
    summary: 'Snapshot of one ticker',
    params: z.object({ ticker: symbolParameter }),
    query: z.object({ as_of: asOfParameter }),
    answer: oneTickerSnapshot,
    handle: async (c, { params, query }) => {
      refuseOtherClasses(params.ticker);
      const view = await serving.views.at(query.as_of);
      return answer(c, serving, {
        ...(await dependsOn(serving, view)),
        make: async (requestId) => {
          const row = (await newestDay(serving, view)).bySymbol.get(params.ticker);
          if (row === undefined) throw notFound('Ticker not found', params.ticker);
          return { status: 'OK', request_id: requestId, ticker: tickerSnapshotOf(row) };
        },
      });
    },
  });

  addRoute(app, 'vendor', {
    path: `${BASE}/{direction}`,
    summary: 'The twenty tickers that gained or lost most since their previous close',
    params: z.object({ direction: choice(['gainers', 'losers'], 'gainers') }),
    query: z.object({ include_otc: flag(false), as_of: asOfParameter }),
    answer: tickerSnapshots,
    handle: async (c, { params, query }) => {
      const view = await serving.views.at(query.as_of);
      return answer(c, serving, {
        ...(await dependsOn(serving, view)),
        make: async (requestId) => {
          const day = await newestDay(serving, view);
          const otc = query.include_otc ? undefined : await otcListings(serving, view);
          const movers = moversOf(
            day,
            params.direction,
            MOVERS,
            ({ symbol }) => otc?.has(symbol, day.session) !== true,
          );
          const tickers = movers.map(({ row }) => tickerSnapshotOf(row));
          return { status: 'OK', request_id: requestId, count: tickers.length, tickers };
        },
      });
    },
  });
}

async function dependsOn(serving: Serving, view: LakeView) {
  return { view, uses: MARKET_TABLES, also: await liveTag(serving, view) };
}

async function newestDay(deps: LiveReadDeps, view: LakeView) {
  return marketDay(deps, view, await newestSession(deps, view));
}

export function tickerSnapshotOf(row: MarketRow): TickerSnapshot {
  const change = changeOf(row);
  return {
    ticker: row.symbol,
    todaysChange: change?.amount ?? 0,
    todaysChangePerc: change?.percent ?? 0,
    updated: nanoseconds(row.updatedMs),
    day: snapshotBar(row.day),
    prevDay: snapshotBar(row.previous),
  };
}

/** The vendor knows no bar that is missing, only one of zeros. */
function snapshotBar(bar: BarValues | undefined): SnapshotBar {
  if (bar === undefined) return { o: 0, h: 0, l: 0, c: 0, v: 0, vw: 0 };
  return { o: bar.open, h: bar.high, l: bar.low, c: bar.close, v: bar.volume, vw: bar.vwap ?? 0 };
}
