import { z } from '@hono/zod-openapi';
import type { InstantMs } from '#base/dates.ts';
import type { BarValues } from '#market/bar.ts';
import { notFound } from '../http/http-errors.ts';
import { nanoseconds } from '../http/json.ts';
import { answerFromMarket, type MarketAnswerDeps } from '../http/market-answer.ts';
import { asOfParameter, choice, flag, list, symbolParameter } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { ServingApp, ServingContext } from '../http/serving.ts';
import {
  changeOf,
  MARKET_TABLES,
  type MarketDay,
  type MarketRow,
  marketDay,
  newestSession,
} from '../read/market-day.ts';
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
export function addSnapshots(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: `${BASE}/tickers`,
    summary: 'Snapshots of all tickers, or of some',
    query: z.object({ tickers: list(TICKERS_MAX), include_otc: flag(false), as_of: asOfParameter }),
    answer: tickerSnapshots,
    handle: (c, { query }) =>
      snapshotsAnswer(c, serving, query, ({ rows, bySymbol }, isShown) => {
        const named = query.tickers.map((ticker) => bySymbol.get(ticker)).filter((row) => row !== undefined);
        return (query.tickers.length === 0 ? rows : named).filter(isShown);
      }),
  });

  addRoute(app, 'vendor', {
    path: `${BASE}/tickers/{ticker}`,
    summary: 'Snapshot of one ticker',
    params: z.object({ ticker: symbolParameter }),
    query: z.object({ as_of: asOfParameter }),
    answer: oneTickerSnapshot,
    handle: (c, { params: { ticker }, query }) => {
      refuseOtherClasses(ticker);
      return answerFromMarket(c, serving, {
        asOfMs: query.as_of,
        uses: MARKET_TABLES,
        make: async (view, requestId) => {
          const row = (await newestDay(serving, view)).bySymbol.get(ticker);
          if (row === undefined) throw notFound('Ticker not found', ticker);
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
    handle: (c, { params, query }) =>
      snapshotsAnswer(c, serving, query, (day, isShown) =>
        moversOf(day, params.direction, MOVERS, isShown).map(({ row }) => row),
      ),
  });
}

/** Responds with the snapshots of some rows of the newest day. OTC rows are shown only if they are asked for. */
function snapshotsAnswer(
  c: ServingContext,
  serving: MarketAnswerDeps,
  query: { readonly include_otc: boolean; readonly as_of: InstantMs | undefined },
  choose: (day: MarketDay, isShown: (row: MarketRow) => boolean) => MarketRow[],
): Promise<Response> {
  return answerFromMarket(c, serving, {
    asOfMs: query.as_of,
    uses: MARKET_TABLES,
    make: async (view, requestId) => {
      const day = await newestDay(serving, view);
      const otc = query.include_otc ? undefined : await otcListings(serving, view);
      const rows = choose(day, ({ symbol }) => otc?.has(symbol, day.session) !== true);
      const tickers = rows.map(tickerSnapshotOf);
      return { status: 'OK', request_id: requestId, count: tickers.length, tickers };
    },
  });
}

async function newestDay(deps: LiveReadDeps, view: LakeView): Promise<MarketDay> {
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
