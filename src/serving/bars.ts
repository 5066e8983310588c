import { defined } from '#base/assert.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import { scanSql } from '#lake/scan.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, RESTATEMENTS, SESSIONS } from '#lake/tables.ts';
import { type Adjustment, type AdjustmentPlan, planAdjustment } from '#market/adjust.ts';
import { type DailyBar as DailyRow, scaled } from '#market/bar.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { AppliedDividend, AppliedSplit, HeldEvent } from '#market/corporate-actions.ts';
import type { SymbolSpan } from '#market/security.ts';
import type { SessionSet } from '#market/session-set.ts';
import { checkInterval, type WindowBar as FoldedBar, WindowFolder, windowNumber } from '#market/window.ts';
import type { Clock } from '#ports/clock.ts';
import { dailyRowsOf, distinctSymbols, hasSymbol, ledgerStates, restatementsOf } from './bars.sql.ts';
import { FactCache } from './facts.ts';
import { type Pinned, pin } from './pinned.ts';
import type { BarsRequest, BarsResult, DailyBar, Finality, Restated, WindowBar } from './served-bars.ts';
import { freshnessOf, readStoredWindows } from './stored-windows.ts';

export interface ReadBarsDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly facts?: FactCache;
}

const factCaches = new WeakMap<Lake, FactCache>();

/**
 * The bars of one symbol. The symbol is resolved to a security on the last session asked for and followed back through its
 * earlier symbols. N-session bars come from silver where they are stored and fresh; every other bar is computed from daily
 * rows by the functions of the domain. All tables are read at one version each, so that an answer never mixes two states.
 *
 * Throws `UsageError` for a request that cannot be answered: `interval-invalid`, `bars-range-empty`, `bars-date-in-future`,
 * `symbol-unknown`; `lake-empty` where there are no bars at all.
 */
export async function readBars(deps: ReadBarsDeps, request: BarsRequest): Promise<BarsResult> {
  const query = await prepare(deps, request);
  return query.interval === 1 ? dailyAnswer(query) : windowAnswer(query);
}

/** A request with everything looked up that both grains need. */
interface Query {
  readonly deps: ReadBarsDeps;
  readonly facts: FactCache;
  readonly request: BarsRequest;
  readonly interval: number;
  readonly adjust: Adjustment;
  readonly pinned: Pinned;
  readonly published: SessionSet;
  readonly lastPublished: IsoDate;
  readonly from: IsoDate | undefined;
  /** Never after the last session published. */
  readonly to: IsoDate;
  readonly securityId: string;
  readonly spans: readonly SymbolSpan[];
  readonly splits: readonly AppliedSplit[];
  readonly dividends: readonly AppliedDividend[];
  readonly held: readonly HeldEvent[];
}

async function prepare(deps: ReadBarsDeps, request: BarsRequest): Promise<Query> {
  const { lake } = deps;
  const interval = request.interval === undefined || request.interval === 1 ? 1 : checkInterval(request.interval);
  checkRange(deps, request);
  const facts = deps.facts ?? cacheOf(lake);
  const pinned = await pin(lake, interval, request.asOfMs);
  const published = await facts.published(pinned.bars);
  const lastPublished = defined(published.max, 'a table of daily bars holds a session');
  const to = request.to === undefined || request.to > lastPublished ? lastPublished : request.to;
  const listings = await facts.listings(pinned.listings);
  const securityId = listings.resolve(request.symbol, to);
  const spans = listings.spans(securityId);
  const [splits, dividends] = await Promise.all([
    facts.splits(pinned.splits, pinned.listings),
    facts.dividends(pinned.dividends, pinned.listings),
  ]);
  const held = [...splits.held, ...dividends.held].filter(
    (event) => event.securityId === securityId && event.exDate <= lastPublished,
  );
  return {
    deps,
    facts,
    request,
    interval,
    pinned,
    published,
    lastPublished,
    to,
    securityId,
    spans,
    held,
    adjust: request.adjust ?? 'split',
    from: request.from,
    splits: splits.applied.get(securityId) ?? [],
    dividends: dividends.applied.get(securityId) ?? [],
  };
}

