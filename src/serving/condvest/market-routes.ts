import { z } from '@hono/zod-openapi';
import type { IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { SESSIONS } from '#lake/tables.ts';
import { answer } from '../http/answer.ts';
import { answerFromMarket, type MarketAnswerDeps } from '../http/market-answer.ts';
import { asOfParameter, list, optionalDate, pageLimit, whole } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { ServingApp } from '../http/serving.ts';
import { fieldsOf, formatOf, formatParameter } from '../http/table-format.ts';
import { newExtremes } from '../read/extremes.ts';
import {
  changeOf,
  MARKET_TABLES,
  type MarketDay,
  type MarketRow,
  marketDay,
  newestSession,
} from '../read/market-day.ts';
import { mostActive, moversOf } from '../read/movers.ts';
import { TICKER_TABLES, type TickerDirectory, tickersOf } from '../read/ticker-directory.ts';
import { type FoundTicker, searchTickers } from '../read/ticker-search.ts';
import type { LakeView } from '../read/view.ts';
import { readWatchlist, WATCHED_MAX } from '../read/watchlist.ts';
import {
  type FoundSymbol,
  type MarketAnswer,
  type MoverValue,
  marketAnswer,
  type SymbolsAnswer,
  symbolsAnswer,
  type WatchlistAnswer,
  watchlistAnswer,
} from './shapes/market.ts';

const USES = [...new Set([...MARKET_TABLES, ...TICKER_TABLES, SESSIONS.name])];
const MOVERS = { max: 100, default: 20 };

const MOVER_FIELDS = fieldsOf({
  ...{ session: 'date', list: 'string', symbol: 'string', name: 'string', close: 'double' },
  ...{ previous_close: 'double', change: 'double', change_percent: 'double', volume: 'double' },
});

/** The movers as rows of one table, each with the list that it is in. */
function moverRows({ session, ...lists }: MarketAnswer): object[] {
  return (['gainers', 'losers', 'active'] as const).flatMap((list) =>
    lists[list].map((mover) => ({ session, list, ...mover })),
  );
}

/** `GET /condvest/v1/market`, `/watchlist` and `/symbols`: what is answered across symbols. */
export function addMarketRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'condvest', {
    path: '/condvest/v1/market',
    summary: 'Movers and breadth of a session',
    description:
      'Prices and volumes are on the share basis of the session, and so is the previous close, the last one in the five ' +
      'preceding sessions. Gainers and losers traded 10,000 shares or more. New highs and lows are over 252 sessions, for securities ' +
      'that traded in half of them.',
    query: z.object({
      session: optionalDate.openapi({ description: 'Default: the newest one, published or live' }),
      limit: pageLimit(MOVERS).openapi({
        description: `Number of gainers, losers and most active, at most ${MOVERS.max}`,
      }),
      format: formatParameter,
      as_of: asOfParameter,
    }),
    answer: marketAnswer,
    handle: (c, { query }) =>
      answerFromMarket(c, serving, {
        asOfMs: query.as_of,
        uses: USES,
        rendering: { format: formatOf(c.req, query.format), fields: () => MOVER_FIELDS, rows: moverRows },
        make: async (view): Promise<MarketAnswer> => {
          const session = query.session ?? (await newestSession(serving, view));
          const day = await marketDay(serving, view, session);
          if (day.rows.every((row) => row.day === undefined)) throw await noSuchSession(serving, view, session);
          return marketOf(serving, view, day, query.limit);
        },
      }),
  });

  addRoute(app, 'condvest', {
    path: '/condvest/v1/watchlist',
    summary: 'Closes of some symbols over the newest sessions, or those up to one',
    description: "Through renames, on the share basis of the last session; today's live bar is the last close.",
    query: z.object({
      symbols: list(WATCHED_MAX),
      session: optionalDate.openapi({ description: 'The last session; default: the newest one, published or live' }),
      sessions: whole({ min: 2, max: 260, default: 60 }).openapi({ description: 'Number of sessions of the market' }),
      as_of: asOfParameter,
    }),
    answer: watchlistAnswer,
    handle: (c, { query }) =>
      answerFromMarket(c, serving, {
        asOfMs: query.as_of,
        uses: USES,
        make: async (view): Promise<WatchlistAnswer> =>
          readWatchlist(serving, view, await tickersOf(serving, view), query),
      }),
  });

  addRoute(app, 'condvest', {
    path: '/condvest/v1/symbols',
    summary: 'Search symbols and names',
    description:
      'Exact symbols come first, then symbols and names that begin with the text, then those that contain it, then those one ' +
      'typing mistake away; active symbols before delisted ones. Case does not matter, and `-`, `/` and `.` are alike.',
    query: z.object({
      search: z
        .string()
        .max(100, 'at most 100 characters')
        .optional()
        .openapi({ description: 'Part of a symbol or of a name; default: everything' }),
      limit: pageLimit({ max: 1000, default: 20 }),
    }),
    answer: symbolsAnswer,
    handle: async (c, { query }) => {
      const view = await serving.views.current();
      return answer(c, serving, {
        view,
        uses: TICKER_TABLES,
        make: async (): Promise<SymbolsAnswer> => {
          const published = await serving.caches.published(view.bars(), view.until);
          const session = published.max ?? serving.calendar.firstSession;
          const directory = await tickersOf(serving, view);
          const found = searchTickers(directory, query.search ?? '', {
            session,
            limit: query.limit,
            // One row per symbol.
            isWanted: ({ ticker }) => directory.newest(ticker.symbol) === ticker,
          });
          return { results: found.map(foundSymbol) };
        },
      });
    },
  });
}

