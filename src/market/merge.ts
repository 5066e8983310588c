import type { BarValues } from './bar.ts';

/**
 * Outcome of an incoming row of a put of sessions:
 *
 * - `inserted`: nothing is stored under its symbol and session;
 * - `unchanged`: the same values are stored. Nothing is written, so `fetched_at` remains when these values first arrived. A null
 *   next to equal prices and volume is not a different value: a source without `vwap` does not remove a known one;
 * - `replaced`: the stored values are from a source of equal or lower rank, or replacement was requested;
 * - `conflict`: the stored values are from a source of higher rank, or the incoming row is from a stale fetch of the same rank.
 *   Nothing changes, and the difference is reported.
 *
 * A stored row without an incoming row is `kept`: a put never removes rows.
 */
export type MergeOutcome = 'inserted' | 'unchanged' | 'replaced' | 'conflict';

export interface SourcedValues extends BarValues {
  readonly source: string | null;
}

export interface MergeOptions {
  readonly ranks?: readonly string[];
  readonly replace?: boolean;
  /** Whether the stored row arrived after the incoming one was requested. */
  readonly isStaleFetch?: boolean;
}

/** Sources from the lowest rank to the highest. A source that is not on the list ranks like `import`. */
export const DEFAULT_SOURCE_RANKS: readonly string[] = ['simulated', 'import', 'flat-file', 'massive'];

/**
 * Returns the rank of a source: its position in the list. A row without a source, such as a foreign writer's, ranks
 * lowest.
 */
export function rankOf(source: string | null, ranks: readonly string[] = DEFAULT_SOURCE_RANKS): number {
  if (source === null) return -1;
  const rank = ranks.indexOf(source);
  return rank === -1 ? ranks.indexOf('import') : rank;
}

export function mergeRow(
  stored: SourcedValues | undefined,
  incoming: SourcedValues,
  options: MergeOptions = {},
): MergeOutcome {
  if (stored === undefined) return 'inserted';
  if (saysNothingNew(stored, incoming, options.replace === true)) return 'unchanged';
  if (options.replace === true) return 'replaced';
  const ahead = rankOf(incoming.source, options.ranks) - rankOf(stored.source, options.ranks);
  return ahead > 0 || (ahead === 0 && options.isStaleFetch !== true) ? 'replaced' : 'conflict';
}

/**
 * Returns the values of a replaced row: the incoming ones, completed by the stored ones if prices and volume are the
 * same.
 */
export function replacedBy<T extends SourcedValues>(stored: SourcedValues, incoming: T, replace = false): T {
  if (replace || !MEASURED.every((field) => stored[field] === incoming[field])) return incoming;
  return { ...incoming, vwap: incoming.vwap ?? stored.vwap, trades: incoming.trades ?? stored.trades };
}

/** Fields that every row has. */
export const MEASURED = ['open', 'high', 'low', 'close', 'volume'] as const satisfies readonly (keyof BarValues)[];
/** Fields that some sources lack. */
export const OPTIONAL = ['vwap', 'trades'] as const satisfies readonly (keyof BarValues)[];

function saysNothingNew(stored: SourcedValues, incoming: SourcedValues, replace: boolean): boolean {
  return (
    MEASURED.every((field) => stored[field] === incoming[field]) &&
    OPTIONAL.every((field) => stored[field] === incoming[field] || (incoming[field] === null && !replace))
  );
}
