import type { IsoDate } from '#base/dates.ts';
import { type AdjustmentPlan, planAdjustment } from '#market/adjust.ts';
import { type BarValues, scaled } from '#market/bar.ts';
import { type CalendarUnit, CalendarWindows } from '#market/calendar-windows.ts';
import { describeWindow, type FoldedRow, foldWindow, type Window, windowNumber } from '#market/window.ts';
import { type BarsQuery, prepareQuery } from './bars-query.ts';
import { readDailyRows } from './daily-rows.ts';
import { lastKnown, type RevisedBar, readLiveBars, tagOfLive } from './live-part.ts';
import { mergeLive } from './merge-live.ts';
import type { LiveReadDeps } from './read-deps.ts';
import type { Finality } from './served-bars.ts';
import type { LakeView } from './view.ts';
import { readWindows } from './window-bars.ts';

/**
 * Bars of one symbol at any grain, published and live ones in one series: what aggregates, indicators and charts are made of.
 * `bars.ts` gives what is in the lake with all that is known about it; this gives values.
 */

export type Grain =
  /** Windows of calendar time that begin where the range does. */
  | { readonly unit: CalendarUnit; readonly multiplier: number }
  /** Windows of N sessions, whose boundaries never move. The open one only where partial ones are asked for. */
  | { readonly unit: 'session'; readonly multiplier: number; readonly includePartial: boolean };

export interface SeriesRequest {
  readonly symbol: string;
  /** Which security the symbol means: the one that had it on this date. */
  readonly at: IsoDate;
  /**
   * Prices and volumes in the share count of the last session; else as traded, in that of the bar's own last session.
   */
  readonly adjusted: boolean;
  readonly grain: Grain;
  /** Live bars up to this date count; undefined: none. */
  readonly liveUntil: IsoDate | undefined;
  /** Splits up to this date count at least: that of page one, whose live bars may be gone. */
  readonly splitsUntil?: IsoDate | undefined;
}

/** A series before it is read: which security, which live bars, which share count. */
export interface Series {
  readonly request: SeriesRequest;
  readonly query: BarsQuery;
  readonly live: readonly RevisedBar[];
  /** The last session that is known of, published or live: splits up to it count. */
  readonly lastSession: IsoDate;
}

export interface SeriesBar extends BarValues {
  /** First day of the window: by the calendar, of trading for windows of sessions. */
  readonly first: IsoDate;
  /** Last day of the window. */
  readonly last: IsoDate;
  /** Daily bars in it. */
  readonly rows: number;
  /** More sessions will come into it: its values are not its last ones. Always false for calendar windows. */
  readonly isPartial: boolean;
}

/** Looks up what a series is made of. Throws as `readBars` does, but for `symbol-unknown`: such a series is empty. */
export async function openSeries(deps: LiveReadDeps, view: LakeView, request: SeriesRequest): Promise<Series> {
  const { symbol, at, adjusted, grain, liveUntil, splitsUntil } = request;
  const interval = grain.unit === 'session' ? grain.multiplier : 1;
  const query = await prepareQuery(deps, { symbol, to: at, interval, adjust: adjusted ? 'split' : 'raw' }, view);
  const { lastPublished } = query;
  const live =
    liveUntil === undefined ? [] : await readLiveBars(deps, query.spans, { lastPublished, until: liveUntil });
  const newest = liveUntil === undefined ? lastPublished : await lastKnown(deps, { lastPublished, until: liveUntil });
  const last = splitsUntil === undefined || splitsUntil < newest ? newest : splitsUntil;
  // After the seam, live sessions count as published for everything except the read itself.
  return { request, query: { ...query, lastPublished: last }, live, lastSession: last };
}

/** The bars whose windows touch a range, ascending. A window that touches it is given whole. */
export async function readSeries(
  series: Series,
  range: { readonly from: IsoDate; readonly to: IsoDate },
): Promise<readonly SeriesBar[]> {
  const { grain } = series.request;
  if (range.from > range.to) return [];
  if (grain.unit === 'session' && grain.multiplier > 1) return sessionWindows(series, range, grain);
  if (grain.multiplier === 1 && (grain.unit === 'day' || grain.unit === 'session')) return days(series, range);
  return calendarWindows(series, range, new CalendarWindows(grain.unit as CalendarUnit, grain.multiplier, range.from));
}

/** Returns the tag of the live bars that a series depends on; `bars` are the ones shown. */
export function liveTagOf({ live, lastSession, query }: Series, bars: readonly RevisedBar[] = live): string {
  return tagOfLive(bars, lastSession, query.published.max ?? lastSession);
}

interface Range {
  readonly from: IsoDate;
  readonly to: IsoDate;
}

async function days(series: Series, range: Range): Promise<readonly SeriesBar[]> {
  const { rows, live } = await mergedRows(series, range);
  const plan = planOf(series);
  const isSession = series.request.grain.unit === 'session';
  const liveFrom = live[0]?.session;
  return rows.map((row) => {
    const { session } = row;
    const isPartial = isSession && liveFrom !== undefined && session >= liveFrom;
    return { ...valuesOf(row, plan, session), first: session, last: session, rows: 1, isPartial };
  });
}

