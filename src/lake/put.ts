import { assert, defined } from '#base/assert.ts';
import { type IsoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { SessionSet } from '#market/session-set.ts';

import { checkIntact } from './checksums.ts';
import { type DataFileDeps, writeDataFile } from './data-file.ts';
import type { EngineSession } from './engine-session.ts';
import { type DataFile, type NewFile, UNITS_TAG } from './files.ts';
import { countRows, distinctUnits, rowsOfUnits, unionByName } from './put.sql.ts';
import type { RowPart, RowParts } from './range-sort.ts';
import { scanSql } from './scan.ts';
import type { Column, TableDefinition } from './schema.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * A put of units: which files go, which of their rows stay, which files are written. A unit (a session of daily bars, a
 * window of a silver table) has a file of its own while it may still change; settled ones share one file a year. The
 * plan is pure; `stagePut` carries it out up to the commit.
 */

/** So many units of one year that may share a file make it worth writing one. */
export const SHARED_UNITS_MIN = 21;

/** A file, and the units whose rows it holds. */
export interface HeldFile {
  readonly file: DataFile;
  readonly units: SessionSet;
}

/** One file to be written. */
export interface PutTarget {
  readonly year: number;
  /** All units it will hold. */
  readonly units: SessionSet;
  /** Those of them that bring new rows. The rows of the others come from the files in `keep`. */
  readonly fresh: SessionSet;
  readonly keep: readonly HeldFile[];
}

/**
 * The files that hold the units of `files` and `fresh` afterwards, all of `files` being replaced. The rows of the units in
 * `fresh` come from the put, all others are kept. Units that share a file go on sharing one; those that `mayShare` join
 * it, or make one where there are at least `sharedMin` of them in a year; every other unit gets a file of its own.
 */
export function planTargets(request: {
  readonly files: readonly HeldFile[];
  readonly fresh: SessionSet;
  readonly mayShare: (unit: IsoDate) => boolean;
  readonly sharedMin: number;
}): PutTarget[] {
  const { files, fresh, mayShare, sharedMin } = request;
  const sharing = new Set(files.filter(({ units }) => units.size > 1).flatMap(({ units }) => [...units]));
  const targets: PutTarget[] = [];
  const target = (year: number, units: SessionSet): void => {
    const kept = units.difference(fresh);
    const keep = kept.size === 0 ? [] : files.filter((file) => file.units.intersects(kept));
    targets.push({ year, units, fresh: units.intersection(fresh), keep });
  };
  const all = files.reduce((units, file) => units.union(file.units), fresh);
  for (const [year, units] of byYear(all)) {
    const candidates = units.filter((unit) => sharing.has(unit) || mayShare(unit));
    const share = candidates.size >= sharedMin || [...candidates].some((unit) => sharing.has(unit));
    const shared = share ? candidates : SessionSet.empty;
    if (shared.size > 0) target(year, shared);
    for (const unit of units.difference(shared)) target(year, SessionSet.of([unit]));
  }
  return targets;
}

export function byYear(units: SessionSet): Map<number, SessionSet> {
  return new Map([...Map.groupBy(units, yearOf)].map(([year, list]) => [year, SessionSet.of(list)]));
}

export interface PutRequest {
  /** The units that are put as a whole: whatever rows they had are replaced. */
  readonly units: SessionSet;
  /** A SELECT of all new rows of some of these units (those of one file to be written), columns found by name. */
  readonly rows: (units: SessionSet) => string;
  /** Total number of rows, if the caller knows. */
  readonly rowCount?: number;
  /** Where the SELECT can be run, if it reads temporary tables. */
  readonly session?: EngineSession;
  /** True for units that may share a file: settled, and before the open window of the longest interval. */
  readonly mayShare: (unit: IsoDate) => boolean;
  /** True where the SELECT of these units gives its rows in the table's order: spares a sort where no row is kept. */
  readonly ordered?: (units: SessionSet) => boolean;
}

export interface StagedPut {
  readonly add: readonly NewFile[];
  readonly remove: readonly DataFile[];
  /** Rows in the new files that were in the removed ones and in units that are not put. */
  readonly rowsKept: number;
  readonly rowsNew: number;
}

