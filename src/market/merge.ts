import type { BarValues } from './bar.ts';

/**
 * What becomes of an incoming row of a put of sessions:
 *
 * - `inserted`: nothing is stored under its symbol and session;
 * - `unchanged`: the same values are stored; nothing is written, so that `fetched_at` stays when these values first arrived. A null
 *   beside equal prices and volume is no other value: a source that gives no `vwap` does not take away one that is known;
 * - `replaced`: other values of a source of equal or lower rank, or a replacement was asked for;
 * - `conflict`: other values of a source of higher rank, or an older look at a source of the same rank, which was held up; nothing
 *   changes and the difference is listed.
 *
 * A stored row that no incoming row speaks of is `kept`: a put never removes.
 */
export type MergeOutcome = 'inserted' | 'unchanged' | 'replaced' | 'conflict';

export interface SourcedValues extends BarValues {
  readonly source: string | null;
}

export interface MergeOptions {
  readonly ranks?: readonly string[];
  readonly replace?: boolean;
  /** What is stored arrived after the incoming row was asked for. */
  readonly isStaleFetch?: boolean;
}

/** Sources from the lowest rank to the highest. A source that is not in the list ranks like `import`. */
export const DEFAULT_SOURCE_RANKS: readonly string[] = ['simulated', 'import', 'flat-file', 'massive'];

/** The rank of a source: its place in the list. A row without a source, such as a foreign writer's, ranks lowest. */
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

/** What a replaced row holds: the incoming values, and what they leave open where prices and volume are the same. */
export function replacedBy<T extends SourcedValues>(stored: SourcedValues, incoming: T, replace = false): T {
  if (replace || !MEASURED.every((field) => stored[field] === incoming[field])) return incoming;
  return { ...incoming, vwap: incoming.vwap ?? stored.vwap, trades: incoming.trades ?? stored.trades };
}

/** Fields that every row has. */
export const MEASURED = ['open', 'high', 'low', 'close', 'volume'] as const satisfies readonly (keyof BarValues)[];
/** Fields that some sources do not give. */
export const OPTIONAL = ['vwap', 'trades'] as const satisfies readonly (keyof BarValues)[];

function saysNothingNew(stored: SourcedValues, incoming: SourcedValues, replace: boolean): boolean {
  return (
    MEASURED.every((field) => stored[field] === incoming[field]) &&
    OPTIONAL.every((field) => stored[field] === incoming[field] || (incoming[field] === null && !replace))
  );
}
