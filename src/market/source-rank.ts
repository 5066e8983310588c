import type { BarValues } from './bar.ts';

/** Sources from the lowest rank to the highest. A source that is not on the list ranks like `import`. */
export const DEFAULT_SOURCE_RANKS: readonly string[] = [
  'simulated',
  'import-unadjusted',
  'import',
  'flat-file',
  'massive',
];

/** Returns the rank of a source: its place in the list. A row without a source, such as one of a foreign writer, ranks lowest. */
export function rankOf(source: string | null, ranks: readonly string[] = DEFAULT_SOURCE_RANKS): number {
  if (source === null) return -1;
  const rank = ranks.indexOf(source);
  return rank === -1 ? ranks.indexOf('import') : rank;
}

/** Fields that every row has. */
export const MEASURED = ['open', 'high', 'low', 'close', 'volume'] as const satisfies readonly (keyof BarValues)[];
/** Fields that some sources lack. */
export const OPTIONAL = ['vwap', 'trades'] as const satisfies readonly (keyof BarValues)[];