/**
 * Writes the files of a put against `base`, for a `WritePlan` to name. That every kept and new row is in them is
 * counted. When it fails, the files it has published are deleted again.
 */
export async function stagePut(
  deps: DataFileDeps,
  definition: TableDefinition,
  base: Snapshot | undefined,
  request: PutRequest,
): Promise<StagedPut> {
  const { units, rows, rowCount, session, mayShare, ordered } = request;
  const touched = base?.filesTouching(units) ?? [];
  const files = await heldFiles(deps, definition, touched);
  const replaced = files.filter((file) => file.units.intersects(units));
  const targets = planTargets({ files: replaced, fresh: units, mayShare, sharedMin: SHARED_UNITS_MIN });
  const columns = columnsToKeep(definition, base, replaced.length > 0);
  const staged = await stageTargets(deps, definition, columns, targets, { rows, session, ordered });
  try {
    const rowsKept = await countKept(deps, definition, targets);
    const rowsNew = staged.rows - rowsKept;
    assert(rowsNew >= 0, `${definition.name}: ${staged.rows} rows written, ${rowsKept} were to be kept`);
    assert(rowCount === undefined || rowCount === rowsNew, `${definition.name}: ${rowsNew} new rows of ${rowCount}`);
    return { add: staged.add, remove: replaced.map(({ file }) => file), rowsKept, rowsNew };
  } catch (cause) {
    await discardStaged(deps, definition, staged.add);
    throw cause;
  }
}

interface FreshRows {
  readonly rows: (units: SessionSet) => string;
  readonly session?: EngineSession | undefined;
  readonly ordered?: ((units: SessionSet) => boolean) | undefined;
}

/** Writes the files of a plan. When it fails, those published before are deleted again. */
export async function stageTargets(
  deps: DataFileDeps,
  definition: TableDefinition,
  columns: readonly Column[],
  targets: readonly PutTarget[],
  fresh: FreshRows | undefined,
): Promise<{ add: NewFile[]; rows: number }> {
  const copied = targets.flatMap(({ keep }) => keep.map(({ file }) => file));
  await checkIntact(deps, definition, copied);
  const typed = await scanSql(deps, definition, [], { columns });
  const add: NewFile[] = [];
  let rows = 0;
  try {
    for (const target of targets) {
      const selects = [typed];
      if (target.fresh.size > 0) selects.push(defined(fresh, 'a plan with fresh units has rows').rows(target.fresh));
      const kept = await keptRows(deps, definition, columns, target);
      if (kept !== undefined) selects.push(kept);
      const file = await writeDataFile(deps, definition, {
        select: unionByName(selects),
        year: target.year,
        units: target.units,
        columns,
        ordered: kept === undefined && fresh?.ordered?.(target.fresh) === true,
        ...(target.fresh.size > 0 ? {} : { parts: await partsOf(deps, definition, columns, target) }),
        ...(fresh?.session === undefined ? {} : { session: fresh.session }),
      });
      if (file === undefined) continue;
      add.push(file);
      rows += defined(file.stats.numRecords, 'a file of ours counts its rows');
    }
  } catch (cause) {
    await discardStaged(deps, definition, add);
    throw cause;
  }
  return { add, rows };
}

/** Deletes files that no commit names, on the way out of a failure that must not be hidden by another. */
export async function discardStaged(
  deps: DataFileDeps,
  definition: TableDefinition,
  files: readonly NewFile[],
): Promise<void> {
  if (files.length === 0) return;
  await deps.store.delete(files.map((file) => `${definition.name}/${file.path}`)).catch(() => undefined);
}

/** The rows that a target keeps, those of files that units share by themselves. */
async function partsOf(
  deps: DataFileDeps,
  definition: TableDefinition,
  columns: readonly Column[],
  target: PutTarget,
): Promise<RowParts> {
  const partOf = async (keep: readonly HeldFile[]): Promise<RowPart> => ({
    select: defined(
      await keptRows(deps, definition, columns, { ...target, keep }),
      'a target without new rows keeps some',
    ),
    // Of a file that does not say, no number is known: NaN.
    rowCount: keep.reduce((sum, { file }) => sum + (file.stats?.numRecords ?? Number.NaN), 0),
  });
  return {
    shared: await partOf(target.keep.filter(({ units }) => units.size > 1)),
    single: await partOf(target.keep.filter(({ units }) => units.size <= 1)),
  };
}

