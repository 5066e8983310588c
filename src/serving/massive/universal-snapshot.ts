import { z } from '@hono/zod-openapi';
import { compare } from '#base/compare.ts';
import type { IsoDate } from '#base/dates.ts';
import { tradingMoment } from '#market/market-hours.ts';
import { answer } from '../http/answer.ts';
import { notEntitled } from '../http/http-errors.ts';
import { nanoseconds } from '../http/json.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { originOf } from '../http/origin.ts';
import { type Cursor, encodeCursor, readCursor, viewOfCursor } from '../http/paging.ts';
import { asOfParameter, choice, cursorParameter, dateParameter, pageLimit } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import { type Serving, type ServingApp, type ServingContext, viewAt } from '../http/serving.ts';
import { liveTag } from '../read/live-part.ts';
import {
  changeOf,
  MARKET_TABLES,
  type MarketDay,
  type MarketRow,
  marketDay,
  newestSession,
} from '../read/market-day.ts';
import { type TickerDirectory, tickersOf } from '../read/ticker-directory.ts';
import type { LakeView } from '../read/view.ts';
import { anyOf, isWithin, rangeIn, textRange } from './reference/filters.ts';
import {
  type MarketStatus,
  type SnapshotSession,
  type UniversalTicker,
  type UnknownTicker,
  universalSnapshot,
} from './shapes/snapshots.ts';
import { refuseOtherClass } from './stock-symbol.ts';

const PATH = '/v3/snapshot';
const LIMIT_MAX = 250;

const query = z.object({
  ...textRange('ticker'),
  ...anyOf('ticker'),
  type: choice(['stocks', 'options', 'crypto', 'fx', 'indices', 'otc'], 'stocks'),
  order: choice(['asc', 'desc'], 'asc'),
  sort: choice(['ticker'], 'ticker'),
  limit: pageLimit({ max: LIMIT_MAX, default: 10 }),
  as_of: asOfParameter,
  cursor: cursorParameter,
});

type Query = z.infer<typeof query>;

/** Position passed to later pages. */
const position = z.object({
  /** The session of the first page, so that a new one does not begin in between. */
  session: dateParameter,
  /** The last ticker of the page before. */
  after: z.string(),
});

/** `GET /v3/snapshot`: what is known of tickers of any kind; this server has stocks. */
export function addUniversalSnapshot(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: PATH,
    summary: 'Snapshots of tickers, page by page',
    query,
    answer: universalSnapshot,
    handle: async (c, { query: asked }) => {
      refuseOtherClass(asked.type);
      if (asked.type === 'otc') throw notEntitled('a market of its own for securities traded over the counter');
      const page = await pageOf(c, serving, asked);
      const { view } = page;
      const status = marketStatus(serving, view);
      return answer(c, serving, {
        view,
        uses: MARKET_TABLES,
        also: view.asOfMs === undefined ? `${await liveTag(serving, view)} ${status}` : '',
        make: async (requestId) => {
          const session = page.position?.session ?? (await newestSession(serving, view));
          const day = await marketDay(serving, view, session);
          const tickers = tickersAfter(page.position?.after, asked, day);
          const shown = tickers.slice(0, asked.limit);
          const directory = await tickersOf(serving, view);
          const results = shown.map((ticker) => universalTicker(ticker, day, directory, status));
          const last = shown.at(-1);
          const isMore = last !== undefined && tickers.length > shown.length;
          const next = isMore ? { next_url: nextUrl(c, serving, page, { session, after: last }) } : {};
          return { status: 'OK', request_id: requestId, results, ...next };
        },
      });
    },
  });
}

interface Page {
  readonly view: LakeView;
  readonly atMs: number;
  /** Undefined on the first page. */
  readonly position: z.infer<typeof position> | undefined;
}

