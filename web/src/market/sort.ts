import type { Watched } from '../api/wire.ts';

/** The order of a watchlist. What has no value stands last, whichever way. */

export type SortKey = 'symbol' | 'close' | 'change_percent' | 'volume';

export interface Sorting {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** A click on a column: its useful way first, the other way next. */
export function nextSorting(now: Sorting | undefined, key: SortKey): Sorting {
  if (now?.key === key) return { key, isDescending: !now.isDescending };
  return { key, isDescending: key !== 'symbol' };
}

/** Without an order the list stays as it was put together. */
export function sorted(rows: readonly Watched[], sorting: Sorting | undefined): readonly Watched[] {
  if (sorting === undefined) return rows;
  const { key, isDescending } = sorting;
  const way = isDescending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (x < y ? -1 : x > y ? 1 : 0) * way;
  });
}
