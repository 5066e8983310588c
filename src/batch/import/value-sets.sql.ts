import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/sql-text.ts';

import { mayReplaceSql } from '../put/put-bars.sql.ts';

/**
 * Merges corporate actions. For one key (symbol and date, for dividends also the kind) a source gives a *set* of
 * values, usually one; two different values are stored side by side, and neither is applied. The set replaces the
 * values of sources of equal or lower rank for that key. Values of a higher rank stay, and a difference is a conflict.
 * A value that is already stored keeps its source and its `seen_at`. Keys that no longer arrive are kept, unless they
 * were announced and withdrawn before their ex-date: see `withdrawnSql`.
 *
 * Details describe a value, such as the pay date of a dividend. A source of equal or higher rank replaces them, any
 * source fills in those that are not known, and a null never overwrites one that is.
 *
 * Shapes: *incoming* has key, values and details, unique by key and values; *stored* has those, source and seen_at.
 */
export interface ValueSetInputs {
  readonly incoming: string;
  readonly stored: string;
  readonly key: readonly string[];
  readonly values: readonly string[];
  readonly details: readonly string[];
  readonly source: string;
  readonly seenAtMs: number;
  readonly ranks: readonly string[];
  readonly replace: boolean;
  /** Undefined if the incoming values are not a complete list, so that nothing can be withdrawn. */
  readonly listed?: WholeList | undefined;
}

/** A source's complete list of events from a day on. */
export interface WholeList {
  /** SQL of the keys of all its rows, including rejected ones; null for missing fields. */
  readonly keys: string;
  /** Events from this ex-date on were announced: they had not taken effect at the last fetch. */
  readonly announcedFrom: IsoDate;
  /** The list contains events from this ex-date on. */
  readonly from: IsoDate;
}

/**
 * Selects each incoming key with its outcome (`inserted`, `unchanged`, `replaced`, `conflict`) and both sets as text.
 */
export function keyOutcomesSql(inputs: ValueSetInputs): string {
  const key = inputs.key.join(', ');
  const set = `list_sort(list(DISTINCT {${inputs.values.map((name) => `'${name}': ${name}`).join(', ')}}))`;
  const isProtected = inputs.replace
    ? 'false'
    : `bool_or(NOT (${mayReplaceSql('source', inputs.source, inputs.ranks)}))`;
  const same = inputs.key.map((name) => `n.${name} = o.${name}`).join(' AND ');
  const detailed = detailedKeysSql(inputs);
  return `
    SELECT ${inputs.key.map((name) => `n.${name}`).join(', ')},
      to_json(n.value_set)::VARCHAR AS incoming, len(n.value_set) AS incoming_count,
      to_json(o.value_set)::VARCHAR AS stored, o.source AS stored_source,
      CASE
        WHEN o.value_set IS NULL THEN 'inserted'
        WHEN o.value_set = n.value_set THEN ${detailed === undefined ? "'unchanged'" : "CASE WHEN d.is_detailed THEN 'replaced' ELSE 'unchanged' END"}
        WHEN o.is_protected THEN 'conflict'
        ELSE 'replaced'
      END AS outcome
    FROM (SELECT ${key}, ${set} AS value_set FROM (${inputs.incoming}) GROUP BY ${key}) AS n
    LEFT JOIN (
      SELECT ${key}, ${set} AS value_set, ${isProtected} AS is_protected, max(source) AS source
      FROM (${inputs.stored}) GROUP BY ${key}
    ) AS o ON ${same}
    ${detailed === undefined ? '' : `LEFT JOIN (${detailed}) AS d ON ${same.replaceAll('o.', 'd.')}`}
    ORDER BY ${inputs.key.map((name) => `n.${name}`).join(', ')}`;
}

/** Selects the keys with a stored value whose details change; undefined if there are no details. */
function detailedKeysSql({ details, ...inputs }: ValueSetInputs): string | undefined {
  if (details.length === 0) return undefined;
  const same = [...inputs.key, ...inputs.values].map((name) => `n.${name} = o.${name}`).join(' AND ');
  const changes = details.map((name) => `${mergedDetailSql(inputs, name)} IS DISTINCT FROM o.${name}`).join(' OR ');
  return `SELECT DISTINCT ${inputs.key.map((name) => `n.${name}`).join(', ')}, true AS is_detailed
    FROM (${inputs.incoming}) AS n JOIN (${inputs.stored}) AS o ON ${same} WHERE ${changes}`;
}

/** The detail of an incoming row `n`, over a stored row `o` with the same value or none. */
function mergedDetailSql(
  { source, ranks, replace }: Pick<ValueSetInputs, 'source' | 'ranks' | 'replace'>,
  name: string,
): string {
  const both = `n.${name}, o.${name}`;
  if (replace) return `coalesce(${both})`;
  const mayReplace = mayReplaceSql('o.source', source, ranks);
  return `CASE WHEN o.source IS NULL OR (${mayReplace}) THEN coalesce(${both}) ELSE coalesce(o.${name}, n.${name}) END`;
}

/**
 * Selects keys that the source had announced ahead of their ex-date and no longer lists: the event was moved to another
 * date or canceled. An incomplete row of the list matches every key that agrees with its fields.
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

/** Counts the stored keys of the source from the first day of the list on, and those that are on the list. */
export function knownAndListedSql({ stored, key, source }: ValueSetInputs, listed: WholeList): string {
  const fields = key.join(', ');
  return `
    SELECT count(*) AS known, count(*) FILTER (is_listed) AS listed FROM (
      SELECT DISTINCT ${key.map((name) => `o.${name}`).join(', ')}, l.ex_date IS NOT NULL AS is_listed
      FROM (SELECT DISTINCT ${fields} FROM (${stored}) WHERE source = ${sqlText(source)} AND ex_date >= DATE '${listed.from}') AS o
      LEFT JOIN (SELECT DISTINCT ${fields} FROM (${listed.keys})) AS l USING (${fields}))`;
}

/** Selects all rows of the merged table. */
export function mergedValueSetsSql(inputs: ValueSetInputs): string {
  const columns = [...inputs.key, ...inputs.values];
  const details = inputs.details.map((name) => `, ${mergedDetailSql(inputs, name)} AS ${name}`).join('');
  const changed = `SELECT * FROM (${keyOutcomesSql(inputs)}) WHERE outcome IN ('inserted', 'replaced')`;
  const key = inputs.key.join(', ');
  const same = columns.map((name) => `n.${name} = o.${name}`).join(' AND ');
  return `
    SELECT ${[...columns, ...inputs.details].join(', ')}, source, seen_at FROM (${inputs.stored}) ANTI JOIN (${changed}) USING (${key})
      ANTI JOIN (${withdrawnSql(inputs)}) USING (${key})
    UNION ALL
    SELECT ${columns.map((name) => `n.${name}`).join(', ')}${details}, coalesce(o.source, ${sqlText(inputs.source)}),
      coalesce(o.seen_at, make_timestamp(${inputs.seenAtMs} * 1000)::TIMESTAMPTZ)
    FROM (SELECT DISTINCT ${[...columns, ...inputs.details].join(', ')} FROM (${inputs.incoming}) SEMI JOIN (${changed}) USING (${key})) AS n
    LEFT JOIN (${inputs.stored}) AS o ON ${same}`;
}
