import type { InstantMs, IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Restoration, RestorePoint } from '#lake/restore.ts';
import type { TableDefinition } from '#lake/schema.ts';
import {
  BRONZE_TABLES,
  DAILY_BARS,
  DIVIDENDS,
  LISTINGS,
  QUARANTINE,
  RESTATEMENTS,
  SESSIONS,
  SPLITS,
} from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';

import { followRestores } from './ledger/follow-restores.ts';
import { type RecordSessionsDeps, recount } from './ledger/record-sessions.ts';
import { type UndoPoint, undoPoint } from './tables/undo.ts';

/** Tables of facts. All others are derived from them, or follow them. */
const RESTORABLE: readonly TableDefinition[] = [DAILY_BARS, SPLITS, DIVIDENDS, LISTINGS, QUARANTINE];

export interface RestoreRequest {
  /** `daily_bars`, `bronze/daily_bars` or `bronze.daily_bars`. */
  readonly table: string;
  readonly to: RestorePoint;
  /** Reports what would change, and writes nothing. */
  readonly dryRun?: boolean;
}

/** Result of a restore, or of its dry run. Counts are rows unless named otherwise. */
export interface RestoreReport {
  readonly dryRun: boolean;
  readonly table: string;
  /** The version whose rows the table has again; null: none, the table is empty. */
  readonly restoredVersion: number | null;
  readonly restoredMs: InstantMs | null;
  /** The newest version before. */
  readonly fromVersion: number;
  /** The version that was committed; undefined if the rows were equal, or in a dry run. */
  readonly version?: number;
  /** False if the table and the ledger already were in that state. */
  readonly changed: boolean;
  readonly added: number;
  readonly removed: number;
  /** Rows that have their earlier values again. */
  readonly replaced: number;
  readonly filesRestored: number;
  readonly filesRemoved: number;
  /** Files of the newest version that are lost or damaged, so that the rows in them could not be compared. */
  readonly unreadFiles: number;
  /** Daily bars only: the sessions whose bars changed. */
  readonly sessions?: RestoredSessions;
  /** The way back to what was there before. */
  readonly undo?: UndoPoint;
}

export interface RestoredSessions {
  readonly count: number;
  readonly first: IsoDate;
  readonly last: IsoDate;
  /** Of those, sessions that have no bar any more: they are work to do. */
  readonly unpublished: number;
}

/**
 * Restores a table of facts to an earlier version, in a new commit, and brings the ledger along. Idempotent: restoring
 * to a state with the same rows writes nothing, and after a crash the same restore completes what is missing. Silver and
 * restatements are derived by the next resample.
 * @throws UsageError `table-unknown`, `restore-derived`, and what `Table.restore` throws.
 */
export async function restoreTable(deps: RecordSessionsDeps, request: RestoreRequest): Promise<RestoreReport> {
  const { dryRun = false, to } = request;
  const table = deps.lake.table(restorableTable(request.table));
  const restoration = await table.restore(to, { dryRun });
  const followed = dryRun ? false : await followRestores(deps);
  const { target, from, changes, version, filesRestored, filesRemoved, unreadFiles } = restoration;
  const sum = (of: 'added' | 'removed' | 'replaced'): number => changes.reduce((total, one) => total + one[of], 0);
  const sessions = table.def === DAILY_BARS ? await restoredSessions(deps, restoration) : undefined;
  return {
    dryRun,
    table: table.def.name,
    restoredVersion: target?.version ?? null,
    restoredMs: target?.timestampMs ?? null,
    fromVersion: from,
    ...(version === undefined ? {} : { version, undo: undoPoint(table.def, from) }),
    changed: version !== undefined || followed,
    added: sum('added'),
    removed: sum('removed'),
    replaced: sum('replaced'),
    filesRestored,
    filesRemoved,
    unreadFiles,
    ...(sessions === undefined ? {} : { sessions }),
  };
}

async function restoredSessions(
  { lake }: RecordSessionsDeps,
  { changes, files }: Restoration,
): Promise<RestoredSessions | undefined> {
  const sessions = SessionSet.of(changes.flatMap(({ unit }) => (unit === undefined ? [] : [unit])));
  const { min: first, max: last } = sessions;
  if (first === undefined || last === undefined) return undefined;
  const counts = await recount(lake, files, sessions);
  const unpublished = [...counts.values()].filter((rows) => rows === 0).length;
  return { count: sessions.size, first, last, unpublished };
}

/** Returns the table of a name. Throws if there is none, or if it is not one of facts. */
export function restorableTable(name: string): TableDefinition {
  const wanted = name.replace('.', '/').toLowerCase();
  const matches = ({ name: full }: TableDefinition): boolean => full === wanted || full.split('/')[1] === wanted;
  const found = RESTORABLE.find(matches);
  if (found !== undefined) return found;
  const allowed = RESTORABLE.map((table) => table.name).join(', ');
  const known = BRONZE_TABLES.find(matches)?.name ?? (/^(silver\/)?bars_\d+d$/.test(wanted) ? 'silver' : undefined);
  if (known === undefined)
    throw new UsageError({ code: 'table-unknown', message: 'No such table', found: name, allowed });
  const { message, action } = REFUSALS.get(known) ?? SILVER_REFUSAL;
  throw new UsageError({ code: 'restore-derived', message, found: name, allowed, action });
}

const SILVER_REFUSAL = {
  message: 'N-session bars are derived and cannot be restored',
  action: 'Restore a table of facts, or derive them again with: condvest resample',
};

const REFUSALS: ReadonlyMap<string, typeof SILVER_REFUSAL> = new Map([
  [
    SESSIONS.name,
    { message: 'The ledger follows the daily bars and cannot be restored by itself', action: 'Restore daily_bars' },
  ],
  [
    RESTATEMENTS.name,
    {
      message: 'Restatements are derived from the versions of the daily bars and cannot be restored',
      action: 'Restore daily_bars',
    },
  ],
]);
