import { defined } from '#base/assert.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { DAILY_BARS, LISTINGS, SPLITS } from '#lake/tables.ts';
import type { Factors } from '#market/adjust.ts';
import { type BarValues, scaled } from '#market/bar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import { type PriceChange, priceChange } from '#market/price-change.ts';
import type { Listings } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';
import type { LiveBar } from '#ports/live-bars.ts';
import { lastKnown, liveTag } from './live-part.ts';
import { unpublishedSessions } from './merge-live.ts';
import type { LiveReadDeps } from './read-deps.ts';
import {
  type LastRows,
  readLastRows,
  readSessionRows,
  rowsOfLive,
  type SessionRows,
  SplitFactors,
} from './session-rows.ts';
import type { CacheKind } from './versioned-cache.ts';
import type { LakeView } from './view.ts';

/** One session of every security, compared with its previous bar: the basis of snapshots, movers and breadth. */

/** Prices and volumes of both bars are in the share count of the session. */
export interface MarketRow {
  /** The symbol on the session. */
  readonly symbol: string;
  readonly securityId: string;
  /** Undefined where nothing was traded. */
  readonly day: BarValues | undefined;
  /** The last bar before the session, if the week before it has one. */
  readonly previous: (BarValues & { readonly session: IsoDate }) | undefined;
  /** When the newest of the two was last known to change: a live bar's last trade, or the close of the session. */
  readonly updatedMs: InstantMs;
}

export interface MarketDay {
  readonly session: IsoDate;
  /** The session before it that has bars. */
  readonly previous: IsoDate | undefined;
  /** Not published yet: made of live bars. */
  readonly isLive: boolean;
  /** Ascending by symbol: what was traded on the session, and what was in the week before and is still listed. */
  readonly rows: readonly MarketRow[];
  readonly bySymbol: ReadonlyMap<string, MarketRow>;
}

/** The tables that a day of the market is made from. */
export const MARKET_TABLES: readonly string[] = [DAILY_BARS.name, SPLITS.name, LISTINGS.name];

/** Number of earlier sessions in which a previous bar is searched. */
const LOOK_BACK_SESSIONS = 5;
/** Maximum number of sessions to look back if some are missing. */
const LOOK_BACK_MAX = 15;

const ROWS: CacheKind<SessionRows> = { name: 'session_rows', bytesOf: ({ symbol }) => 96 * symbol.length };
const LAST_ROWS: CacheKind<LastRows> = { name: 'last_rows', bytesOf: ({ symbol }) => 120 * symbol.length };
const DAYS: CacheKind<MarketDay> = { name: 'market_days', bytesOf: ({ rows }) => 640 * rows.length };

/**
 * The newest session that has bars: today's as soon as there is a live one of it, else the last that was published. Throws
 * `lake-empty` where there are none.
 */
export async function newestSession(deps: LiveReadDeps, view: LakeView): Promise<IsoDate> {
  const { caches, clock } = deps;
  const published = await caches.published(view.bars(), view.until);
  const last = defined(published.max, 'a table of daily bars holds a session');
  if (view.asOfMs !== undefined) return last;
  return lastKnown(deps, { lastPublished: last, until: newYorkAt(clock.nowMs()).date });
}

/** All rows of a session as traded, published or live; none where it has none. */
export async function rowsOn(deps: LiveReadDeps, view: LakeView, session: IsoDate): Promise<SessionRows> {
  const published = await deps.caches.published(view.bars(), view.until);
  return published.has(session)
    ? readCachedRows(deps, view, session)
    : rowsOfLive(await liveBars(deps, view, published, session));
}

/** One day of the market. Throws `lake-empty`, `bars-corrupt`; `calendar-not-a-session` for a day without trading. */
export async function marketDay(deps: LiveReadDeps, view: LakeView, session: IsoDate): Promise<MarketDay> {
  const version = await liveTag(deps, view);
  return deps.caches.get(DAYS, `${view.tag(MARKET_TABLES)} ${session}`, () => makeDay(deps, view, session), version);
}

