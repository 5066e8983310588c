import { assert, defined } from '#base/assert.ts';
import { type IsoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { SessionSet } from '#market/session-set.ts';

import { checkIntact } from './checksums.ts';
import { type DataFileDeps, writeDataFile } from './data-file.ts';
import type { DataFile, NewFile } from './files.ts';
import { fingerprintRows } from './put.sql.ts';
import {
  columnsToKeep,
  discardStaged,
  type HeldFile,
  heldFiles,
  isTagged,
  planTargets,
  SHARED_UNITS_MIN,
  stageTargets,
} from './put.ts';
import { scanSql } from './scan.ts';
import type { Column, TableDefinition } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { sameStatistics } from './statistics.ts';
import type { Table } from './table.ts';

/**
 * Merging of files: the same rows in fewer, sorted files. Pure plans first; `compactTable` carries them out, one commit
 * a year, and commits nothing unless the rows before and after are proved to be the same.
 */

export type CompactMode = 'incremental' | 'full';

export interface CompactRules {
  /**
   * - `incremental`: units that may share a file join the year's, `SHARED_UNITS_MIN` or more at a time, or when the year is
   *   whole; files of other writers are brought into our form.
   * - `full`: every year is written again, as one file and those of units that may not share it.
   */
  readonly mode: CompactMode;
  /** True for units that may share a file: settled, and before the open window of the longest interval. */
  readonly mayShare: (unit: IsoDate) => boolean;
  /** True where these units are all that the year will ever have, so that no more will come to join them. */
  readonly isWholeYear: (year: number, units: SessionSet) => boolean;
  /** Only these years, if given. */
  readonly years?: readonly number[];
  /** Files of ours that are older than this instant have been verified; none is taken to be unless given. */
  readonly verifiedBeforeMs?: number;
}

export interface CompactGroup {
  readonly year: number;
  readonly files: readonly HeldFile[];
  /** So many units that may share a file make one; fewer get files of their own. */
  readonly sharedMin: number;
}

/** The files to merge, a group a year; years in which nothing is to be done are left out. */
export function planCompaction(files: readonly HeldFile[], rules: CompactRules): CompactGroup[] {
  const groups: CompactGroup[] = [];
  for (const [year, ofYear] of [...Map.groupBy(files, yearOfFile)].sort(([a], [b]) => a - b)) {
    if (rules.years !== undefined && !rules.years.includes(year)) continue;
    const movable = ofYear.filter((held) => mayMove(held, rules));
    const merges = rules.mode === 'full' || isWorthMerging(year, movable, rules);
    // Too few to merge; but what other writers made is brought into our form all the same.
    const chosen = merges ? movable : foreignFiles(ofYear);
    if (chosen.length > 0) groups.push({ year, files: chosen, sharedMin: merges ? 1 : SHARED_UNITS_MIN });
  }
  return groups;
}

function isWorthMerging(year: number, movable: readonly HeldFile[], rules: CompactRules): boolean {
  const main = movable.filter((held) => isTagged(held.file) && held.units.size > 1).sort(byRows)[0];
  const pending = movable.filter((held) => held !== main);
  if (pending.length < (main === undefined ? 2 : 1)) return false;
  const waiting = unitsOf(pending).filter(rules.mayShare);
  return waiting.size >= SHARED_UNITS_MIN || rules.isWholeYear(year, unitsOf(movable).filter(rules.mayShare));
}

/** The files of other writers, and those that hold rows of the same units. */
function foreignFiles(files: readonly HeldFile[]): HeldFile[] {
  const foreign = unitsOf(files.filter((held) => !isTagged(held.file)));
  return files.filter((held) => !isTagged(held.file) || held.units.intersects(foreign));
}

/** Files of other writers may hold anything in any order, so they are always rewritten. */
function mayMove(held: HeldFile, rules: CompactRules): boolean {
  return !isTagged(held.file) || held.units.size > 1 || [...held.units].every(rules.mayShare);
}

function byRows(a: HeldFile, b: HeldFile): number {
  return (b.file.stats?.numRecords ?? 0) - (a.file.stats?.numRecords ?? 0);
}

function unitsOf(files: readonly HeldFile[]): SessionSet {
  return SessionSet.of(files.flatMap(({ units }) => [...units]));
}

function yearOfFile({ file, units }: HeldFile): number {
  const year = Number(file.partitionValues.year ?? Number.NaN);
  if (Number.isInteger(year)) return year;
  return units.min === undefined ? 0 : yearOf(units.min);
}

/**
 * Small files: a table without units is written in pieces as things happen, and merged when there are many of them.
 */
const SMALL_FILE_BYTES = 32 * 1024 * 1024;

/** The files of a table without units to merge into one. */
export function planMerge(files: readonly DataFile[], mode: CompactMode): readonly DataFile[] {
  if (mode === 'full') return files.length > 1 ? files : [];
  const small = files.filter((file) => file.sizeBytes < SMALL_FILE_BYTES);
  return small.length >= SHARED_UNITS_MIN ? small : [];
}

/** The result of one merging commit. */
export interface Compaction {
  readonly table: string;
  /** Undefined in a table without years. */
  readonly year: number | undefined;
  readonly version: number;
  readonly rows: number;
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export interface CompactOptions {
  /** Years that are merged at the same time; one by default. */
  readonly maxWorkers?: number;
  readonly onCompacted?: (compaction: Compaction) => void;
}

/**
 * Merges the files of a table as the rules say, a commit a year, `years` at a time. Undefined rules: a table without
 * units.
 */
export async function compactTable(
  deps: DataFileDeps,
  table: Table,
  rules: CompactRules,
  options: CompactOptions = {},
): Promise<Compaction[]> {
  const { maxWorkers = 1, onCompacted } = options;
  const done: Compaction[] = [];
  const report = (compaction: Compaction | undefined): void => {
    if (compaction === undefined) return;
    done.push(compaction);
    onCompacted?.(compaction);
  };
  if (table.def.unitColumn === undefined) {
    report(
      await compactOnce(deps, table, undefined, rules, (base) => planSmallTable(deps, table.def, base, rules.mode)),
    );
    return done;
  }
  const head = await table.head();
  if (head === undefined) return done;
  const planOf = async (base: Snapshot, years: readonly number[] | undefined): Promise<CompactGroup[]> =>
    planCompaction(await heldFiles(deps, table.def, base.files), years === undefined ? rules : { ...rules, years });
  const years = (await planOf(head, rules.years)).map((group) => group.year);
  await inParallel(years, maxWorkers, async (year) => {
    const compaction = await compactOnce(deps, table, year, rules, async (base) => {
      const [group] = await planOf(base, [year]);
      return group === undefined ? undefined : planUnitTable(deps, table.def, base, group, rules);
    });
    report(compaction);
  });
  return done.sort((a, b) => (a.year ?? 0) - (b.year ?? 0));
}

interface Rewrite {
  readonly remove: readonly DataFile[];
  readonly columns: readonly Column[];
  readonly units: SessionSet;
  readonly write: () => Promise<readonly NewFile[]>;
}

async function planUnitTable(
  deps: DataFileDeps,
  definition: TableDefinition,
  base: Snapshot,
  group: CompactGroup,
  rules: CompactRules,
): Promise<Rewrite> {
  const { files, sharedMin } = group;
  const columns = columnsToKeep(definition, base, true);
  const { mayShare } = rules;
  const targets = planTargets({ files, fresh: SessionSet.empty, mayShare, sharedMin });
  return {
    remove: files.map(({ file }) => file),
    columns,
    units: unitsOf(files),
    write: async () => (await stageTargets(deps, definition, columns, targets, undefined)).add,
  };
}

async function planSmallTable(
  deps: DataFileDeps,
  definition: TableDefinition,
  base: Snapshot,
  mode: CompactMode,
): Promise<Rewrite | undefined> {
  const remove = planMerge(base.files, mode);
  if (remove.length === 0) return undefined;
  const columns = columnsToKeep(definition, base, true);
  return {
    remove,
    columns,
    units: SessionSet.empty,
    write: async () => {
      await checkIntact(deps, definition, remove);
      const select = await scanSql(deps, definition, remove, { columns });
      const file = await writeDataFile(deps, definition, { select, columns });
      return file === undefined ? [] : [file];
    },
  };
}

/** One commit that replaces files by others with the same rows; undefined where the plan finds nothing to do. */
async function compactOnce(
  deps: DataFileDeps,
  table: Table,
  year: number | undefined,
  rules: CompactRules,
  plan: (base: Snapshot) => Promise<Rewrite | undefined>,
): Promise<Compaction | undefined> {
  let summary: Omit<Compaction, 'version'> | undefined;
  const committed = await table.write(async (base) => {
    summary = undefined;
    const rewrite = base === undefined ? undefined : await plan(base);
    if (rewrite === undefined) return undefined;
    const { remove, columns, units } = rewrite;
    const add = await rewrite.write();
    try {
      const rows = await verifySameRows(deps, table.def, columns, remove, add);
      summary = {
        table: table.def.name,
        year,
        rows,
        filesBefore: remove.length,
        filesAfter: add.length,
        bytesBefore: sum(remove.map((file) => file.sizeBytes)),
        bytesAfter: sum(add.map((file) => file.sizeBytes)),
      };
    } catch (cause) {
      await discardStaged(deps, table.def, add);
      throw cause;
    }
    const { rows, filesBefore, filesAfter } = summary;
    const isProved = remove.every((file) => isVerified(file, rules)) && sameStatistics(remove, add);
    return {
      operation: 'OPTIMIZE',
      add: isProved ? add.map((file) => ({ ...file, isProved })) : add,
      remove,
      units,
      dataChange: false,
      operationMetrics: { numAddedFiles: filesAfter, numRemovedFiles: filesBefore, numRows: rows },
    };
  });
  if (committed === undefined) return undefined;
  return { ...defined(summary, 'a commit has a plan'), version: committed.version };
}

function isVerified(file: DataFile, { verifiedBeforeMs = Number.NEGATIVE_INFINITY }: CompactRules): boolean {
  return isTagged(file) && (file.isProved || file.modifiedMs < verifiedBeforeMs);
}

/** Throws unless both sets of files hold the same rows, by count and by hash of all columns; answers the count. */
export async function verifySameRows(
  deps: DataFileDeps,
  definition: TableDefinition,
  columns: readonly Column[],
  before: readonly DataFile[],
  after: readonly NewFile[],
): Promise<number> {
  // The partition's year is a function of the unit; only another program can have made it say something else.
  const names = columns.map((column) => column.name).filter((name) => !definition.partitionBy.includes(name));
  const fingerprint = async (files: readonly (DataFile | NewFile)[]): Promise<{ count: number; hash: string }> => {
    const scan = await scanSql(deps, definition, files, { columns });
    const [row] = await deps.engine.rows<{ count: number; hash: string }>(fingerprintRows(scan, names));
    return defined(row, 'a fingerprint has a row');
  };
  const [old, written] = [await fingerprint(before), await fingerprint(after)];
  if (old.count === written.count && old.hash === written.hash) return written.count;
  throw new CondvestError({
    code: 'lake-rows-differ',
    kind: 'corrupt',
    message: `Merging files of table ${definition.name} would have changed its rows, so nothing was committed`,
    found: `${written.count} rows, hash ${written.hash}`,
    allowed: `${old.count} rows, hash ${old.hash}`,
    action: 'Please report this',
  });
}

async function inParallel<T>(items: readonly T[], maxWorkers: number, work: (item: T) => Promise<void>): Promise<void> {
  assert(maxWorkers >= 1, `${maxWorkers} workers`);
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(maxWorkers, items.length) }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
