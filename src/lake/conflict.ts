import { SessionSet } from '#market/session-set.ts';

import { type CommitActions, decodePath, isOurs } from './actions.ts';
import { DataFile, unitsOf } from './files.ts';
import type { TableDefinition } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import type { WritePlan } from './write-plan.ts';

/**
 * Returns why a plan must be made again after commits that came in first, or undefined if it can be replayed unchanged.
 * Delta's own rules would let two blind appends of one session both succeed. Here a session is put as a whole, so a
 * plan stands only if nobody has changed data in its units, removed a file it read or removes, or moved its
 * checkpoints.
 */
export function conflictOf(
  plan: WritePlan,
  definition: TableDefinition,
  base: Snapshot | undefined,
  winners: readonly CommitActions[],
): string | undefined {
  if (base === undefined) return 'the table was created';
  if (plan.isExclusive === true && winners.length > 0) return 'the table has a newer version';
  const used = new Set([...plan.remove, ...(plan.read ?? [])].map((file) => file.path));
  const files = new Map<string, DataFile>();
  for (const winner of winners) {
    if (winner.protocol !== undefined || winner.metaData !== undefined) return 'the definition of the table changed';
    const txn = winner.txns.find(({ appId }) => plan.txns?.has(appId));
    if (txn !== undefined) return `checkpoint ${txn.appId} moved`;
    const removed = winner.removes.find(({ path }) => used.has(decodePath(path)));
    if (removed !== undefined) return `file ${decodePath(removed.path)} was removed`;
    if (changesData(winner)) {
      const find = (path: string): DataFile | undefined => files.get(path) ?? base.file(path);
      const units = changedUnits(winner, definition.unitColumn, find);
      if (units === undefined) return 'other data changed';
      if (units.intersects(plan.units)) return `data of ${units.intersection(plan.units).min} changed`;
    }
    for (const add of winner.adds) {
      const path = decodePath(add.path);
      files.set(path, new DataFile(path, add, definition.unitColumn));
    }
  }
  return undefined;
}

export function changesData(actions: CommitActions): boolean {
  return actions.adds.some((add) => add.dataChange) || actions.removes.some((remove) => remove.dataChange);
}

/**
 * Returns the units whose data a commit changed; undefined means any. Our commits list them. For a foreign commit, its
 * files stand in; `find` may know what a removed file contained.
 */
export function changedUnits(
  actions: CommitActions,
  unitColumn: string | undefined,
  find: (path: string) => DataFile | undefined = () => undefined,
): SessionSet | undefined {
  if (!changesData(actions)) return SessionSet.empty;
  if (unitColumn === undefined) return undefined;
  const { commitInfo } = actions;
  if (isOurs(commitInfo) && commitInfo?.sessions !== undefined) return SessionSet.parse(commitInfo.sessions);
  let changed = SessionSet.empty;
  for (const add of actions.adds) {
    if (!add.dataChange) continue;
    const { units } = new DataFile(decodePath(add.path), add, unitColumn);
    if (units === undefined) return undefined;
    changed = changed.union(units);
  }
  for (const remove of actions.removes) {
    if (!remove.dataChange) continue;
    const known = find(decodePath(remove.path));
    const units = known?.units ?? unitsOf(remove.tags, remove.partitionValues, () => undefined, unitColumn);
    if (units === undefined) return undefined;
    changed = changed.union(units);
  }
  return changed;
}
