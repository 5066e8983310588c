import { inUnits } from '#lake/put.sql.ts';
import { sqlText } from '#lake/sql-text.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import type { SessionSet } from '#market/session-set.ts';

/** The restatements of one run, collected commit by commit. */
export const CREATE_RESTATED = `create or replace temp table restated (
  symbol varchar, session date, version bigint, kind varchar, field varchar, old double, new double, seen_at timestamptz)`;

/** The sessions of a commit, with the instants at which they settle, and whether the ledger had them as settled before it. */
export const SETTLING = {
  name: 'settling',
  columns: [
    { name: 'session', type: 'date' },
    { name: 'settles_at', type: 'timestamp' },
    { name: 'was_settled', type: 'boolean' },
  ],
} as const;

/**
 * Compares the rows that a commit took out of the table with those of the same symbol and session that it put in.
 * A row whose first arrival is not known counts as provisional, as `#market/restatement.ts` has it.
 */
export function insertRestated(parts: {
  readonly removed: string;
  readonly added: string;
  readonly sessions: SessionSet;
  readonly version: number;
  /** When the commit was made, if it restored an earlier version. */
  readonly restoredAtMs: number | undefined;
}): string {
  const { removed, added, sessions, version, restoredAtMs } = parts;
  const fields = BAR_FIELDS.map(
    (field) => `{field: ${sqlText(field)}, old: o.${field}::double, new: n.${field}::double}`,
  );
  const differs = BAR_FIELDS.map((field) => `n.${field} is distinct from o.${field}`);
  return `insert into restated
    select symbol, session, ${version}, kind, change.field, change.old, change.new, seen_at
    from (
      select n.symbol, n.session, ${restoredAtMs === undefined ? 'n.fetched_at' : `make_timestamptz(${restoredAtMs} * 1000)`} as seen_at,
        case when ${restoredAtMs !== undefined} then 'restore'
          when coalesce(o.fetched_at < s.settles_at, true) and not s.was_settled then 'settlement'
          else 'restatement' end as kind,
        unnest([${fields.join(', ')}]) as change
      from (select * from (${removed}) where ${inUnits('session', sessions)}) o
      join (select * from (${added}) where ${inUnits('session', sessions)}) n
        on n.symbol = o.symbol and n.session = o.session
      join settling s on s.session = n.session
      where ${differs.join(' or ')}
    )
    where change.old is distinct from change.new`;
}

/** Takes back what was collected of a version. */
export function forgetVersion(version: number): string {
  return `delete from restated where version = ${version}`;
}

export const SELECT_RESTATED = 'select * from restated';

export const COUNT_RESTATED = `select count(*) filter (kind = 'settlement') as settlements,
    count(*) filter (kind = 'restatement') as restatements,
    count(*) filter (kind = 'restore') as restored
  from restated`;

export function selectSessions(bars: string): string {
  return `select distinct session from (${bars}) where session is not null`;
}

/** Values that were restated since an instant, by the version that brought them. */
export function restatedSince(restatements: string, sinceMs: number): string {
  return `select version, count(*) as values from (${restatements})
    where kind = 'restatement' and seen_at >= make_timestamptz(${sinceMs} * 1000)
    group by version order by version`;
}
