import type { SeriesBar } from '../read/bar-series.ts';

/** One page of aggregates: which bars it has, and where the next one begins. Pure. */
export interface AggregatePage {
  /** In the order asked for. */
  readonly bars: readonly SeriesBar[];
  /** Daily bars that were looked at for it. */
  readonly queryCount: number;
  /** The first bar of the next page; undefined on the last one. */
  readonly next: SeriesBar | undefined;
}

/**
 * `limit` counts daily bars, not results, and a bar that it would cut is left for the next page: 100 daily bars hold 4 full
 * months. A first bar that is longer than `limit` comes whole, since no page could have it otherwise.
 */
export function pageOf(
  ascending: readonly SeriesBar[],
  { sort, limit }: { readonly sort: 'asc' | 'desc'; readonly limit: number },
): AggregatePage {
  const bars = sort === 'asc' ? ascending : ascending.toReversed();
  let looked = 0;
  let count = 0;
  for (const { rows } of bars) {
    if (count > 0 && looked + rows > limit) {
      return { bars: bars.slice(0, count), queryCount: Math.max(limit, looked), next: bars[count] };
    }
    looked += rows;
    count += 1;
  }
  return { bars, queryCount: looked, next: undefined };
}
