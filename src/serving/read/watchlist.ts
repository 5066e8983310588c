import type { IsoDate } from '#base/dates.ts';
import { DAILY_BARS, LISTINGS, SPLITS } from '#lake/tables.ts';
import { priceChange } from '#market/price-change.ts';
import { SessionSet } from '#market/session-set.ts';
import { newestSession, rowsOn } from './market-day.ts';
import type { LiveReadDeps } from './read-deps.ts';
import { closesOf } from './session-rows.sql.ts';
import { SplitFactors } from './session-rows.ts';
import type { TickerDirectory } from './ticker-directory.ts';
import type { LakeView } from './view.ts';

/** Symbols that one list may have. */
export const WATCHED_MAX = 200;

export interface Watched {
  readonly symbol: string;
  readonly name: string | null;
  readonly close: number | null;
  readonly previous_close: number | null;
  readonly change: number | null;
  readonly change_percent: number | null;
  readonly volume: number | null;
  readonly first: IsoDate | null;
  readonly last: IsoDate | null;
  readonly closes: number[];
}

export interface Watchlist {
  readonly session: IsoDate;
  readonly last_published: IsoDate;
  readonly results: Watched[];
  readonly unknown: string[];
}

interface Close {
  readonly session: IsoDate;
  readonly close: number;
  readonly volume: number;
}

/**
 * The closes of some symbols over the newest sessions, today's live one included, in the share count of the newest. A security
 * is followed back through its earlier symbols. One read for all of them.
 */
export async function readWatchlist(
  deps: LiveReadDeps,
  view: LakeView,
  directory: TickerDirectory,
  asked: {
    readonly symbols: readonly string[];
    readonly sessions: number;
    /** The last session; default: the newest one. */
    readonly session?: IsoDate | undefined;
  },
): Promise<Watchlist> {
  const { lake, caches } = deps;
  const published = await caches.published(view.bars(), view.until);
  const known = await newestSession(deps, view);
  const newest = asked.session === undefined || asked.session > known ? known : asked.session;
  const isLive = newest === known && !published.has(known);
  const dates = published
    .toArray()
    .filter((session) => session <= newest)
    .slice(isLive ? 1 - asked.sessions : -asked.sessions);
  const last = dates.at(-1) ?? newest;
  const from = dates[0] ?? newest;
  const listings = await caches.listings(view.snapshot(LISTINGS));
  const splits = await caches.splits(view.snapshot(SPLITS), view.snapshot(LISTINGS));
  const factors = new SplitFactors(listings, splits, { since: from, until: newest });

  const unknown: string[] = [];
  const securities = new Map<string, string>();
  for (const symbol of asked.symbols) {
    const ticker = directory.at(symbol, newest) ?? directory.newest(symbol);
    if (ticker === undefined) unknown.push(symbol);
    else securities.set(symbol, ticker.securityId);
  }

  const wanted = new Map<string, Close[]>();
  const symbols = new Set<string>();
  for (const securityId of securities.values()) {
    wanted.set(securityId, []);
    for (const span of listings.spans(securityId))
      if ((span.first === null || span.first <= last) && (span.last === null || span.last >= from))
        symbols.add(span.symbol);
  }
  const add = (symbol: string, session: IsoDate, close: number, volume: number): void => {
    const securityId = listings.resolve(symbol, session);
    const { price, volume: shares } = factors.ofSecurity(securityId, session) ?? { price: 1, volume: 1 };
    wanted.get(securityId)?.push({ session, close: close * price, volume: volume * shares });
  };
  if (symbols.size > 0) {
    const scan = await lake.table(DAILY_BARS).scanSql(view.bars().filesTouching(SessionSet.of(dates)));
    const columns = (await lake.columns(closesOf(scan, [...symbols], from, last))) as unknown as Columns;
    for (const [i, symbol] of columns.symbol.entries())
      add(symbol, columns.session[i] ?? last, columns.close[i] ?? 0, columns.volume[i] ?? 0);
  }
  if (isLive) {
    const rows = await rowsOn(deps, view, newest);
    for (const [i, symbol] of rows.symbol.entries()) add(symbol, newest, rows.close[i] ?? 0, rows.volume[i] ?? 0);
  }
  const results = [...securities].map(([symbol, securityId]) =>
    watchedOf(symbol, directory.at(symbol, newest)?.name ?? null, wanted.get(securityId) ?? []),
  );
  return { session: isLive ? newest : last, last_published: published.max ?? newest, results, unknown };
}

type Columns = {
  readonly [name in 'close' | 'volume']: readonly (number | null)[];
} & { readonly symbol: readonly string[]; readonly session: readonly IsoDate[] };

function watchedOf(symbol: string, name: string | null, closes: readonly Close[]): Watched {
  const last = closes.at(-1);
  const previous = closes.at(-2);
  const change = last === undefined || previous === undefined ? undefined : priceChange(previous.close, last.close);
  return {
    symbol,
    name,
    close: last?.close ?? null,
    previous_close: previous?.close ?? null,
    change: change?.amount ?? null,
    change_percent: change?.percent ?? null,
    volume: last?.volume ?? null,
    first: closes[0]?.session ?? null,
    last: last?.session ?? null,
    closes: closes.map(({ close }) => close),
  };
}
