import { type BarValues, equalValues } from './bar.ts';

/**
 * What becomes of an incoming row of a put of sessions:
 *
 * - `inserted`: nothing is stored under its symbol and session;
 * - `unchanged`: the same values are stored; nothing is written, so that `fetched_at` stays when these values first arrived;
 * - `replaced`: other values of a source of equal or lower rank, or a replacement was asked for;
 * - `conflict`: other values of a source of higher rank; nothing changes and the difference is listed.
 *
 * A stored row that no incoming row speaks of is `kept`: a put never removes.
 */
export type MergeOutcome = 'inserted' | 'unchanged' | 'replaced' | 'conflict';

export interface SourcedValues extends BarValues {
  readonly source: string | null;
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
  options: { readonly ranks?: readonly string[]; readonly replace?: boolean } = {},
): MergeOutcome {
  if (stored === undefined) return 'inserted';
  if (equalValues(stored, incoming)) return 'unchanged';
  const allowed =
    options.replace === true || rankOf(incoming.source, options.ranks) >= rankOf(stored.source, options.ranks);
  return allowed ? 'replaced' : 'conflict';
}
