import type { IsoDate } from '#base/dates.ts';
import type { SessionSet } from '#market/session-set.ts';

import { sqlName } from './sql-text.ts';

/**
 * A condition that is true for rows of these units: a range in addition to the list, so that row groups and files can
 * be skipped.
 */
export function inUnits(unitColumn: string, units: SessionSet): string {
  const { min, max, size } = units;
  if (min === undefined || max === undefined) return 'false';
  const column = sqlName(unitColumn);
  if (size === 1) return `${column} = ${dateSql(min)}`;
  return `${column} BETWEEN ${dateSql(min)} AND ${dateSql(max)} AND ${column} IN (${[...units].map(dateSql).join(', ')})`;
}

export function rowsOfUnits(select: string, unitColumn: string, units: SessionSet): string {
  return `SELECT * FROM (${select}) WHERE ${inUnits(unitColumn, units)}`;
}

/** Rows of several SELECTs with columns matched by name; the first one determines columns and types. */
export function unionByName(selects: readonly string[]): string {
  return selects.map((select) => `(${select})`).join(' UNION ALL BY NAME ');
}

export function countRows(select: string): string {
  return `SELECT count(*) AS count FROM (${select})`;
}

/** The units in a file; null for a row without one. */
export function distinctUnits(select: string, unitColumn: string): string {
  return `SELECT DISTINCT ${sqlName(unitColumn)} AS unit FROM (${select})`;
}

/**
 * A fingerprint of a set of rows, independent of their order and distribution over files: their count, and the sum of
 * one hash per row over all columns. (A sum rather than XOR, in which a duplicated row would cancel out.)
 */
export function fingerprintRows(select: string, columns: readonly string[]): string {
  const hash = `hash(${columns.map(sqlName).join(', ')})`;
  return `SELECT count(*) AS count, coalesce(sum(CAST(${hash} AS HUGEINT)), 0)::VARCHAR AS hash FROM (${select})`;
}

function dateSql(date: IsoDate): string {
  return `DATE '${date}'`;
}
