import { type InstantMs, type IsoDate, isoDate } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import { SessionSet } from '#market/session-set.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import type { Engine } from './engine.ts';
import { isUnreadable } from './engine-error.ts';
import type { DataFile } from './files.ts';
import { describeVersions, intactVersions } from './intact-versions.ts';
import type { DeltaLog } from './log.ts';
import { differingUnits, type RowSets, rowsOfDiffering, unitChanges } from './restore.sql.ts';
import { scanSql } from './scan.ts';
import type { Column } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import type { Table } from './table.ts';
import type { OperationParameters, WritePlan } from './write-plan.ts';

/**
 * Going back to an earlier version: a commit that removes the files that came since and brings back those that went,
 * as Delta's own RESTORE does. No data file is written, and no version in between changes.
 */

/** The operation of a commit that restores, in Delta's terms; other programs use it too. */
export const RESTORE = 'RESTORE';

/**
 * Application id under which a table says that it was restored: the version that the last restore made. What follows
 * the table in another one says under an id of its own how far it has followed.
 */
export const RESTORED = 'condvest:restored';

/** The state of a table to go back to; `empty` is the one before its first version. */
export type RestorePoint = { readonly version: number } | { readonly asOfMs: InstantMs } | 'empty';

/**
 * Rows by which a unit differs from what it was. Rows without a unit have an entry of their own: all rows of a table
 * without units, and those that another program has written without one.
 */
export interface UnitChange {
  readonly unit: IsoDate | undefined;
  /** Rows that come back under a key that has none. */
  readonly added: number;
  readonly removed: number;
  /** Rows in whose place an earlier one comes back. */
  readonly replaced: number;
}

export interface Restoration {
  /** The version whose rows the table has again; undefined: none, the table is empty. */
  readonly target: Pick<Snapshot, 'version' | 'timestampMs'> | undefined;
  /** The version that was the newest one. */
  readonly from: number;
  /** Ascending by unit. Empty if the rows are equal: then nothing was written. */
  readonly changes: readonly UnitChange[];
  /** Files of the table afterwards. */
  readonly files: readonly DataFile[];
  readonly filesRestored: number;
  readonly filesRemoved: number;
  /**
   * Files of the newest version that are lost, or at least one if some are damaged. All units of their partitions are in
   * `changes`, without counts.
   */
  readonly unreadFiles: number;
  /** The version that the commit made; undefined if nothing was written. */
  readonly version: number | undefined;
}

export interface RestoreDeps {
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly log: DeltaLog;
}

/**
 * Commits a version with the rows of an earlier one. Years whose rows are equal keep their files, however consolidation
 * has arranged them since. Another commit that comes first makes it plan again, so that the result is exactly the
 * earlier version.
 * @throws UsageError `lake-version-unknown`, `lake-as-of-too-old`, `restore-before-first`, `table-absent`;
 * CondvestError `restore-files-gone`, `restore-schema-differs`.
 */
export async function restoreTable(
  deps: RestoreDeps,
  table: Table,
  point: RestorePoint,
  options: { readonly dryRun?: boolean } = {},
): Promise<Restoration> {
  // Resolved once: an instant means the version that it meant when the restore began.
  const version = await versionOf(table, point);
  let restoration: Omit<Restoration, 'version'> | undefined;
  const plan = async (head: Snapshot | undefined): Promise<WritePlan | undefined> => {
    if (head === undefined) throw absent(table.def.name);
    const target = version === undefined ? undefined : await table.at({ version });
    const planned = await planRestore(deps, table, head, target);
    restoration = planned.restoration;
    if (restoration.changes.length === 0) return undefined;
    return { ...planned.plan, operationParameters: parametersOf(point, target) };
  };
  const committed = options.dryRun === true ? void (await plan(await table.head())) : await table.write(plan);
  if (restoration === undefined) throw absent(table.def.name);
  return { ...restoration, version: committed?.version };
}