async function calendarWindows(series: Series, range: Range, windows: CalendarWindows): Promise<readonly SeriesBar[]> {
  const to = windows.lastDayOf(windows.numberOf(range.to));
  const { rows } = await mergedRows(series, { from: windows.firstDayOf(0), to });
  const plan = planOf(series);
  const bars: SeriesBar[] = [];
  for (let i = 0; i < rows.length; ) {
    const number = windows.numberOf(rows[i]?.session ?? range.from);
    const last = windows.lastDayOf(number);
    let end = i + 1;
    while (end < rows.length && (rows[end]?.session ?? last) <= last) end += 1;
    const window: Window = {
      number,
      firstSession: windows.firstDayOf(number),
      lastSession: last,
      expected: end - i,
      complete: true,
      lastPublished: lastKnownSession(series, last),
    };
    bars.push(barOf(series, window, rows.slice(i, end), plan));
    i = end;
  }
  return bars;
}

async function sessionWindows(
  series: Series,
  range: Range,
  grain: { readonly multiplier: number; readonly includePartial: boolean },
): Promise<readonly SeriesBar[]> {
  const { query, live } = series;
  const { windows, plan } = await readWindows({ ...query, ...range });
  const bars = new Map<IsoDate, SeriesBar>();
  for (const { bar, lastPublished } of windows) {
    const { firstSession: first, lastSession: last, sessions: rows, complete } = bar;
    bars.set(first, { ...valuesOf(bar, plan.later, lastPublished), first, last, rows, isPartial: !complete });
  }
  const open = await liveWindows(series, range, grain.multiplier);
  for (const { window, rows } of open) {
    bars.set(window.firstSession, { ...barOf(series, window, rows, plan.later), isPartial: true });
  }
  const ascending =
    live.length === 0 ? [...bars.values()] : [...bars.values()].sort((a, b) => (a.first < b.first ? -1 : 1));
  return grain.includePartial ? ascending : ascending.filter((bar) => !bar.isPartial);
}

/** The windows of N sessions that live bars lie in, with all of their rows. */
async function liveWindows(series: Series, range: Range, interval: number) {
  const { calendar } = series.query.deps;
  const liveSessions = new Set(series.live.map(({ session }) => session));
  const numbers = new Set([...liveSessions].map((session) => windowNumber(calendar, interval, session)));
  const isKnown = (session: IsoDate): boolean => series.query.published.has(session) || liveSessions.has(session);
  const found: { readonly window: Window; readonly rows: readonly FoldedRow[] }[] = [];
  for (const number of numbers) {
    const window = describeWindow(calendar, interval, number, isKnown);
    if (window.firstSession > range.to || window.lastSession < range.from) continue;
    const { rows } = await mergedRows(series, { from: window.firstSession, to: window.lastSession });
    found.push({ window, rows });
  }
  return found;
}

/** Daily rows, published and live, as traded. */
async function mergedRows(series: Series, range: Range) {
  const { query, live } = series;
  const { from, to } = range;
  const lastPublished = query.published.max ?? to;
  const end = to < lastPublished ? to : lastPublished;
  const batch =
    from > end ? [] : await readDailyRows(query.deps.lake, query.pinned.bars, { spans: query.spans, from, to: end });
  return mergeLive(
    batch,
    live.filter(({ session }) => session >= from && session <= to),
    lastPublished,
  );
}

function planOf({ request, query, lastSession }: Series): AdjustmentPlan {
  const adjustment = request.adjusted ? 'split' : 'raw';
  return planAdjustment({ adjustment, splits: query.splits, lastPublished: lastSession });
}

/** Splits inside a window scale its earlier rows, later ones all of it: no bar mixes two share counts. */
function barOf(series: Series, window: Window, rows: readonly FoldedRow[], plan: AdjustmentPlan): SeriesBar {
  const { query } = series;
  const { firstSession: first, lastSession: last } = window;
  const folded = foldWindow(window, query.securityId, rows, query.splits);
  const values = valuesOf(folded, plan, window.lastPublished ?? last);
  return { ...values, first, last, rows: rows.length, isPartial: false };
}

function valuesOf(bar: BarValues, plan: AdjustmentPlan, session: IsoDate): BarValues {
  const factors = plan.factorsOf(session);
  const { open, high, low, close, volume, vwap, trades } = scaled(bar, factors.price, factors.volume);
  return { open, high, low, close, volume, vwap, trades };
}

/** The last session on or before a date that is published or live. */
function lastKnownSession(series: Series, date: IsoDate): IsoDate | undefined {
  const { query, live } = series;
  const { calendar } = query.deps;
  const newest = live.findLast(({ session }) => session <= date)?.session;
  if (newest !== undefined) return newest;
  for (let i = calendar.indexOnOrBefore(date); i >= 0; i -= 1) {
    const session = calendar.sessionAt(i);
    if (query.published.has(session)) return session;
  }
  return undefined;
}

/** State of the newest session in a bar: of the ledger, or `live`; undefined where nothing is known. */
export async function finalityOf(series: Series, bar: SeriesBar): Promise<Finality | 'live' | undefined> {
  const session = lastKnownSession(series, bar.last);
  if (session === undefined) return undefined;
  if (series.live.some((live) => live.session === session)) return 'live';
  return (await series.query.deps.caches.states(series.query.pinned.sessions)).get(session);
}