async function pageOf(c: ServingContext, serving: MarketAnswerDeps, asked: Query): Promise<Page> {
  if (asked.cursor === undefined) {
    const view = await viewAt(c, serving, asked.as_of);
    return { view, atMs: serving.clock.nowMs(), position: undefined };
  }
  const { cursor, position: start } = readCursor(asked.cursor, position);
  // The view as of an instant stays the same and has no live bars.
  const isPinned = asked.as_of !== undefined;
  const view = await (isPinned ? viewAt(c, serving, asked.as_of) : viewOfCursor(c, serving, cursor));
  return { view, atMs: cursor.atMs, position: start };
}

/** The tickers asked for that come after one, in the order asked for: those of the market, or those that were named. */
function tickersAfter(after: string | undefined, asked: Query, day: MarketDay): string[] {
  const { eq, anyOf: named, ...range } = rangeIn<string>(asked, 'ticker');
  const candidates = named ?? (eq === undefined ? day.rows.map(({ symbol }) => symbol) : [eq]);
  const sign = asked.order === 'asc' ? 1 : -1;
  return candidates
    .filter(
      (ticker) => isWithin(ticker, { ...range, eq }) && (after === undefined || compare(ticker, after) * sign > 0),
    )
    .sort((a, b) => compare(a, b) * sign);
}

/** The query as it was, and where it goes on: a list of 250 names would make a cursor that no address can hold. */
function nextUrl(
  c: ServingContext,
  serving: MarketAnswerDeps,
  page: Page,
  next: { readonly session: IsoDate; readonly after: string },
): string {
  const cursor: Cursor = { versions: page.view.versions(MARKET_TABLES), atMs: page.atMs, position: next };
  const url = new URL(c.req.url);
  const rest = [...url.searchParams].filter(([name]) => name !== 'cursor' && name !== 'apiKey');
  const parameters = new URLSearchParams([['cursor', encodeCursor(cursor)], ...rest]);
  return `${originOf(c.req, serving)}${url.pathname}?${parameters}`;
}

function universalTicker(
  ticker: string,
  day: MarketDay,
  directory: TickerDirectory,
  status: MarketStatus,
): UniversalTicker | UnknownTicker {
  const row = day.bySymbol.get(ticker);
  if (row === undefined) return unknownTicker(ticker);
  return {
    ...identityOf(ticker, day, directory),
    market_status: status,
    last_updated: nanoseconds(row.updatedMs),
    timeframe: day.isLive && row.day !== undefined ? 'REAL-TIME' : 'DELAYED',
    session: snapshotSession(row),
  };
}

export function identityOf(ticker: string, { session }: MarketDay, directory: TickerDirectory) {
  return { ticker, type: 'stocks' as const, name: directory.at(ticker, session)?.name ?? undefined };
}

export function unknownTicker(ticker: string): UnknownTicker {
  return { ticker, error: 'NOT_FOUND', message: 'Ticker not found.' };
}

/** The session so far. Where nothing was traded its prices are zero, as the vendor has it, and `price` is the previous close. */
export function snapshotSession(row: MarketRow): SnapshotSession {
  const { day, previous } = row;
  const { amount, percent } = changeOf(row) ?? { amount: 0, percent: 0 };
  return {
    open: day?.open ?? 0,
    high: day?.high ?? 0,
    low: day?.low ?? 0,
    close: day?.close ?? 0,
    volume: day?.volume ?? 0,
    previous_close: previous?.close ?? 0,
    change: amount,
    change_percent: percent,
    regular_trading_change: amount,
    regular_trading_change_percent: percent,
    price: priceOf(row),
  };
}

export function priceOf({ day, previous }: MarketRow): number {
  return day?.close ?? previous?.close ?? 0;
}

const STATUS = { early: 'early_trading', regular: 'open', late: 'late_trading', closed: 'closed' } as const;

/** Now, or at the instant that is answered from. */
export function marketStatus(
  { calendar, clock }: Pick<Serving, 'calendar' | 'clock'>,
  { asOfMs }: Pick<LakeView, 'asOfMs'>,
): MarketStatus {
  return STATUS[tradingMoment(calendar, asOfMs ?? clock.nowMs()).phase];
}
