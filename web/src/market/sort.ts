import type { WatchlistRow } from '../api/wire.ts';

/** Sort order of the watchlist. Rows without a value come last in either direction. */

export type SortKey = 'symbol' | 'close' | 'change_percent' | 'volume';

export interface Sorting {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** Sorting after a click on a column: the column's default direction first, then the reverse. */
export function nextSorting(current: Sorting | undefined, key: SortKey): Sorting {
  if (current?.key === key) return { key, isDescending: !current.isDescending };
  return { key, isDescending: key !== 'symbol' };
}

/** Sorts the rows, or returns them unchanged without a sorting. */
export function sorted(rows: readonly WatchlistRow[], sorting: Sorting | undefined): readonly WatchlistRow[] {
  if (sorting === undefined) return rows;
  const { key, isDescending } = sorting;
  const sign = isDescending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (x < y ? -1 : x > y ? 1 : 0) * sign;
  });
}