async function makeDay(deps: LiveReadDeps, view: LakeView, session: IsoDate): Promise<MarketDay> {
  const { caches, calendar } = deps;
  const closeMs = calendar.closeMs(session);
  const published = await caches.published(view.bars(), view.until);
  const listings = await caches.listings(view.snapshot(LISTINGS));
  const splits = await caches.splits(view.snapshot(SPLITS), view.snapshot(LISTINGS));
  const live = published.has(session) ? undefined : await liveBars(deps, view, published, session);
  const today = live === undefined ? await readCachedRows(deps, view, session) : rowsOfLive(live);
  const before = await sessionsBefore(deps, view, published, session);
  const earlier = await lastRowsIn(deps, view, before);
  const [oldest] = before;
  const factors = new SplitFactors(listings, splits, { since: oldest?.session ?? session, until: session });

  const previous = new Map<string, { readonly rows: LastRows; readonly i: number; readonly session: IsoDate }>();
  for (const rows of earlier) {
    for (const [i, symbol] of rows.symbol.entries()) {
      const of = rows.session[i] ?? session;
      const securityId = listings.resolve(symbol, of);
      const known = previous.get(securityId);
      if (known === undefined || known.session < of) previous.set(securityId, { rows, i, session: of });
    }
  }
  const previousOf = (securityId: string): MarketRow['previous'] => {
    const found = previous.get(securityId);
    if (found === undefined) return undefined;
    const values = valuesAt(found.rows, found.i, factors.ofSecurity(securityId, found.session));
    return { ...values, session: found.session };
  };

  const rows: MarketRow[] = [];
  for (const [i, symbol] of today.symbol.entries()) {
    const securityId = listings.resolve(symbol, session);
    const updatedMs = live?.[i]?.updatedMs ?? closeMs;
    rows.push({ symbol, securityId, day: valuesAt(today, i, undefined), previous: previousOf(securityId), updatedMs });
    previous.delete(securityId);
  }
  for (const [securityId, found] of previous) {
    const symbol = symbolOn(listings, securityId, found.rows.symbol[found.i] ?? '', session);
    if (symbol === undefined) continue;
    const updatedMs = calendar.closeMs(found.session);
    rows.push({ symbol, securityId, day: undefined, previous: previousOf(securityId), updatedMs });
  }
  rows.sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  const bySymbol = new Map(rows.map((row) => [row.symbol, row]));
  return { session, previous: before.at(-1)?.session, isLive: live !== undefined, rows, bySymbol };
}

interface EarlierSession {
  readonly session: IsoDate;
  /** Undefined: published. */
  readonly live: readonly LiveBar[] | undefined;
}

/** The sessions before one that have bars, published or live, ascending; not more than a week of them. */
async function sessionsBefore(
  deps: LiveReadDeps,
  view: LakeView,
  published: SessionSet,
  session: IsoDate,
): Promise<EarlierSession[]> {
  const { calendar } = deps;
  const found: EarlierSession[] = [];
  let index = calendar.indexOnOrAfter(session) - 1;
  for (let tries = 0; tries < LOOK_BACK_MAX && index >= 0; tries += 1, index -= 1) {
    const earlier = calendar.sessionAt(index);
    if (published.has(earlier)) found.unshift({ session: earlier, live: undefined });
    else {
      const live = await liveBars(deps, view, published, earlier);
      if (live.length > 0) found.unshift({ session: earlier, live });
    }
    if (found.length === LOOK_BACK_SESSIONS) break;
  }
  return found;
}

/** Of each symbol its last row in sessions: of the published ones together, and of each live one. */
async function lastRowsIn(
  { lake, caches }: LiveReadDeps,
  view: LakeView,
  sessions: readonly EarlierSession[],
): Promise<LastRows[]> {
  const published = SessionSet.of(sessions.filter(({ live }) => live === undefined).map(({ session }) => session));
  const key = `${view.tag([DAILY_BARS.name])} ${published}`;
  const read = await caches.get(LAST_ROWS, key, () => readLastRows(lake, view.bars(), published));
  const live = sessions.flatMap(({ session, live: bars }): LastRows[] =>
    bars === undefined ? [] : [{ ...rowsOfLive(bars), session: bars.map(() => session) }],
  );
  return [read, ...live];
}

function readCachedRows({ lake, caches }: LiveReadDeps, view: LakeView, session: IsoDate): Promise<SessionRows> {
  const key = `${view.tag([DAILY_BARS.name])} ${session}`;
  return caches.get(ROWS, key, () => readSessionRows(lake, view.bars(), session));
}

/** Live bars count in the sessions after the last one published, and not in a view of an earlier instant. */
async function liveBars(
  deps: Pick<LiveReadDeps, 'calendar' | 'clock' | 'live'>,
  view: LakeView,
  published: SessionSet,
  session: IsoDate,
): Promise<readonly LiveBar[]> {
  if (view.asOfMs !== undefined || published.max === undefined || session <= published.max) return [];
  const open = unpublishedSessions(deps.calendar, published.max, newYorkAt(deps.clock.nowMs()).date);
  return open.includes(session) ? deps.live.bars(session) : [];
}

/**
 * The symbol of a security that was last seen under another day's; undefined where it has ceased to be listed since.
 */
function symbolOn(listings: Listings, securityId: string, seen: string, session: IsoDate): string | undefined {
  if (!listings.has(seen)) return seen;
  const span = listings
    .spans(securityId)
    .find(({ first, last }) => (first === null || first <= session) && (last === null || session <= last));
  if (span === undefined) return undefined;
  return listings.listed(span.symbol, session)?.securityId === securityId ? span.symbol : undefined;
}

function valuesAt(rows: SessionRows, i: number, factors: Factors | undefined): BarValues {
  const values: BarValues = {
    open: rows.open[i] ?? 0,
    high: rows.high[i] ?? 0,
    low: rows.low[i] ?? 0,
    close: rows.close[i] ?? 0,
    volume: rows.volume[i] ?? 0,
    vwap: rows.vwap[i] ?? null,
    trades: rows.trades[i] ?? null,
  };
  return factors === undefined ? values : scaled(values, factors.price, factors.volume);
}

/** Returns the change of a row from its previous close; undefined if there is nothing to compare. */
export function changeOf(row: MarketRow): PriceChange | undefined {
  const { day, previous } = row;
  if (day === undefined || previous === undefined) return undefined;
  return priceChange(previous.close, day.close);
}
