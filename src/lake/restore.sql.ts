import type { SessionSet } from '#market/session-set.ts';
import { inUnits } from './put.sql.ts';
import { sqlName } from './sql-text.ts';

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
      sum(CAST(${rowHash(columns)} AS HUGEINT)) AS ${name}_hash
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
 * Rows are counted as in a bag, because another program may have stored one twice. Two rows of one key are told apart
 * by a hash of all columns, which takes a third of the memory of the values.
 */
export function unitChanges({ before, after, columns, unitColumn, key }: RowSets & { key: readonly string[] }): string {
  const keys = key.map(sqlName).join(', ');
  const side = (rows: string, sign: number): string => `
    SELECT ${unitOf(unitColumn)} AS unit, ${keys}, ${rowHash(columns)} AS row_hash, ${sign} AS side FROM (${rows})`;
  return `
    SELECT unit, sum(greatest(came - went, 0))::BIGINT AS added, sum(greatest(went - came, 0))::BIGINT AS removed,
      sum(least(came, went))::BIGINT AS replaced
    FROM (
      SELECT unit, sum(greatest(net, 0)) AS came, sum(greatest(-net, 0)) AS went
      FROM (
        SELECT unit, ${keys}, row_hash, sum(side) AS net FROM (${side(after, 1)} UNION ALL ${side(before, -1)})
        GROUP BY unit, ${keys}, row_hash HAVING sum(side) <> 0
      )
      GROUP BY unit, ${keys}
    )
    GROUP BY unit ORDER BY unit`;
}

/** The rows of some units; with `withoutUnit` also rows of none, which only another program writes. */
export function rowsOfDiffering(rows: string, unitColumn: string, units: SessionSet, withoutUnit: boolean): string {
  const none = withoutUnit ? ` OR ${sqlName(unitColumn)} IS NULL` : '';
  return `SELECT * FROM (${rows}) WHERE ${inUnits(unitColumn, units)}${none}`;
}

function rowHash(columns: readonly string[]): string {
  return `hash(${columns.map(sqlName).join(', ')})`;
}

function unitOf(unitColumn: string | undefined): string {
  return unitColumn === undefined ? 'NULL::DATE' : sqlName(unitColumn);
}