async function dailyAnswer(query: Query): Promise<BarsResult> {
  const { from, to, pinned, request } = query;
  // A dividend is measured by the close before it, wherever that is: `total` needs all rows.
  const isTotal = query.adjust === 'total';
  const all = await readDailyRows(query, isTotal ? undefined : from, isTotal ? query.lastPublished : to);
  const rows = isTotal ? all.filter((row) => row.session <= to && (from === undefined || row.session >= from)) : all;
  if (all.length === 0) await refuseUnknownSymbol(query);
  const plan = planFor(query, all);
  const states = await readStates(query, rows);
  const bars = rows.map((row): DailyBar => {
    const factors = plan.factorsOf(row.session);
    const { symbol, session, source, fetchedAtMs, ...values } = scaled(row, factors.price, factors.volume);
    const bar = { symbol, session, ...values, finality: states.get(session) ?? null };
    if (request.explain !== true) return bar;
    const { open, high, low, close, volume, vwap, trades } = row;
    return {
      ...bar,
      explain: {
        raw: { open, high, low, close, volume, vwap, trades },
        priceFactor: factors.price,
        volumeFactor: factors.volume,
        events: plan.eventsAfter(session),
        source,
        fetchedAtMs,
      },
    };
  });
  const restated = request.explain === true ? { restated: await readRestated(query, pinned) } : {};
  return { grain: 'session', interval: 1, ...answer(query, plan), ...restated, bars };
}

async function windowAnswer(query: Query): Promise<BarsResult> {
  const { deps, interval, adjust, from, to, pinned, published, splits, request } = query;
  const { lake, calendar } = deps;
  const symbols = [...new Set(query.spans.map((span) => span.symbol))];
  const source = { interval, securityId: query.securityId, symbols, from, to };
  const folder = new WindowFolder({ calendar, interval, isPublished: (session) => published.has(session) });
  const isTotal = adjust === 'total';
  const freshness = isTotal ? undefined : await freshnessOf({ lake, calendar, facts: query.facts }, source, pinned);
  const isFresh = freshness?.usable === true && pinned.silver !== undefined;
  const stored =
    isFresh && pinned.silver !== undefined
      ? (await readStoredWindows(lake, pinned.silver, source)).filter(
          (bar) => !freshness.staleWindows.has(windowNumber(calendar, interval, bar.firstSession)),
        )
      : [];
  let computed: FoldedBar[] = [];
  let all: DailyRow[] = [];
  const needed = isFresh
    ? rangeOf(freshness.staleWindows, calendar, interval, from, to)
    : { from: windowStart(query), to };
  if (needed !== undefined) {
    // A window is given whole, so its rows are read up to its end, and for `total` all closes that measure a dividend.
    all = await readDailyRows(
      query,
      isTotal ? undefined : needed.from,
      isTotal ? query.lastPublished : windowEnd(query, needed.to),
    );
    const plan = planFor(query, all);
    const isWanted = (row: DailyRow): boolean => {
      const window = windowNumber(calendar, interval, row.session);
      const isStale = !isFresh || freshness.staleWindows.has(window);
      return (
        isStale &&
        (needed.from === undefined || row.session >= needed.from) &&
        row.session <= windowEnd(query, needed.to)
      );
    };
    const rows = all.filter((row) => calendar.isSession(row.session) && isWanted(row));
    computed = isTotal
      ? folder.fold(
          query.securityId,
          rows.map((row) => {
            const factors = plan.factorsOf(row.session);
            return scaled(row, factors.price, factors.volume);
          }),
          [],
        )
      : folder.fold(query.securityId, rows, splits);
  }
  if (stored.length === 0 && all.length === 0) await refuseUnknownSymbol(query);
  // Bars of both kinds are in the share count of their own window; only later splits are left to apply.
  const plan = planFor(query, all);
  const later = isTotal ? planAdjustment({ adjustment: 'raw', splits, lastPublished: query.lastPublished }) : plan;
  const storedCount = stored.length;
  const origins = new Map<FoldedBar, 'stored' | 'computed'>([
    ...stored.map((bar) => [bar, 'stored'] as const),
    ...computed.map((bar) => [bar, 'computed'] as const),
  ]);
  const bars = [...origins.keys()]
    .sort((a, b) => (a.firstSession < b.firstSession ? -1 : 1))
    .map((raw): WindowBar => {
      const at = folder.windowOf(raw.firstSession).lastPublished ?? raw.lastSession;
      const factors = later.factorsOf(at);
      const { securityId: _, ...bar } = scaled(raw, factors.price, factors.volume);
      if (request.explain !== true) return bar;
      const { open, high, low, close, volume, vwap, trades } = raw;
      return {
        ...bar,
        explain: {
          origin: origins.get(raw) ?? 'computed',
          raw: { open, high, low, close, volume, vwap, trades },
          priceFactor: factors.price,
          volumeFactor: factors.volume,
          events: later.eventsAfter(at),
        },
      };
    });
  const restated = request.explain === true ? { restated: await readRestated(query, pinned) } : {};
  return { grain: 'window', interval, ...answer(query, plan), ...restated, stored: storedCount, bars };
}

