import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/engine.ts';

import { mayReplaceSql } from '../put/put-bars.sql.ts';

/**
 * The merge of corporate actions. A source says for one key (symbol and date, for dividends also the kind) a *set* of
 * values: usually one; two different ones are kept side by side, and reading applies neither. The set replaces what
 * sources of equal or lower rank had said for that key; what a higher rank said stays, and a difference is a conflict.
 * A value that is stored already keeps its source and its `seen_at`. Keys that stop coming are kept, but for those that
 * were announced and are withdrawn before they counted: see `withdrawnSql`.
 *
 * Shapes: *incoming* has key and values, unique; *stored* has those, source and seen_at.
 */
export interface ValueSetInputs {
  readonly incoming: string;
  readonly stored: string;
  readonly key: readonly string[];
  readonly values: readonly string[];
  readonly source: string;
  readonly seenAtMs: number;
  readonly ranks: readonly string[];
  readonly replace: boolean;
  /** Undefined where nothing can be withdrawn: what comes is no whole list. */
  readonly listed?: WholeList | undefined;
}

/** A source's whole list of the events from a day on. */
export interface WholeList {
  /** SQL of the keys of all its rows, also of those that were refused; null where a row lacks a field. */
  readonly keys: string;
  /** Events from this ex-date on are announced: no list has had them since they counted. */
  readonly announcedFrom: IsoDate;
  /** The list holds events from this ex-date on. */
  readonly from: IsoDate;
}

/** Key and outcome (`inserted`, `unchanged`, `replaced`, `conflict`) of each incoming key, with both sets as text. */
export function keyOutcomesSql(inputs: ValueSetInputs): string {
  const key = inputs.key.join(', ');
  const set = `list_sort(list(DISTINCT {${inputs.values.map((name) => `'${name}': ${name}`).join(', ')}}))`;
  const isProtected = inputs.replace
    ? 'false'
    : `bool_or(NOT (${mayReplaceSql('source', inputs.source, inputs.ranks)}))`;
  const same = inputs.key.map((name) => `n.${name} = o.${name}`).join(' AND ');
  return `
    SELECT ${inputs.key.map((name) => `n.${name}`).join(', ')},
      to_json(n.value_set)::VARCHAR AS incoming, len(n.value_set) AS incoming_count,
      to_json(o.value_set)::VARCHAR AS stored, o.source AS stored_source,
      CASE
        WHEN o.value_set IS NULL THEN 'inserted'
        WHEN o.value_set = n.value_set THEN 'unchanged'
        WHEN o.is_protected THEN 'conflict'
        ELSE 'replaced'
      END AS outcome
    FROM (SELECT ${key}, ${set} AS value_set FROM (${inputs.incoming}) GROUP BY ${key}) AS n
    LEFT JOIN (
      SELECT ${key}, ${set} AS value_set, ${isProtected} AS is_protected, max(source) AS source
      FROM (${inputs.stored}) GROUP BY ${key}
    ) AS o ON ${same}
    ORDER BY ${inputs.key.map((name) => `n.${name}`).join(', ')}`;
}

/**
 * Keys that the source itself had announced, ahead of their ex-date, and that its list has no more: they were
 * postponed, under another date now, or called off. A row of the list that lacks a part of its key may be any that it
 * fits.
 */
export function withdrawnSql({ stored, key, source, listed }: ValueSetInputs): string {
  const fields = key.join(', ');
  if (listed === undefined) return `SELECT ${fields} FROM (${stored}) WHERE false`;
  const isSame = key.map((name) => `coalesce(l.${name}, o.${name}) = o.${name}`).join(' AND ');
  const from = listed.from > listed.announcedFrom ? listed.from : listed.announcedFrom;
  return `
    SELECT DISTINCT ${fields} FROM (${stored}) AS o
    WHERE source = ${sqlText(source)} AND ex_date >= DATE '${from}'
      AND NOT EXISTS (SELECT 1 FROM (${listed.keys}) AS l WHERE ${isSame})
    ORDER BY ${fields}`;
}

/** Counts the source's stored keys from the list's first day on, and those of them that are on the list. */
export function knownAndListedSql({ stored, key, source }: ValueSetInputs, listed: WholeList): string {
  const fields = key.join(', ');
  return `
    SELECT count(*) AS known, count(*) FILTER (is_listed) AS listed FROM (
      SELECT DISTINCT ${key.map((name) => `o.${name}`).join(', ')}, l.ex_date IS NOT NULL AS is_listed
      FROM (SELECT DISTINCT ${fields} FROM (${stored}) WHERE source = ${sqlText(source)} AND ex_date >= DATE '${listed.from}') AS o
      LEFT JOIN (SELECT DISTINCT ${fields} FROM (${listed.keys})) AS l USING (${fields}))`;
}

/** All rows of the table after the merge. */
export function mergedValueSetsSql(inputs: ValueSetInputs): string {
  const columns = [...inputs.key, ...inputs.values];
  const changed = `SELECT * FROM (${keyOutcomesSql(inputs)}) WHERE outcome IN ('inserted', 'replaced')`;
  const key = inputs.key.join(', ');
  const same = columns.map((name) => `n.${name} = o.${name}`).join(' AND ');
  return `
    SELECT ${columns.join(', ')}, source, seen_at FROM (${inputs.stored}) ANTI JOIN (${changed}) USING (${key})
      ANTI JOIN (${withdrawnSql(inputs)}) USING (${key})
    UNION ALL
    SELECT ${columns.map((name) => `n.${name}`).join(', ')}, coalesce(o.source, ${sqlText(inputs.source)}),
      coalesce(o.seen_at, make_timestamp(${inputs.seenAtMs} * 1000)::TIMESTAMPTZ)
    FROM (SELECT DISTINCT ${columns.join(', ')} FROM (${inputs.incoming}) SEMI JOIN (${changed}) USING (${key})) AS n
    LEFT JOIN (${inputs.stored}) AS o ON ${same}`;
}
