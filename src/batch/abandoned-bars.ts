import type { Table } from '#lake/table.ts';

/**
 * Tables of N-session bars of lengths that are configured no longer: readable as they were, and not derived again. `intervals`
 * undefined: every stored length is kept up.
 */
export function abandonedBars(tables: readonly Table[], intervals: readonly number[] | undefined): readonly Table[] {
  if (intervals === undefined) return [];
  return tables.filter(({ def }) => {
    const interval = intervalOf(def.name);
    return interval !== undefined && !intervals.includes(interval);
  });
}

/** The length of the bars in a table, in sessions; undefined for a table of another kind. */
export function intervalOf(table: string): number | undefined {
  const digits = /^silver\/bars_(\d+)d$/.exec(table)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
