import type { IsoDate } from '#base/dates.ts';
import { type AdjustmentPlan, planAdjustment } from '#market/adjust.ts';
import { type DailyBar as DailyRow, scaled } from '#market/bar.ts';
import { type WindowBar, WindowFolder, windowNumber } from '#market/window.ts';
import { type BarsQuery, planFor } from './bars-query.ts';
import { readDailyRows } from './daily-rows.ts';
import { type Freshness, freshnessOf, NOTHING_USABLE, readStoredWindows } from './stored-windows.ts';

/** A bar of N sessions before later splits are applied: in the share count of its window's last published session. */
export interface ReadWindow {
  readonly bar: WindowBar;
  readonly origin: 'stored' | 'computed';
  readonly lastPublished: IsoDate;
}

export interface ReadWindows {
  /** Ascending by first session. */
  readonly windows: readonly ReadWindow[];
  /** Number of stored windows. */
  readonly stored: number;
  readonly plan: {
    /** Of everything that was asked for: says which events were held back. */
    readonly whole: AdjustmentPlan;
    /** Adjustment still to apply to the windows: nothing for `total`, since their daily rows include it all. */
    readonly later: AdjustmentPlan;
  };
}

/** The windows that touch the range: from silver where they are fresh, the others from daily rows. */
export async function readWindows(query: BarsQuery): Promise<ReadWindows> {
  const { deps, interval, pinned, published, from, to, securityId, spans } = query;
  const { lake, calendar } = deps;
  const folder = new WindowFolder({ calendar, interval, isPublished: (session) => published.has(session) });
  const symbols = [...new Set(spans.map((span) => span.symbol))];
  const { silver } = pinned;
  const freshness = silver === undefined ? NOTHING_USABLE : await freshnessOf(deps, { interval, securityId }, pinned);
  const found =
    silver === undefined || !freshness.usable
      ? []
      : await readStoredWindows(lake, silver, { interval, securityId, symbols, from, to });
  const stored = found.filter(
    (bar) =>
      calendar.isSession(bar.firstSession) && !isStale(freshness, windowNumber(calendar, interval, bar.firstSession)),
  );
  const rows = await staleRows(query, freshness);
  const whole = planFor(query, rows.all);
  const later =
    query.adjust === 'total'
      ? planAdjustment({ adjustment: 'raw', splits: [], lastPublished: query.lastPublished })
      : whole;
  const computed = folder.fold(securityId, ...foldable(query, rows.ofWindows, whole));
  const read = (origin: ReadWindow['origin']) => (bar: WindowBar) => ({
    bar,
    origin,
    lastPublished: folder.windowOf(bar.firstSession).lastPublished ?? bar.lastSession,
  });
  const windows = [...stored.map(read('stored')), ...computed.map(read('computed'))];
  windows.sort((a, b) => (a.bar.firstSession < b.bar.firstSession ? -1 : 1));
  return { windows, stored: stored.length, plan: { whole, later } };
}

function isStale(freshness: Freshness, window: number): boolean {
  return !freshness.usable || freshness.staleWindows.has(window);
}

/**
 * A `total` bar is folded from daily rows that are adjusted already; any other from raw rows and the splits inside it.
 */
function foldable(query: BarsQuery, rows: readonly DailyRow[], plan: AdjustmentPlan) {
  if (query.adjust !== 'total') return [rows, query.splits] as const;
  const adjusted = rows.map((row) => {
    const factors = plan.factorsOf(row.session);
    return scaled(row, factors.price, factors.volume);
  });
  return [adjusted, []] as const;
}

/**
 * The daily rows of the stale windows that touch the range, whole windows always: `ofWindows`. `all` has others
 * besides: those of fresh windows in between and, for `total`, every row, since a dividend is measured by the close
 * before it.
 */
async function staleRows(
  query: BarsQuery,
  freshness: Freshness,
): Promise<{ readonly all: readonly DailyRow[]; readonly ofWindows: readonly DailyRow[] }> {
  const { deps, interval, from, to, spans, pinned } = query;
  const { lake, calendar } = deps;
  const firstAsked = Math.floor(calendar.indexOnOrAfter(from ?? calendar.firstSession) / interval);
  const lastAsked = Math.floor(calendar.indexOnOrBefore(to) / interval);
  const isAsked = (window: number): boolean => window >= firstAsked && window <= lastAsked;
  const stale = freshness.usable
    ? [...freshness.staleWindows].filter(isAsked)
    : [firstAsked, lastAsked].filter(isAsked);
  if (stale.length === 0) return { all: [], ofWindows: [] };
  const first = calendar.sessionAt(Math.min(...stale) * interval);
  const end = calendar.sessionIndex(calendar.lastSession);
  const windowEnd = calendar.sessionAt(Math.min((Math.max(...stale) + 1) * interval - 1, end));
  const last = windowEnd < query.lastPublished ? windowEnd : query.lastPublished;
  const isTotal = query.adjust === 'total';
  const range = isTotal ? { from: undefined, to: query.lastPublished } : { from: first, to: last };
  const all = await readDailyRows(lake, pinned.bars, { spans, ...range });
  const ofWindows = all.filter(
    ({ session }) =>
      session >= first &&
      session <= last &&
      calendar.isSession(session) &&
      isStale(freshness, windowNumber(calendar, interval, session)),
  );
  return { all, ofWindows };
}
