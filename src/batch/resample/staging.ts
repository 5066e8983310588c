import { assert } from '#base/assert.ts';
import type { EngineSession } from '#lake/engine-session.ts';
import type { DataFile, NewFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { rowsOfUnits, unionByName } from '#lake/put.sql.ts';
import { columnsToKeep, type PutTarget, planTargets } from '#lake/put.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { silverBars } from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';

import type { FoldRun } from './fold.ts';
import type { PlannedWindow } from './plan.ts';

/** Which files of a silver table a run replaces, and which it writes. */
export interface SilverLayout {
  readonly remove: readonly DataFile[];
  readonly targets: readonly PutTarget[];
  /** First sessions of all windows whose rows are replaced or vanish. */
  readonly units: SessionSet;
}

/**
 * Closed windows of one year that a run writes share a file from this count on. A rebuild gives each year one file.
 */
const SHARED_WINDOWS_MIN = 2;
const SHARED_WINDOWS_MIN_REBUILD = 1;

/** The layout of writing `windows` into the table and making the windows that begin on `obsolete` vanish. */
export async function layoutOf(
  lake: Lake,
  interval: number,
  base: Snapshot | undefined,
  windows: readonly PlannedWindow[],
  obsolete: SessionSet,
): Promise<SilverLayout> {
  const fresh = firstSessions(windows);
  const units = fresh.union(obsolete);
  const files = await lake.table(silverBars(interval)).heldFiles(base?.filesTouching(units) ?? []);
  const replaced = files.filter((held) => held.units.intersects(units));
  const targets = planTargets({
    files: replaced.map(({ file, units: held }) => ({ file, units: held.difference(obsolete) })),
    fresh,
    mayShare: closedAmong(windows),
    sharedMin: SHARED_WINDOWS_MIN,
  });
  return { remove: replaced.map(({ file }) => file), targets, units };
}

/** The layout of a full rebuild: every file goes, every window is written. */
export function rebuildLayoutOf(base: Snapshot | undefined, windows: readonly PlannedWindow[]): SilverLayout {
  const fresh = firstSessions(windows);
  const targets = planTargets({
    files: [],
    fresh,
    mayShare: closedAmong(windows),
    sharedMin: SHARED_WINDOWS_MIN_REBUILD,
  });
  const remove = base?.files ?? [];
  const units = remove.reduce((all, file) => all.union(file.units ?? SessionSet.empty), fresh);
  return { remove, targets, units };
}

export function firstSessions(windows: readonly PlannedWindow[]): SessionSet {
  return SessionSet.of(windows.map((window) => window.firstSession));
}

function closedAmong(windows: readonly PlannedWindow[]): (firstSession: string) => boolean {
  const closed = new Set<string>(windows.filter((window) => !window.open).map((window) => window.firstSession));
  return (firstSession) => closed.has(firstSession);
}

/** Sources of one file of a run. */
export interface StageRequest {
  readonly interval: number;
  /** The silver table as planned against; undefined: there is none yet. */
  readonly base: Snapshot | undefined;
  readonly target: PutTarget;
  /** Of the target's fresh units, ascending. Their rows are loaded. */
  readonly windows: readonly PlannedWindow[];
}

/** Folds and writes one file. No version names it until the commit. Undefined where no row is left for it. */
export async function stageTarget(
  lake: Lake,
  session: EngineSession,
  fold: FoldRun,
  request: StageRequest,
): Promise<NewFile | undefined> {
  const { interval, base, target, windows } = request;
  const { year, units, fresh } = target;
  assert(windows.length === fresh.size, 'every fresh unit of a file is a window to fold');
  const definition = silverBars(interval);
  const kept = units.difference(fresh);
  if (kept.size === 0) {
    const select = await fold.select(interval, windows);
    return lake.table(definition).writeDataFile({ select, session, year, units, ordered: true });
  }
  const columns = columnsToKeep(definition, base, true);
  const files = target.keep.map(({ file }) => file);
  await lake.table(definition).checkIntact(files);
  const selects = [rowsOfUnits(await lake.table(definition).scanSql(files, { columns }), 'first_session', kept)];
  if (windows.length > 0) selects.push(await fold.select(interval, windows));
  return lake.table(definition).writeDataFile({ select: unionByName(selects), session, year, units, columns });
}