function answer(query: Query, plan: AdjustmentPlan) {
  const { request, securityId, lastPublished, pinned } = query;
  return {
    symbol: request.symbol,
    securityId,
    adjust: query.adjust,
    lastPublished,
    asOfMs: request.asOfMs ?? null,
    segments: query.spans,
    versions: pinned.versions,
    held: [...query.held, ...plan.held].map(({ kind, exDate, terms, reason }) => ({ kind, exDate, terms, reason })),
  };
}

function planFor(query: Query, closes: readonly DailyRow[]): AdjustmentPlan {
  const { adjust, splits, dividends, lastPublished } = query;
  return planAdjustment({ adjustment: adjust, splits, dividends, closes, lastPublished });
}

interface Row {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number | null;
  readonly trades: number | null;
  readonly source: string | null;
  readonly fetched_at: InstantMs | null;
}

async function readDailyRows(query: Query, from: IsoDate | undefined, to: IsoDate): Promise<DailyRow[]> {
  const { lake } = query.deps;
  const files = query.pinned.bars.files.filter(({ units }) => mayTouch(units, from, to));
  const rows = await scanSql(lake.deps, DAILY_BARS, files);
  const found = await lake.deps.engine.rows<Row>(dailyRowsOf(rows, query.spans, from, to));
  return found.map(({ fetched_at, ...row }) => ({ ...row, fetchedAtMs: fetched_at ?? 0 }));
}

function mayTouch(units: SessionSet | undefined, from: IsoDate | undefined, to: IsoDate): boolean {
  if (units?.min === undefined || units.max === undefined) return true;
  return units.min <= to && (from === undefined || units.max >= from);
}

async function readStates(query: Query, rows: readonly DailyRow[]): Promise<Map<IsoDate, Finality>> {
  const { sessions } = query.pinned;
  const [first, last] = [rows[0], rows.at(-1)];
  if (sessions === undefined || first === undefined || last === undefined) return new Map();
  const { lake } = query.deps;
  const sql = ledgerStates(await scanSql(lake.deps, SESSIONS, sessions.files), first.session, last.session);
  const states = await lake.deps.engine.rows<{ session: IsoDate; state: Finality }>(sql);
  return new Map(states.map(({ session, state }) => [session, state]));
}

async function readRestated(query: Query, pinned: Pinned): Promise<Restated[]> {
  const { restatements } = pinned;
  if (restatements === undefined) return [];
  const { lake, calendar } = query.deps;
  const rows = await scanSql(lake.deps, RESTATEMENTS, restatements.files);
  const sql = restatementsOf(rows, query.spans, query.from ?? calendar.firstSession, query.to);
  const found = await lake.deps.engine.rows<Omit<Restated, 'seenAtMs'> & { seen_at: InstantMs | null }>(sql);
  return found.map(({ seen_at, ...row }) => ({ ...row, seenAtMs: seen_at }));
}

function windowStart(query: Query): IsoDate | undefined {
  const { from, interval, deps } = query;
  if (from === undefined) return undefined;
  const index = deps.calendar.indexOnOrAfter(from);
  return deps.calendar.sessionAt(Math.floor(index / interval) * interval);
}

