import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/engine.ts';

/**
 * The merge of incoming bars into stored ones, row by row, as `#market/merge.ts` states it. All incoming rows of one put
 * have one source, so the rule comes down to which stored sources it may not replace.
 *
 * Shapes: *incoming* has symbol, session, open, high, low, close, volume, vwap, trades, unique by (symbol, session).
 * *stored* has those, source and fetched_at.
 */

const VALUES: readonly string[] = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'];

export interface MergeInputs {
  readonly incoming: string;
  readonly stored: string;
  readonly source: string;
  readonly fetchedAtMs: number;
  /** Stored sources of a higher rank than the incoming one: their rows stay, unless `replace`. */
  readonly protectedSources: readonly string[];
  readonly replace: boolean;
}

function joinSql(inputs: MergeInputs): string {
  const distinct = VALUES.map((name) => `n.${name} IS DISTINCT FROM o.${name}`).join(' OR ');
  const allowed =
    inputs.replace || inputs.protectedSources.length === 0
      ? 'true'
      : `(o.source IS NULL OR o.source NOT IN (${inputs.protectedSources.map(sqlText).join(', ')}))`;
  const sides = [...VALUES.flatMap((name) => [`n.${name} AS n_${name}`, `o.${name} AS o_${name}`])].join(', ');
  return `
    SELECT ${sides}, o.source AS o_source, o.fetched_at AS o_fetched_at, coalesce(n.symbol, o.symbol) AS symbol, coalesce(n.session, o.session) AS session,
      CASE
        WHEN o.symbol IS NULL THEN 'inserted'
        WHEN n.symbol IS NULL THEN 'kept'
        WHEN NOT (${distinct}) THEN 'unchanged'
        WHEN ${allowed} THEN 'replaced'
        ELSE 'conflict'
      END AS outcome
    FROM (${inputs.incoming}) AS n
    FULL JOIN (${inputs.stored}) AS o ON n.symbol = o.symbol AND n.session = o.session`;
}

/** One row a session: how many of its rows meet which end. */
export function outcomesSql(inputs: MergeInputs): string {
  return `
    SELECT session, ${['inserted', 'unchanged', 'replaced', 'conflict', 'kept']
      .map((outcome) => `count(*) FILTER (outcome = '${outcome}') AS ${outcome}`)
      .join(', ')}
    FROM (${joinSql(inputs)}) GROUP BY session ORDER BY session`;
}

/** The differences that change nothing, with both sides' values as JSON text. */
export function conflictsSql(inputs: MergeInputs, limit: number): string {
  const object = (side: string): string =>
    `to_json(struct_pack(${VALUES.map((name) => `${name} := ${side}_${name}`).join(', ')}))::VARCHAR`;
  return `
    SELECT symbol, session, o_source AS stored_source, ${object('o')} AS stored, ${object('n')} AS incoming
    FROM (${joinSql(inputs)}) WHERE outcome = 'conflict' ORDER BY symbol, session LIMIT ${limit}`;
}

/** The rows after the merge, of these sessions. */
export function mergedSql(inputs: MergeInputs, sessions: readonly IsoDate[]): string {
  const pick = (name: string): string =>
    `CASE WHEN outcome IN ('inserted', 'replaced') THEN n_${name} ELSE o_${name} END AS ${name}`;
  const source = `CASE WHEN outcome IN ('inserted', 'replaced') THEN ${sqlText(inputs.source)} ELSE o_source END AS source`;
  const fetchedAt = `CASE WHEN outcome IN ('inserted', 'replaced') THEN ${instantSql(inputs.fetchedAtMs)} ELSE o_fetched_at END AS fetched_at`;
  return `
    SELECT symbol, session, ${VALUES.map(pick).join(', ')}, ${source}, ${fetchedAt}
    FROM (${joinSql(inputs)}) WHERE ${inSessionsSql(sessions)}`;
}

/** Incoming rows of these sessions as rows of the table, where nothing is stored that they could meet. */
export function insertedSql(inputs: Omit<MergeInputs, 'stored'>, sessions: readonly IsoDate[]): string {
  return `
    SELECT symbol, session, ${VALUES.join(', ')}, ${sqlText(inputs.source)} AS source,
      ${instantSql(inputs.fetchedAtMs)} AS fetched_at
    FROM (${inputs.incoming}) WHERE ${inSessionsSql(sessions)}`;
}

/** Rows a session. */
export function countsSql(rows: string): string {
  return `SELECT session, count(*) AS rows FROM (${rows}) GROUP BY session ORDER BY session`;
}

/** The rows of one year: lets DuckDB skip what lies in other years. */
export function ofYearSql(rows: string, year: number): string {
  return `SELECT * FROM (${rows}) WHERE session BETWEEN DATE '${year}-01-01' AND DATE '${year}-12-31'`;
}

/** A range beside the list: row groups and files are skipped by ranges. */
function inSessionsSql(sessions: readonly IsoDate[]): string {
  const ascending = [...sessions].sort();
  const [first, last] = [ascending[0], ascending.at(-1)];
  if (first === undefined || last === undefined) return 'false';
  if (first === last) return `session = DATE '${first}'`;
  const list = ascending.map((session) => `DATE '${session}'`).join(', ');
  return `session BETWEEN DATE '${first}' AND DATE '${last}' AND session IN (${list})`;
}

/** Whole milliseconds, UTC, as the table keeps instants. */
function instantSql(ms: number): string {
  return `make_timestamp(${ms} * 1000)::TIMESTAMPTZ`;
}
