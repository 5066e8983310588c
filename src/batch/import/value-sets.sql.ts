import { sqlText } from '#lake/engine.ts';

import { mayReplaceSql } from '../put-bars.sql.ts';

/**
 * The merge of corporate actions. A source says for one key (symbol and date, for dividends also the kind) a *set* of
 * values: usually one; two different ones are kept side by side, and reading applies neither. The set replaces what
 * sources of equal or lower rank had said for that key; what a higher rank said stays, and a difference is a conflict.
 * A value that is stored already keeps its source and its `seen_at`. Keys that stop coming are kept.
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

/** All rows of the table after the merge. */
export function mergedValueSetsSql(inputs: ValueSetInputs): string {
  const columns = [...inputs.key, ...inputs.values];
  const changed = `SELECT * FROM (${keyOutcomesSql(inputs)}) WHERE outcome IN ('inserted', 'replaced')`;
  const key = inputs.key.join(', ');
  const same = columns.map((name) => `n.${name} = o.${name}`).join(' AND ');
  return `
    SELECT ${columns.join(', ')}, source, seen_at FROM (${inputs.stored}) ANTI JOIN (${changed}) USING (${key})
    UNION ALL
    SELECT ${columns.map((name) => `n.${name}`).join(', ')}, coalesce(o.source, ${sqlText(inputs.source)}),
      coalesce(o.seen_at, make_timestamp(${inputs.seenAtMs} * 1000)::TIMESTAMPTZ)
    FROM (SELECT DISTINCT ${columns.join(', ')} FROM (${inputs.incoming}) SEMI JOIN (${changed}) USING (${key})) AS n
    LEFT JOIN (${inputs.stored}) AS o ON ${same}`;
}
