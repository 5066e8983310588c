import { inUnits } from '#lake/put.sql.ts';
import { sqlName, sqlText } from '#lake/sql-text.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import type { SessionSet } from '#market/session-set.ts';
import { MEASURED, OPTIONAL, rankOf } from '#market/source-rank.ts';

/**
 * Merges incoming bars into stored ones, row by row. Outcomes of an incoming row:
 *
 * - `inserted`: nothing is stored under its symbol and session;
 * - `unchanged`: the same values are stored. Nothing is written, so `fetched_at` remains when these values first arrived. A
 *   null next to equal prices and volume is not a different value: a source without `vwap` does not remove a known one;
 * - `replaced`: the stored values are from a source of equal or lower rank, or replacement was requested;
 * - `conflict`: the stored values are from a source of higher rank, or the incoming row is from a stale fetch of the same
 *   rank. Nothing changes, and the difference is reported.
 *
 * A stored row without an incoming row is `kept`: a put never removes rows. All incoming rows of one put have one source, so
 * the rule comes down to which stored sources it may not replace. `test/fixtures/row-merge.ts` states the rule for single
 * rows, and the two are compared at random.
 *
 * Shapes: *incoming* has symbol, session, open, high, low, close, volume, vwap, trades, unique by (symbol, session).
 * *stored* has those, source and fetched_at.
 */

const VALUES: readonly string[] = BAR_FIELDS;

export interface MergeInputs {
  readonly incoming: string;
  readonly stored: string;
  /** Columns of *stored* beyond ours, which another program gave the table. They stay with their rows. */
  readonly foreign: readonly string[];
  readonly source: string;
  readonly fetchedAtMs: number;
  /** Now: what is stored as of later is a wrong clock's, and no reason to keep it. */
  readonly nowMs: number;
  /** Sources from the lowest rank to the highest. Rows of a higher rank than the incoming source's stay, unless `replace`. */
  readonly ranks: readonly string[];
  readonly replace: boolean;
}