/** A SELECT of the rows that a target keeps; undefined for none. */
async function keptRows(
  deps: DataFileDeps,
  definition: TableDefinition,
  columns: readonly Column[],
  target: PutTarget,
): Promise<string | undefined> {
  const kept = target.units.difference(target.fresh);
  if (kept.size === 0) return undefined;
  const unitColumn = defined(definition.unitColumn, 'a put is of units');
  const files = target.keep.map(({ file }) => file);
  const scan = await scanSql(deps, definition, files, { columns });
  const whole = target.keep.every(({ units }) => units.difference(kept).size === 0);
  return whole ? scan : rowsOfUnits(scan, unitColumn, kept);
}

async function countKept(
  deps: DataFileDeps,
  definition: TableDefinition,
  targets: readonly PutTarget[],
): Promise<number> {
  let count = 0;
  for (const target of targets) {
    const kept = await keptRows(deps, definition, definition.columns, target);
    if (kept === undefined) continue;
    const [row] = await deps.engine.rows<{ count: number }>(countRows(kept));
    count += defined(row, 'a count has a row').count;
  }
  return count;
}

/** The files with the units they hold: by our tag, or by reading the files of other writers. */
export async function heldFiles(
  deps: DataFileDeps,
  definition: TableDefinition,
  files: readonly DataFile[],
): Promise<HeldFile[]> {
  const held: HeldFile[] = [];
  for (const file of files) held.push({ file, units: await unitsHeld(deps, definition, file) });
  return held;
}

async function unitsHeld(deps: DataFileDeps, definition: TableDefinition, file: DataFile): Promise<SessionSet> {
  if (isTagged(file) && file.units !== undefined) return file.units;
  if (file.readUnits !== undefined) return file.readUnits;
  const unitColumn = defined(definition.unitColumn, 'a put is of units');
  const sql = distinctUnits(await scanSql(deps, definition, [file]), unitColumn);
  const found = await deps.engine.rows<{ unit: IsoDate | null }>(sql);
  const units = SessionSet.of(
    found.map(({ unit }) => {
      if (unit !== null) return unit;
      throw new CondvestError({
        code: 'lake-row-without-unit',
        kind: 'corrupt',
        message: `Table ${definition.name} has rows without a ${unitColumn}, written by another program`,
        found: file.path,
        action: 'Delete these rows with that program, or restore an earlier version of the table',
      });
    }),
  );
  file.readUnits = units;
  return units;
}

/** True for files of ours that say which units they hold. */
export function isTagged(file: DataFile): boolean {
  return file.tags[UNITS_TAG] !== undefined;
}

/**
 * The columns that files must have in which kept rows are written again. Throws where the table has columns of types
 * that we do not write: rewriting its rows would lose them.
 */
export function columnsToKeep(
  definition: TableDefinition,
  base: Snapshot | undefined,
  rewrites: boolean,
): readonly Column[] {
  if (base === undefined || !rewrites) return definition.columns;
  const known = new Set(definition.columns.map((column) => column.name));
  const schema: { fields: readonly { name: string; type: unknown }[] } = JSON.parse(base.metaData.schemaString);
  const lost = schema.fields.filter(({ name }) => !base.schema.some((column) => column.name === name));
  if (lost.length > 0) {
    throw new CondvestError({
      code: 'lake-column-foreign',
      kind: 'permanent',
      message: `Another program gave table ${definition.name} columns of a type that Condvest does not write; rewriting rows would lose them`,
      found: lost.map(({ name, type }) => `${name} ${JSON.stringify(type)}`).join(', '),
      action: 'Drop these columns, or keep them in a table of their own',
    });
  }
  return [...definition.columns, ...base.schema.filter((column) => !known.has(column.name))];
}
