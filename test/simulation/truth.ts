import type { IsoDate } from '#base/dates.ts';
import type { DailyBar } from '#market/bar.ts';
import type { SplitFact } from '#market/corporate-actions.ts';
import { restatementsOf, restoredValues } from '#market/restatement.ts';
import type { Listing } from '#market/security.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { mergeRow, replacedBy } from '#test/fixtures/row-merge.ts';

/**
 * The expected contents of a lake, in plain maps. Apart from the domain rules, none of the code under test is involved.
 * Immutable.
 */
export interface Truth {
  /** Keyed by `symbol session`. */
  readonly bars: ReadonlyMap<string, DailyBar>;
  readonly splits: readonly SplitFact[];
  readonly listings: readonly Listing[];
}

export const NOTHING: Truth = { bars: new Map(), splits: [], listings: [] };

export function keyOf(bar: { readonly symbol: string; readonly session: IsoDate }): string {
  return `${bar.symbol} ${bar.session}`;
}

/** Returns the bars after a put: rows are inserted, replaced by rank, or left alone; none is removed. */
export function afterPut(truth: Truth, incoming: readonly DailyBar[]): Truth {
  const bars = new Map(truth.bars);
  for (const row of incoming) {
    const stored = bars.get(keyOf(row));
    const outcome = mergeRow(stored, row, { ranks: DEFAULT_SOURCE_RANKS });
    if (outcome !== 'inserted' && outcome !== 'replaced') continue;
    bars.set(keyOf(row), stored === undefined ? row : replacedBy(stored, row));
  }
  return { ...truth, bars };
}

/** Returns the values that changed between two truths, as strings, for the version that made the change. */
export function restated(
  before: Truth,
  after: Truth,
  version: number,
  settlesAtMs: (session: IsoDate) => number,
): string[] {
  const texts: string[] = [];
  for (const [key, bar] of after.bars) {
    const old = before.bars.get(key);
    if (old === undefined || old === bar) continue;
    for (const { symbol, session, kind, field, old: was, new: is } of restatementsOf(
      old,
      bar,
      settlesAtMs(bar.session),
    )) {
      texts.push(`${symbol} ${session} v${version} ${kind} ${field} ${was} → ${is}`);
    }
  }
  return texts.toSorted(ascending);
}

/** Returns the values that a restore brought back, as strings. */
export function restored(before: Truth, after: Truth, version: number): string[] {
  const texts: string[] = [];
  for (const [key, bar] of after.bars) {
    const old = before.bars.get(key);
    if (old === undefined || old === bar) continue;
    for (const { symbol, session, kind, field, old: was, new: is } of restoredValues(old, bar, 0)) {
      texts.push(`${symbol} ${session} v${version} ${kind} ${field} ${was} → ${is}`);
    }
  }
  return texts.toSorted(ascending);
}

/** Returns the bars as strings in a fixed order, to compare with those of a lake. */
export function barTexts(truth: Truth): string[] {
  return [...truth.bars.values()].map(barText).toSorted(ascending);
}

export function barText(bar: DailyBar): string {
  const { symbol, session, open, high, low, close, volume, vwap, trades, source, fetchedAtMs } = bar;
  return [symbol, session, open, high, low, close, volume, vwap, trades, source, fetchedAtMs].join('|');
}

/** Returns the sessions that have a bar, ascending. */
export function publishedSessions(truth: Truth): IsoDate[] {
  return [...new Set([...truth.bars.values()].map((bar) => bar.session))].toSorted(ascending);
}

/** By code unit, like the lake's own order. */
export function ascending(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