/** Returns the version of a point; undefined for the empty table. */
async function versionOf(table: Table, point: RestorePoint): Promise<number | undefined> {
  if (point === 'empty') return undefined;
  const head = await table.head();
  if (head === undefined) throw absent(table.def.name);
  const target = await table.at(point);
  if (target !== undefined) return target.version;
  throw new UsageError({
    code: 'restore-before-first',
    message: `Table ${table.def.name} did not exist yet`,
    found: 'asOfMs' in point ? new Date(point.asOfMs).toISOString() : String(point.version),
    allowed: 'an instant after its first version',
    action: `List its versions with: condvest history ${shortName(table)}. To remove all rows, use --empty`,
  });
}

/** As Delta's RESTORE records them, the version always. */
function parametersOf(point: RestorePoint, target: Snapshot | undefined): OperationParameters {
  const isInstant = point !== 'empty' && 'asOfMs' in point;
  return { version: target?.version ?? null, timestamp: isInstant ? new Date(point.asOfMs).toISOString() : null };
}

interface Planned {
  readonly plan: WritePlan;
  readonly restoration: Omit<Restoration, 'version'>;
}

async function planRestore(
  deps: RestoreDeps,
  table: Table,
  head: Snapshot,
  target: Snapshot | undefined,
): Promise<Planned> {
  const columns = columnsOf(table, head, target);
  const returning = target?.files.filter((file) => head.file(file.path) === undefined) ?? [];
  const leaving = head.files.filter((file) => target?.file(file.path) === undefined);
  await checkPresent(deps, table, head, target, returning);
  const [remove, restore, changes]: [DataFile[], DataFile[], UnitChange[]] = [[], [], []];
  let unreadFiles = 0;
  for (const files of byPartition(leaving, returning)) {
    const found = await changesIn(deps, table, columns, files);
    unreadFiles += found.unreadFiles;
    if (found.changes.length === 0) continue;
    changes.push(...found.changes);
    remove.push(...files.leaving);
    restore.push(...files.returning);
  }
  changes.sort((a, b) => ((a.unit ?? '') < (b.unit ?? '') ? -1 : 1));
  const gone = new Set(remove.map(({ path }) => path));
  const files = [...head.files.filter(({ path }) => !gone.has(path)), ...restore];
  const restoration = {
    target: target === undefined ? undefined : { version: target.version, timestampMs: target.timestampMs },
    from: head.version,
    changes,
    files,
    filesRestored: restore.length,
    filesRemoved: remove.length,
    unreadFiles,
  };
  return { plan: planOf(head, remove, restore, files, changes), restoration };
}

function planOf(
  head: Snapshot,
  remove: readonly DataFile[],
  restore: readonly DataFile[],
  files: readonly DataFile[],
  changes: readonly UnitChange[],
): WritePlan {
  return {
    operation: RESTORE,
    add: [],
    restore,
    remove,
    units: SessionSet.of(changes.flatMap(({ unit }) => (unit === undefined ? [] : [unit]))),
    dataChange: true,
    isExclusive: true,
    txns: new Map([[RESTORED, head.version + 1]]),
    // By the names that Delta's RESTORE gives them.
    operationMetrics: {
      tableSizeAfterRestore: bytesOf(files),
      numOfFilesAfterRestore: files.length,
      numRemovedFiles: remove.length,
      numRestoredFiles: restore.length,
      removedFilesSize: bytesOf(remove),
      restoredFilesSize: bytesOf(restore),
    },
  };
}

/** Files of one partition that are in one of the two versions only. */
interface DifferingFiles {
  readonly leaving: readonly DataFile[];
  readonly returning: readonly DataFile[];
}

function byPartition(leaving: readonly DataFile[], returning: readonly DataFile[]): DifferingFiles[] {
  const keyOf = (file: DataFile): string => JSON.stringify(file.partitionValues);
  const [left, back] = [Map.groupBy(leaving, keyOf), Map.groupBy(returning, keyOf)];
  const keys = [...new Set([...left.keys(), ...back.keys()])];
  return keys.map((key) => ({ leaving: left.get(key) ?? [], returning: back.get(key) ?? [] }));
}

/**
 * Returns the rows by which the units in these files differ. A lost or damaged file of the newest version keeps nobody
 * from going back to an earlier one: then all units of the partition count as changed.
 */
