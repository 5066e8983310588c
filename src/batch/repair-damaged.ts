import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { REBUILD_TXNS } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import { RESTORED } from '#lake/restore.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, RESTATEMENTS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import { SessionSet } from '#market/session-set.ts';

import { intervalOf } from './abandoned-bars.ts';
import { completeLedger } from './ledger/complete-ledger.ts';
import { followRestores } from './ledger/follow-restores.ts';
import type { RecordSessionsDeps } from './ledger/record-sessions.ts';
import { restatementsKey } from './restatements/restatements-key.ts';
import { verifyFiles } from './verify/files.ts';
import { type FindingCheck, Findings } from './verify/findings.ts';

/** Damage that `repair --damaged` found and removed. */
export interface DamageReport {
  readonly dryRun: boolean;
  readonly tables: readonly DamagedTable[];
  /** Sessions whose bars are gone with a damaged file, ascending. */
  readonly sessions: readonly IsoDate[];
  /** Tables whose log is damaged: nothing can be done about them here. */
  readonly unreadable: readonly { readonly table: string; readonly message: string }[];
}

export interface DamagedTable {
  readonly table: string;
  readonly files: readonly string[];
  /** The way back to the rows: derived again, fetched again, or neither. */
  readonly remedy: 'derived' | 'fetched' | 'imported';
  /** The version that left out the damaged files; undefined in a dry run. */
  readonly version?: number;
}

/** A file that is not what the log says it is. */
const DAMAGE: ReadonlySet<FindingCheck> = new Set([
  'file-missing',
  'file-size',
  'file-checksum',
  'file-unreadable',
  'file-rows',
]);

/**
 * Removes damaged files from their tables, in one commit per table, so that everything else can be read again. Rows in
 * them are lost already: the ledger follows, so that their sessions are work to do, and derived tables are due to be
 * derived again. Earlier versions of the tables stay as damaged as they are. Idempotent.
 */
export async function removeDamage(
  deps: RecordSessionsDeps,
  options: { readonly dryRun?: boolean } = {},
): Promise<DamageReport> {
  const { lake } = deps;
  const dryRun = options.dryRun === true;
  const tables: DamagedTable[] = [];
  const unreadable: { table: string; message: string }[] = [];
  let sessions = SessionSet.empty;
  for (const table of await lake.knownTables()) {
    try {
      const head = await table.head();
      const damaged = head === undefined ? new Set<string>() : await damagedFiles(lake, table, head);
      if (head === undefined || damaged.size === 0) continue;
      if (table.def === DAILY_BARS) sessions = unitsOf(head, damaged);
      const committed = dryRun ? undefined : await table.write((base) => planRemoval(lake, table, base, damaged));
      const { version } = committed ?? {};
      const remedy = remedyOf(table);
      tables.push({
        table: table.def.name,
        files: [...damaged],
        remedy,
        ...(version === undefined ? {} : { version }),
      });
    } catch (cause) {
      if (!(cause instanceof CondvestError) || cause.kind !== 'corrupt') throw cause;
      unreadable.push({ table: table.def.name, message: cause.message });
    }
  }
  const has = (name: string): boolean => tables.some(({ table }) => table === name);
  // What silver was derived from can no longer be compared with what is left.
  if (!dryRun && (has(SPLITS.name) || has(LISTINGS.name))) await rebuildSilver(lake);
  if (!dryRun && (has(DAILY_BARS.name) || has(SPLITS.name) || has(DIVIDENDS.name))) await followRestores(deps);
  if (!dryRun && has(SESSIONS.name)) await completeLedger(deps, 0);
  return { dryRun, tables, sessions: [...sessions], unreadable };
}

/** Makes every table of N-session bars due to be derived again, as a whole. */
async function rebuildSilver(lake: Lake): Promise<void> {
  for (const interval of await lake.silverIntervals()) {
    await lake.table(silverBars(interval)).write(async (base) =>
      base === undefined
        ? undefined
        : {
            operation: 'REPAIR',
            add: [],
            remove: [],
            units: SessionSet.empty,
            dataChange: false,
            txns: REBUILD_TXNS,
            operationParameters: { command: 'repair' },
          },
    );
  }
}

/** Returns the paths of the files that are missing, changed, unreadable, or short of rows. */
async function damagedFiles(lake: Lake, table: Table, head: Snapshot): Promise<Set<string>> {
  const findings = new Findings();
  await verifyFiles(lake, table, head, findings);
  return new Set(findings.listed.filter(({ check }) => DAMAGE.has(check)).map(({ where }) => where));
}

function unitsOf(head: Snapshot, paths: ReadonlySet<string>): SessionSet {
  const files = head.files.filter(({ path }) => paths.has(path));
  return files.reduce((all, { units }) => all.union(units ?? SessionSet.empty), SessionSet.empty);
}

async function planRemoval(
  lake: Lake,
  { def }: Table,
  base: Snapshot | undefined,
  damaged: ReadonlySet<string>,
): Promise<WritePlan | undefined> {
  if (base === undefined) return undefined;
  // Restatements are derived from the beginning again, so none of their files may stay.
  const remove = base.files.filter(({ path }) => def === RESTATEMENTS || damaged.has(path));
  if (remove.length === 0) return undefined;
  const units = unitsOf(base, damaged);
  return {
    operation: 'REPAIR',
    add: [],
    remove,
    units: def.unitColumn === undefined ? SessionSet.empty : units,
    dataChange: true,
    isExclusive: true,
    txns: await txnsOf(lake, def.name, base),
    operationParameters: { command: 'repair' },
    operationMetrics: { numRemovedFiles: remove.length },
  };
}

async function txnsOf(lake: Lake, name: string, base: Snapshot): Promise<ReadonlyMap<string, number>> {
  if (intervalOf(name) !== undefined) return REBUILD_TXNS;
  if (name !== RESTATEMENTS.name) return new Map([[RESTORED, base.version + 1]]);
  const bars = await lake.table(DAILY_BARS).head();
  return bars === undefined ? new Map() : new Map([[restatementsKey(bars.tableId), -1]]);
}

function remedyOf({ def }: Table): DamagedTable['remedy'] {
  if (intervalOf(def.name) !== undefined || def === RESTATEMENTS || def === SESSIONS) return 'derived';
  return def === DAILY_BARS || def === SPLITS || def === DIVIDENDS ? 'fetched' : 'imported';
}
