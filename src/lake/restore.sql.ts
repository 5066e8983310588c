import { sqlName } from './engine.ts';

/** Two sets of rows to compare, as SELECTs with the same columns. */
export interface RowSets {
  readonly before: string;
  readonly after: string;
  /** All columns that tell one row from another. */
  readonly columns: readonly string[];
  readonly unitColumn: string | undefined;
}

/**
 * Units whose rows differ, by a fingerprint of each: the count, and the sum of a hash of every row. Needs no memory
 * for the rows, so it goes before the exact comparison. A table without units is one, named by a null.
 */
export function differingUnits({ before, after, columns, unitColumn }: RowSets): string {
  const side = (rows: string, name: string): string => `
    SELECT ${unitOf(unitColumn)} AS unit, count(*) AS ${name}_rows,
      sum(CAST(hash(${columns.map(sqlName).join(', ')}) AS HUGEINT)) AS ${name}_hash
    FROM (${rows}) GROUP BY unit`;
  return `
    SELECT unit FROM (
      SELECT coalesce(b.unit, a.unit) AS unit, before_rows, before_hash, after_rows, after_hash
      FROM (${side(before, 'before')}) b FULL JOIN (${side(after, 'after')}) a ON b.unit IS NOT DISTINCT FROM a.unit
    )
    WHERE before_rows IS DISTINCT FROM after_rows OR before_hash IS DISTINCT FROM after_hash
    ORDER BY unit`;
}

/**
 * The rows by which each unit differs: `added` and `removed` keys, and keys whose row is `replaced` by another one.
 * Rows are counted as in a bag, because another program may have stored one twice.
 */
export function unitChanges({ before, after, columns, unitColumn, key }: RowSets & { key: readonly string[] }): string {
  const all = columns.map(sqlName).join(', ');
  const keys = key.map(sqlName).join(', ');
  return `
    SELECT unit, sum(greatest(came - went, 0))::BIGINT AS added, sum(greatest(went - came, 0))::BIGINT AS removed,
      sum(least(came, went))::BIGINT AS replaced
    FROM (
      SELECT ${unitOf(unitColumn)} AS unit, sum(greatest(net, 0)) AS came, sum(greatest(-net, 0)) AS went
      FROM (
        SELECT ${all}, sum(side) AS net
        FROM (SELECT ${all}, 1 AS side FROM (${after}) UNION ALL SELECT ${all}, -1 AS side FROM (${before}))
        GROUP BY ${all} HAVING sum(side) <> 0
      )
      GROUP BY unit, ${keys}
    )
    GROUP BY unit ORDER BY unit`;
}

function unitOf(unitColumn: string | undefined): string {
  return unitColumn === undefined ? 'NULL::DATE' : sqlName(unitColumn);
}