async function changesIn(
  deps: RestoreDeps,
  table: Table,
  columns: readonly Column[],
  files: DifferingFiles,
): Promise<{ readonly changes: UnitChange[]; readonly unreadFiles: number }> {
  const lost = await lostAmong(table, files.leaving);
  try {
    if (lost.length === 0) return { changes: await compareRows(deps, table, columns, files), unreadFiles: 0 };
  } catch (cause) {
    if (!isUnreadable(cause)) throw cause;
  }
  // Throws if it is the earlier version that cannot be read.
  await compareRows(deps, table, columns, { leaving: [], returning: files.returning });
  const units = [...files.leaving, ...files.returning].reduce(
    (all, file) => all.union(file.units ?? SessionSet.empty),
    SessionSet.empty,
  );
  const named = table.def.unitColumn === undefined ? [undefined] : [...units];
  const changes = named.map((unit) => ({ unit, added: 0, removed: 0, replaced: 0 }));
  return { changes, unreadFiles: Math.max(1, lost.length) };
}

/** Returns the files that the store does not have, or not in their size. */
async function lostAmong(table: Table, files: readonly DataFile[]): Promise<DataFile[]> {
  const lost: DataFile[] = [];
  for (const file of files) if ((await table.storedSize(file)) !== file.sizeBytes) lost.push(file);
  return lost;
}

/** Returns the rows by which the units in these files differ; nothing for the same rows in other files. */
async function compareRows(
  deps: RestoreDeps,
  table: Table,
  columns: readonly Column[],
  files: DifferingFiles,
): Promise<UnitChange[]> {
  const { key, unitColumn } = table.def;
  const sets: RowSets = {
    before: await scanSql(deps, table.def, files.leaving, { columns }),
    after: await scanSql(deps, table.def, files.returning, { columns }),
    columns: columns.map(({ name }) => name),
    unitColumn,
  };
  const found = await deps.engine.rows<{ unit: string | null }>(differingUnits(sets));
  if (found.length === 0) return [];
  const units = SessionSet.of(found.flatMap(({ unit }) => (unit === null ? [] : [isoDate(unit)])));
  const withoutUnit = units.size < found.length;
  const only = (rows: string): string =>
    unitColumn === undefined ? rows : rowsOfDiffering(rows, unitColumn, units, withoutUnit);
  const changes = await deps.engine.rows<Omit<UnitChange, 'unit'> & { unit: string | null }>(
    unitChanges({ ...sets, before: only(sets.before), after: only(sets.after), key }),
  );
  return changes.map(({ unit, ...counts }) => ({ ...counts, unit: unit === null ? undefined : isoDate(unit) }));
}

/** Returns the columns to compare. Throws if the rows of the earlier version do not fit into the table as it is now. */
function columnsOf(table: Table, head: Snapshot, target: Snapshot | undefined): readonly Column[] {
  const now = new Map(head.schema.map((column) => [column.name, column.type]));
  const lost = target?.schema.find(({ name, type }) => now.get(name) !== type);
  if (lost !== undefined) {
    throw new CondvestError({
      code: 'restore-schema-differs',
      kind: 'permanent',
      message: `Another program has changed the columns of table ${table.def.name} since that version`,
      found: `${lost.name}: ${now.get(lost.name) ?? 'no such column'} now, ${lost.type} then`,
      action: 'Change the columns back with that program, or restore the folder from a backup',
    });
  }
  return head.schema;
}

async function checkPresent(
  deps: RestoreDeps,
  table: Table,
  head: Snapshot,
  target: Snapshot | undefined,
  returning: readonly DataFile[],
): Promise<void> {
  const missing = await lostAmong(table, returning);
  const [first] = missing;
  if (first === undefined) return;
  throw new CondvestError({
    code: 'restore-files-gone',
    kind: 'permanent',
    message: `Version ${target?.version} of table ${table.def.name} cannot be restored: files of it were deleted`,
    found: `${plural(missing.length, 'file')}, such as ${first.path}`,
    allowed: describeVersions(await intactVersions(deps, head.version)),
    action: `List the versions with: condvest history ${shortName(table)}`,
  });
}

function absent(table: string): UsageError {
  return new UsageError({
    code: 'table-absent',
    message: 'Nothing has been written to this table yet',
    found: table,
    action: 'List all tables with: condvest tables',
  });
}

function shortName(table: Table): string {
  return table.def.name.split('/').at(-1) ?? table.def.name;
}

function bytesOf(files: readonly DataFile[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0);
}