function foundSymbol({ ticker, isActive }: FoundTicker): FoundSymbol {
  return {
    symbol: ticker.symbol,
    name: ticker.name,
    type: ticker.type,
    exchange: ticker.exchange,
    first_session: ticker.firstSession,
    last_session: ticker.lastSession,
    active: isActive,
  };
}

/** The next session that has bars, published or live. */
async function sessionAfter(serving: MarketAnswerDeps, view: LakeView, session: IsoDate): Promise<IsoDate | undefined> {
  const newest = await newestSession(serving, view);
  if (session >= newest) return undefined;
  const published = await serving.caches.published(view.bars(), view.until);
  const after = serving.calendar.range(serving.calendar.next(session), newest);
  return after.find((other) => other === newest || published.has(other));
}

async function marketOf(
  serving: MarketAnswerDeps,
  view: LakeView,
  day: MarketDay,
  limit: number,
): Promise<MarketAnswer> {
  const directory = await tickersOf(serving, view);
  const states = await serving.caches.states(view.snapshot(SESSIONS));
  const extremes = await newExtremes(serving, view, day);
  const moverOf = (row: MarketRow): MoverValue => moverValue(row, directory, day);
  return {
    session: day.session,
    previous: day.previous ?? null,
    next: (await sessionAfter(serving, view, day.session)) ?? null,
    finality: day.isLive ? 'live' : (states.get(day.session) ?? null),
    breadth: { ...breadthOf(day), new_highs: extremes?.highs ?? null, new_lows: extremes?.lows ?? null },
    gainers: moversOf(day, 'gainers', limit).map(({ row }) => moverOf(row)),
    losers: moversOf(day, 'losers', limit).map(({ row }) => moverOf(row)),
    active: mostActive(day, limit).map(moverOf),
  };
}

function breadthOf(day: MarketDay) {
  const breadth = { advancers: 0, decliners: 0, unchanged: 0, total: 0, up_volume: 0, down_volume: 0 };
  for (const row of day.rows) {
    const change = changeOf(row);
    if (change === undefined) continue;
    const volume = row.day?.volume ?? 0;
    breadth.total += 1;
    if (change.amount > 0) {
      breadth.advancers += 1;
      breadth.up_volume += volume;
    } else if (change.amount < 0) {
      breadth.decliners += 1;
      breadth.down_volume += volume;
    } else breadth.unchanged += 1;
  }
  return breadth;
}

function moverValue(row: MarketRow, directory: TickerDirectory, { session }: MarketDay): MoverValue {
  const change = changeOf(row);
  return {
    symbol: row.symbol,
    name: directory.at(row.symbol, session)?.name ?? null,
    close: row.day?.close ?? 0,
    previous_close: row.previous?.close ?? null,
    change: change?.amount ?? null,
    change_percent: change?.percent ?? null,
    volume: row.day?.volume ?? 0,
  };
}

async function noSuchSession(serving: MarketAnswerDeps, view: LakeView, session: string): Promise<UsageError> {
  const published = await serving.caches.published(view.bars(), view.until);
  return new UsageError({
    code: 'session-unknown',
    message: 'No data for this session',
    found: session,
    allowed: `a session from ${published.min} to ${published.max}`,
  });
}
