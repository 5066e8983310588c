import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { rowsOfUnits } from '#lake/put.sql.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { CommitRecord, Table } from '#lake/table.ts';
import { DAILY_BARS, DIVIDENDS, SESSIONS, SPLITS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import type { LedgerRow } from '#market/ledger.ts';
import { SessionSet } from '#market/session-set.ts';

import { replaceAll } from '../tables/small-table.ts';
import { classifySessions } from './classify-sessions.ts';
import { lastFetchesSql } from './ledger.sql.ts';
import { type Ledger, readLedger, type SessionsRow, type StoredLedgerRow, stageLedger } from './ledger.ts';
import { listedRowsStored } from './listed-counts.ts';
import { dataCommits, ledgerBefore, pendingRestores, restoredVersion, undoneCommits } from './pending-restores.ts';
import { type RecordSessionsDeps, recount } from './record-sessions.ts';

/** Tables whose restore the ledger follows: the sessions of the bars, the cursors of the events. */
const FOLLOWED = [DAILY_BARS, SPLITS, DIVIDENDS];

/**
 * Brings the ledger to what restored tables have: a session that is no longer published loses its row, and is work to
 * do; one whose earlier bars are back gets the state it had with them; a source's events are fetched again from where
 * they had been fetched to. The ledger says in the same commit how far it has followed, so a run after a crash
 * completes it. Returns whether anything was written.
 */
export async function followRestores(deps: RecordSessionsDeps): Promise<boolean> {
  const { lake } = deps;
  const committed = await lake.table(SESSIONS).write(async (base): Promise<WritePlan | undefined> => {
    const txns = new Map<string, number>();
    let { ledger, others } = await readLedger(lake, base);
    for (const table of FOLLOWED.map((definition) => lake.table(definition))) {
      const head = await table.head();
      if (head === undefined) continue;
      const key = followedKey(head.tableId);
      const pending = await pendingRestores(table, head, base?.txns.get(key));
      const [newest] = pending;
      if (newest === undefined) continue;
      txns.set(key, newest.version);
      for (const restore of pending) {
        if (table.def === DAILY_BARS) ledger = await afterBarsRestore(deps, ledger, head, restore);
        else others = await afterEventsRestore(lake, others, table, restore);
      }
    }
    if (txns.size === 0) return undefined;
    const file = await stageLedger(lake, ledger, others);
    return { ...replaceAll(base, file, {}, { command: 'restore' }), txns };
  });
  return committed !== undefined;
}

/** Under this id the ledger keeps, in its own commits, the last restore of a table that it has followed. */
function followedKey(tableId: string): string {
  return `restored:${tableId}`;
}

async function afterBarsRestore(
  deps: RecordSessionsDeps,
  ledger: Ledger,
  head: Snapshot,
  restore: CommitRecord,
): Promise<Ledger> {
  const { lake } = deps;
  // Sessions that were put again since are in the ledger by their own put.
  const later = await changedAfter(restore, lake.table(DAILY_BARS), head.version);
  const sessions = (restore.units ?? SessionSet.empty).difference(later);
  const counts = await recount(lake, head.filesTouching(sessions), sessions);
  const stated = await statedBefore(lake, restore, sessions);
  const after = new Map(ledger);
  const unknown: IsoDate[] = [];
  for (const session of sessions) {
    const row = stated.get(session);
    const rows = counts.get(session) ?? 0;
    if (row?.rows === rows) after.set(session, { ...row, tableVersion: head.version });
    else after.delete(session);
    if (row?.rows !== rows && rows > 0) unknown.push(session);
  }
  for (const row of await classifyStored(deps, after, head, SessionSet.of(unknown)))
    after.set(row.session, { ...row, tableVersion: head.version });
  return after;
}

/** Units changed by later commits. One of another program that does not say is judged by its counts of rows. */
async function changedAfter(restore: CommitRecord, table: Table, newest: number): Promise<SessionSet> {
  let changed = SessionSet.empty;
  for await (const { units } of dataCommits(table, restore.version + 1, newest))
    changed = changed.union(units ?? SessionSet.empty);
  return changed;
}

/** Returns what the ledger last said of each session before the first undone commit that changed its bars. */
async function statedBefore(
  lake: Lake,
  restore: CommitRecord,
  sessions: SessionSet,
): Promise<ReadonlyMap<IsoDate, StoredLedgerRow>> {
  const stated = new Map<IsoDate, StoredLedgerRow>();
  if (restoredVersion(restore) === undefined) return stated;
  let left = sessions;
  for await (const commit of undoneCommits(lake.table(DAILY_BARS), restore)) {
    const changed = commit.units === undefined ? left : commit.units.intersection(left);
    if (changed.size === 0) continue;
    left = left.difference(changed);
    const before = await ledgerBefore(lake, commit.timestampMs);
    for (const session of changed) {
      const row = before?.ledger.get(session);
      if (row !== undefined) stated.set(session, row);
    }
    if (left.size === 0) break;
  }
  return stated;
}

interface StoredSession {
  readonly session: IsoDate;
  readonly rows: number;
  /** Null if another program wrote the rows. */
  readonly fetchedAtMs: InstantMs | null;
}

/** Classifies sessions of which the ledger of then has nothing to say, by the instants at which their bars arrived. */
async function classifyStored(
  deps: RecordSessionsDeps,
  ledger: Ledger,
  head: Snapshot,
  sessions: SessionSet,
): Promise<LedgerRow[]> {
  const { lake, calendar, rules } = deps;
  if (sessions.size === 0) return [];
  const scan = await lake.table(DAILY_BARS).scanSql(head.filesTouching(sessions));
  const all = await lake.records<StoredSession>(lastFetchesSql(rowsOfUnits(scan, 'session', sessions)));
  const stored = all.filter(({ session }) => calendar.isSession(session));
  const listed = await listedRowsStored(lake, calendar, sessions);
  return [...Map.groupBy(stored, ({ fetchedAtMs }) => fetchedAtMs ?? 0)].flatMap(([fetchedAtMs, group]) => {
    const rowsAfter = new Map(group.map(({ session, rows }) => [session, rows]));
    const changed = new Set(rowsAfter.keys());
    const changes = { rowsAfter, listed, changed, fetchedAtMs, countUnchangedAttempts: false };
    const classified = classifySessions({ calendar, partialShare: rules.partialShare }, ledger, changes);
    return [...classified.values()].map(({ row }) => row);
  });
}

/** Returns the rows of other datasets, with the cursors of events where they were before the undone commits. */
async function afterEventsRestore(
  lake: Lake,
  others: readonly SessionsRow[],
  table: Table,
  restore: CommitRecord,
): Promise<readonly SessionsRow[]> {
  const isEmptied = restoredVersion(restore) === undefined;
  const { value: first } = await undoneCommits(table, restore).next();
  const before = first === undefined || isEmptied ? undefined : await ledgerBefore(lake, first.timestampMs);
  const cursors = new Map(before?.others.map((row) => [row.dataset, row]));
  return others.flatMap((row) => {
    if (!row.dataset.startsWith('events:')) return [row];
    const then = cursors.get(row.dataset);
    // Without a cursor, everything is fetched again.
    if (then === undefined) return [];
    return [then.session < row.session ? then : row];
  });
}
