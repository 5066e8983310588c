import { sqlName } from '#lake/sql-text.ts';

/** Selects keys that occur more than once, and incomplete keys: the first examples and the number of each kind. */
export function brokenKeys(select: string, key: readonly string[], examples: number): string {
  const names = key.map(sqlName);
  const text = `concat_ws(' ', ${key.map((name) => `coalesce(${sqlName(name)}::VARCHAR, '?')`).join(', ')})`;
  return `
    WITH keys AS (
      SELECT ${text} AS key, count(*) AS rows, ${names.map((name) => `${name} IS NULL`).join(' OR ')} AS incomplete
      FROM (${select}) GROUP BY ${names.join(', ')}
    )
    SELECT key, rows, incomplete, count(*) OVER (PARTITION BY incomplete) AS broken
    FROM keys WHERE rows > 1 OR incomplete
    QUALIFY row_number() OVER (PARTITION BY incomplete ORDER BY key) <= ${examples} ORDER BY incomplete, key`;
}

/** A row of `brokenKeys`: the values of the key, and how many such keys there are. */
export interface BrokenKey {
  readonly key: string;
  readonly rows: number;
  readonly incomplete: boolean;
  readonly broken: number;
}