function joinSql(inputs: MergeInputs): string {
  const differs = (name: string): string => `n.${name} IS DISTINCT FROM o.${name}`;
  const optional = OPTIONAL.map((name) =>
    inputs.replace ? differs(name) : `(n.${name} IS NOT NULL AND ${differs(name)})`,
  );
  const distinct = [...MEASURED.map(differs), ...optional].join(' OR ');
  const isStaleFetch = `o.fetched_at > ${instantSql(inputs.fetchedAtMs)} AND o.fetched_at <= ${instantSql(inputs.nowMs)}`;
  const may = (than: 'equal or lower' | 'lower'): string =>
    mayReplaceSql('o.source', inputs.source, inputs.ranks, than);
  const allowed = inputs.replace
    ? 'true'
    : `CASE WHEN ${isStaleFetch} THEN ${may('lower')} ELSE ${may('equal or lower')} END`;
  const values = VALUES.flatMap((name) => [`n.${name} AS n_${name}`, `o.${name} AS o_${name}`]);
  const sides = [...values, ...inputs.foreign.map((name) => `o.${sqlName(name)}`)].join(', ');
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

/**
 * True where a source may replace what another gave: its rank, by `rankOf`, is equal or higher, or only higher where `than` says so. A
 * source that is not in the list ranks like `import`; no source at all ranks lowest.
 */
export function mayReplaceSql(
  stored: string,
  source: string,
  ranks: readonly string[],
  than: 'equal or lower' | 'lower' = 'equal or lower',
): string {
  const rank = rankOf(source, ranks);
  const isKept = (other: string): boolean =>
    rankOf(other, ranks) > rank || (than === 'lower' && rankOf(other, ranks) === rank);
  const kept = ranks.filter(isKept);
  const open = ranks.filter((other) => !isKept(other));
  // Where imports are kept, so are the sources that are not in the list.
  if (isKept('import'))
    return `NOT coalesce(${open.length === 0 ? `${stored} IS NOT NULL` : notIn(stored, open)}, false)`;
  return kept.length === 0 ? 'true' : `coalesce(${notIn(stored, kept)}, true)`;
}

function notIn(column: string, names: readonly string[]): string {
  return `${column} NOT IN (${names.map(sqlText).join(', ')})`;
}

/** One row a session: how many of its rows meet which end. */
export function outcomesSql(inputs: MergeInputs): string {
  return `
    SELECT session, ${['inserted', 'unchanged', 'replaced', 'conflict', 'kept']
      .map((outcome) => `count(*) FILTER (outcome = '${outcome}') AS ${outcome}`)
      .join(', ')}
    FROM (${joinSql(inputs)}) GROUP BY session ORDER BY session`;
}

/** Symbol and session of the stored rows that the put does not speak of. */
export function keptSql(inputs: MergeInputs): string {
  const incoming = `SELECT symbol, session FROM (${inputs.incoming})`;
  return `SELECT o.symbol, o.session FROM (${inputs.stored}) o ANTI JOIN (${incoming}) n USING (symbol, session)`;
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
export function mergedSql(inputs: MergeInputs, sessions: SessionSet): string {
  const same = MEASURED.map((name) => `n_${name} IS NOT DISTINCT FROM o_${name}`).join(' AND ');
  const isOptional = (name: string): boolean => !inputs.replace && OPTIONAL.some((other) => other === name);
  const pick = (name: string): string => {
    const kept = isOptional(name) ? `WHEN outcome = 'replaced' AND ${same} THEN coalesce(n_${name}, o_${name})` : '';
    return `CASE ${kept} WHEN outcome IN ('inserted', 'replaced') THEN n_${name} ELSE o_${name} END AS ${name}`;
  };
  const source = `CASE WHEN outcome IN ('inserted', 'replaced') THEN ${sqlText(inputs.source)} ELSE o_source END AS source`;
  const fetchedAt = `CASE WHEN outcome IN ('inserted', 'replaced') THEN ${instantSql(inputs.fetchedAtMs)} ELSE o_fetched_at END AS fetched_at`;
  return `
    SELECT symbol, session, ${VALUES.map(pick).join(', ')}, ${[source, fetchedAt, ...inputs.foreign.map(sqlName)].join(', ')}
    FROM (${joinSql(inputs)}) WHERE ${inUnits('session', sessions)}`;
}

/**
 * Incoming rows of these sessions as rows of the table, where nothing is stored that they could meet. `isRange`: they are all
 * the sessions that come between the first and the last of them; then the rows keep their order, which a long list of
 * dates, being a join, does not promise.
 */
export function insertedSql(
  inputs: Pick<MergeInputs, 'incoming' | 'source' | 'fetchedAtMs'>,
  sessions: SessionSet,
  isRange: boolean,
): string {
  const { min, max } = sessions;
  // Of one year. The scan filters by the range and leaves chunks of a few rows; the filter by year gathers them again.
  const range = `session BETWEEN DATE '${min}' AND DATE '${max}' AND year(session) = ${min?.slice(0, 4)}`;
  const condition = isRange ? range : inUnits('session', sessions);
  return `
    SELECT symbol, session, ${VALUES.join(', ')}, ${sqlText(inputs.source)} AS source,
      ${instantSql(inputs.fetchedAtMs)} AS fetched_at
    FROM (${inputs.incoming}) WHERE ${condition}`;
}

/** The rows of one year: lets DuckDB skip what lies in other years. */
export function ofYearSql(rows: string, year: number): string {
  return `SELECT * FROM (${rows}) WHERE session BETWEEN DATE '${year}-01-01' AND DATE '${year}-12-31'`;
}

/** Whole milliseconds, UTC, as the table keeps instants. */
function instantSql(ms: number): string {
  return `make_timestamp(${ms} * 1000)::TIMESTAMPTZ`;
}

/** Rows into a scratch file, by session and symbol, so that each session can be read from it alone. */
export function copyBySessionSql(rows: string, localPath: string): string {
  return `COPY (SELECT * FROM (${rows}) ORDER BY session, symbol) TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION lz4)`;
}

export function readSessionSql(localPath: string, sessions: SessionSet): string {
  return `SELECT * FROM read_parquet(${sqlText(localPath)}, hive_partitioning = false) WHERE ${inUnits('session', sessions)}`;
}
