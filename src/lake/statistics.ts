import type { FileStats, StatsValue } from './files.ts';

interface Described {
  readonly stats: FileStats | undefined;
}

/**
 * Returns whether the statistics of two sets of files with the same rows agree: the same row and null counts, minimums
 * and maximums. False if a file has no statistics.
 */
export function sameStatistics(before: readonly Described[], after: readonly Described[]): boolean {
  const [one, other] = [combined(before), combined(after)];
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

interface Combined {
  readonly rows: number;
  /** By column, sorted: null count, minimum and maximum; null if a file does not say. */
  readonly columns: readonly (readonly [string, number, StatsValue, StatsValue])[];
}

function combined(files: readonly Described[]): Combined | undefined {
  const all: FileStats[] = [];
  for (const { stats } of files) {
    if (stats?.numRecords === undefined || stats.nullCount === undefined) return undefined;
    all.push(stats);
  }
  const names = [...new Set(all.flatMap((stats) => Object.keys(stats.nullCount ?? {})))].sort();
  return {
    rows: all.reduce((sum, stats) => sum + (stats.numRecords ?? 0), 0),
    columns: names.map((name) => {
      const nulls = all.reduce((sum, stats) => sum + (stats.nullCount?.[name] ?? stats.numRecords ?? 0), 0);
      const least = all.map((stats) => stats.minValues?.[name]);
      const most = all.map((stats) => stats.maxValues?.[name]);
      return [name, nulls, extreme(least, -1), extreme(most, 1)] as const;
    }),
  };
}

/** Returns the minimum (-1) or maximum (1) of values of one type; null if one of them is unknown. */
function extreme(values: readonly (StatsValue | undefined)[], direction: -1 | 1): StatsValue {
  let best: StatsValue | undefined;
  for (const value of values) {
    if (value === undefined || value === null) return null;
    if (best === undefined || best === null || (direction === -1 ? value < best : value > best)) best = value;
  }
  return best ?? null;
}
