import { addDays, type IsoDate } from '#base/dates.ts';
import { DAILY_BARS, LISTINGS, SPLITS } from '#lake/tables.ts';
import { isAbove } from '#market/price-change.ts';
import type { Listings, SymbolSpan } from '#market/security.ts';
import { MARKET_TABLES, type MarketDay } from './market-day.ts';
import type { LiveReadDeps } from './read-deps.ts';
import { extremesOf, extremesOfSegments, type PricedSpan } from './session-rows.sql.ts';
import { SplitFactors } from './session-rows.ts';
import type { CacheKind } from './versioned-cache.ts';
import type { LakeView } from './view.ts';

/**
 * New highs and lows of 52 weeks. The extremes before a session are those of the sessions between it and the one 252
 * sessions earlier, in the share count of the session, of the security through its renames. They are kept a version and
 * session: two and a half million rows take DuckDB a tenth of a second.
 */

/** A year of sessions, the day itself included. */
export const YEAR_SESSIONS = 252;
/** A security with fewer bars in the year before has no high of a year to exceed. */
const BARS_MIN = YEAR_SESSIONS / 2;

interface Extremes {
  readonly sessions: number;
  readonly high: number;
  readonly low: number;
}

const EXTREMES: CacheKind<ReadonlyMap<string, Extremes>> = { name: 'extremes', bytesOf: ({ size }) => 160 * size };

/** Counts the securities that made a new 52-week high or low. Undefined if the lake lacks that year. */
export async function newExtremes(
  deps: Pick<LiveReadDeps, 'lake' | 'caches' | 'calendar'>,
  view: LakeView,
  day: MarketDay,
): Promise<{ readonly highs: number; readonly lows: number } | undefined> {
  const { caches, calendar } = deps;
  const published = await caches.published(view.bars(), view.until);
  const index = calendar.sessionIndex(day.session);
  if (index < YEAR_SESSIONS - 1) return undefined;
  const from = calendar.sessionAt(index - YEAR_SESSIONS + 1);
  if (published.min === undefined || published.min > from) return undefined;
  const range = { from, to: calendar.sessionAt(index - 1), until: day.session };
  const key = `${view.tag(MARKET_TABLES)} ${range.until}`;
  const extremes = await caches.get(EXTREMES, key, () => readExtremes(deps, view, range));
  let highs = 0;
  let lows = 0;
  for (const { securityId, day: bar } of day.rows) {
    const before = extremes.get(securityId);
    if (bar === undefined || before === undefined || before.sessions < BARS_MIN) continue;
    // A split factor leaves rounding noise in an unchanged price.
    if (isAbove(bar.high, before.high)) highs += 1;
    if (isAbove(before.low, bar.low)) lows += 1;
  }
  return { highs, lows };
}

interface Range {
  readonly from: IsoDate;
  readonly to: IsoDate;
  /** The session whose share count counts. */
  readonly until: IsoDate;
}

async function readExtremes(
  { lake, caches }: Pick<LiveReadDeps, 'lake' | 'caches'>,
  view: LakeView,
  range: Range,
): Promise<ReadonlyMap<string, Extremes>> {
  const { from, to } = range;
  const bars = view.bars();
  const listings = await caches.listings(view.snapshot(LISTINGS));
  const splits = await caches.splits(view.snapshot(SPLITS), view.snapshot(LISTINGS));
  const factors = new SplitFactors(listings, splits, { since: from, until: range.until });
  const sessions = (await caches.published(bars, view.until)).filter((session) => session >= from && session <= to);
  const scan = await lake.table(DAILY_BARS).scanSql(bars.filesTouching(sessions));
  // Most securities had one symbol and no split all year, so their extremes are those of their symbol's rows.
  const symbols = specialSymbols(listings, factors.securities, range);
  const found = new Map<string, Extremes>();
  const plain = (await lake.columns(extremesOf(scan, from, to))) as unknown as ExtremesColumns;
  for (const [i, symbol] of plain.key.entries())
    if (!symbols.has(symbol)) found.set(listings.resolve(symbol, to), extremesAt(plain, i));
  const segments = segmentsOf(listings, factors, symbols, range);
  if (segments.length === 0) return found;
  const scaled = (await lake.columns(extremesOfSegments(scan, segments))) as unknown as ExtremesColumns;
  for (const [i, securityId] of scaled.key.entries()) found.set(securityId, extremesAt(scaled, i));
  return found;
}

/** `key`: the symbol, or the security. */
interface ExtremesColumns {
  readonly key: readonly string[];
  readonly sessions: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
}

function extremesAt({ sessions, high, low }: ExtremesColumns, i: number): Extremes {
  return { sessions: sessions[i] ?? 0, high: high[i] ?? 0, low: low[i] ?? 0 };
}

/** The spans of the securities to which rows of some symbols belong, cut where a split changes the share count. */
function segmentsOf(
  listings: Listings,
  factors: SplitFactors,
  symbols: ReadonlySet<string>,
  { from, to }: Range,
): PricedSpan[] {
  const securities = new Set([...symbols, ...factors.securities]);
  for (const { symbol, securityId } of listings.exceptions()) if (symbols.has(symbol)) securities.add(securityId);
  const segments: PricedSpan[] = [];
  const add = (securityId: string, symbol: string, first: IsoDate, last: IsoDate): void => {
    const priceFactor = factors.ofSecurity(securityId, first)?.price ?? 1;
    segments.push({ securityId, symbol, first, last, priceFactor });
  };
  for (const securityId of securities) {
    for (const span of listings.spans(securityId)) {
      let first = later(span.first, from);
      const end = earlier(span.last, to);
      for (const exDate of factors.exDates(securityId)) {
        if (exDate <= first || exDate > end) continue;
        add(securityId, span.symbol, first, addDays(exDate, -1));
        first = exDate;
      }
      if (first <= end) add(securityId, span.symbol, first, end);
    }
  }
  return segments;
}

function later(date: IsoDate | null, other: IsoDate): IsoDate {
  return date === null || date < other ? other : date;
}

function earlier(date: IsoDate | null, other: IsoDate): IsoDate {
  return date === null || date > other ? other : date;
}

/**
 * The symbols whose rows cannot be taken together, since not all of them belong to one security in one share count, or
 * since that security had other symbols too.
 */
function specialSymbols(listings: Listings, split: Iterable<string>, { from, to }: Range): Set<string> {
  const spansIn = (securityId: string): SymbolSpan[] =>
    listings
      .spans(securityId)
      .filter(({ first, last }) => (first === null || first <= to) && (last === null || last >= from));
  const symbols = new Set<string>();
  for (const securityId of split) for (const { symbol } of spansIn(securityId)) symbols.add(symbol);
  for (const symbol of listings.symbols) {
    const newest = listings.newest(symbol);
    if (newest !== undefined && newest.firstSession <= from && newest.lastSession === null) continue;
    const [span, other] = spansIn(listings.resolve(symbol, to));
    const isWhole = span !== undefined && (span.first ?? from) <= from && (span.last ?? to) >= to;
    if (span?.symbol !== symbol || other !== undefined || !isWhole) symbols.add(symbol);
  }
  // A security that is no longer listed under its own name may have traded under it.
  for (const { symbol } of listings.exceptions()) if (!listings.has(symbol)) symbols.add(symbol);
  return symbols;
}