/** The last session of the window that holds a date, or the calendar's last. */
function windowEnd(query: Query, date: IsoDate): IsoDate {
  const { calendar } = query.deps;
  const window = Math.floor(Math.max(0, calendar.indexOnOrBefore(date)) / query.interval);
  const last = Math.min((window + 1) * query.interval - 1, calendar.sessionIndex(calendar.lastSession));
  return calendar.sessionAt(last);
}

/** The sessions from the first to the last of these windows that touch the range; undefined for none. */
function rangeOf(
  windows: ReadonlySet<number>,
  calendar: Calendar,
  interval: number,
  from: IsoDate | undefined,
  to: IsoDate,
): { from: IsoDate; to: IsoDate } | undefined {
  const first = from === undefined ? 0 : Math.floor(calendar.indexOnOrAfter(from) / interval);
  const last = Math.floor(calendar.indexOnOrBefore(to) / interval);
  const touched = [...windows].filter((window) => window >= first && window <= last);
  if (touched.length === 0) return undefined;
  const lowest = Math.min(...touched);
  const highest = Math.min((Math.max(...touched) + 1) * interval - 1, calendar.sessionIndex(calendar.lastSession));
  return { from: calendar.sessionAt(lowest * interval), to: calendar.sessionAt(highest) };
}

function checkRange(deps: ReadBarsDeps, request: BarsRequest): void {
  const { from, to } = request;
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError({
      code: 'bars-range-empty',
      message: 'The range begins after it ends',
      found: `${from} to ${to}`,
      allowed: 'a first day that is not after the last',
    });
  }
  const today = newYorkAt(deps.clock.nowMs()).date;
  for (const date of [from, to]) {
    if (date === undefined || date <= today) continue;
    throw new UsageError({
      code: 'bars-date-in-future',
      message: 'There can be no bars of a day in the future',
      found: date,
      allowed: `${deps.calendar.firstSession} to ${today}`,
    });
  }
}

const NEAR_MISSES_MAX = 5;

/** No rows in the range may be right; a symbol that never had a row is a mistake. */
async function refuseUnknownSymbol(query: Query): Promise<void> {
  const { deps, pinned, spans, request } = query;
  const rows = await scanSql(deps.lake.deps, DAILY_BARS, pinned.bars.files);
  for (const symbol of new Set([request.symbol, ...spans.map((span) => span.symbol)])) {
    if ((await deps.lake.deps.engine.rows(hasSymbol(rows, symbol))).length > 0) return;
  }
  const known = await deps.lake.deps.engine.rows<{ symbol: string }>(distinctSymbols(rows));
  const near = nearMisses(
    request.symbol,
    known.map(({ symbol }) => symbol),
  );
  throw new UsageError({
    code: 'symbol-unknown',
    message: 'The lake has no bars of this symbol',
    found: request.symbol,
    action: near.length > 0 ? `Symbols like it: ${near.join(', ')}` : 'List them with: condvest symbols',
  });
}

/** Symbols that differ by case, by one letter, or go on after the same beginning; nearest first. */
function nearMisses(symbol: string, known: readonly string[]): string[] {
  const wanted = symbol.toUpperCase();
  const distance = (candidate: string): number => {
    const other = candidate.toUpperCase();
    if (other === wanted) return 0;
    if (other.startsWith(wanted) || wanted.startsWith(other)) return 1 + Math.abs(other.length - wanted.length);
    if (other.length !== wanted.length) return Number.POSITIVE_INFINITY;
    let differing = 0;
    for (let i = 0; i < other.length; i += 1) if (other[i] !== wanted[i]) differing += 1;
    return differing === 1 ? 2 : Number.POSITIVE_INFINITY;
  };
  return known
    .map((candidate) => ({ candidate, distance: distance(candidate) }))
    .filter((entry) => Number.isFinite(entry.distance))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, NEAR_MISSES_MAX)
    .map((entry) => entry.candidate);
}

function cacheOf(lake: Lake): FactCache {
  const cache = factCaches.get(lake) ?? new FactCache(lake);
  factCaches.set(lake, cache);
  return cache;
}

/** The version of a table that an answer was made from, for callers that pin further ones. */
export type PinnedSnapshot = Snapshot;
