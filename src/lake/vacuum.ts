import type { InstantMs } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { SessionSet } from '#market/session-set.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import type { NeededVersion } from './clean-log.ts';
import type { DeltaLog } from './log.ts';
import { LOG_FOLDER } from './log-files.ts';
import { fileRetentionMs } from './protocol.ts';
import { lastNotLater, OLDEST_READABLE, oldestReadable } from './time-travel.ts';
import type { Planner } from './write-plan.ts';

/** A reader that opened a table this long ago may still be active. */
const RETENTION_MS_MIN = 7 * 86_400_000;
const DELETED_AT_ONCE = 1000;

export interface VacuumOptions {
  /** Time for which versions stay readable; default: the table's own retention (400 days). */
  readonly retentionMs?: number;
  readonly dryRun?: boolean;
  /** Deletes even what a running reader or an unprocessed checkpoint may need. */
  readonly force?: boolean;
  /** Versions from which derived tables still have to catch up. */
  readonly neededVersions?: readonly NeededVersion[];
}

export interface VacuumFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** `removed`: only versions older than the retained ones have it. `unreferenced`: no version in the log has it. */
  readonly reason: 'removed' | 'unreferenced';
}

export interface VacuumReport {
  /** Ascending by path. */
  readonly files: readonly VacuumFile[];
  readonly bytes: number;
  /** Versions that were current at this instant or later stay readable. */
  readonly cutoffMs: InstantMs;
  /** The oldest version that can be read afterwards. */
  readonly oldestVersion: number;
  readonly dryRun: boolean;
}

export interface VacuumDeps {
  readonly store: ObjectStore;
  readonly log: DeltaLog;
  readonly nowMs: InstantMs;
  readonly write: (planner: Planner) => Promise<unknown>;
}

/**
 * Deletes the files that no version within the retention refers to and that are older than the retention themselves.
 * Before the first deletion, a commit records the oldest version that can still be read. Returns undefined if there is
 * no table.
 */
export async function vacuum(deps: VacuumDeps, options: VacuumOptions): Promise<VacuumReport | undefined> {
  const plan = await planVacuum(deps, options);
  if (plan === undefined || plan.dryRun || plan.files.length === 0) return plan;
  await recordOldest(deps, plan.oldestVersion);
  // An old version may have been restored since the plan was made.
  const head = await deps.log.load();
  const dead = plan.files.filter((file) => head?.snapshot.file(file.path) === undefined);
  for (let start = 0; start < dead.length; start += DELETED_AT_ONCE) {
    const paths = dead.slice(start, start + DELETED_AT_ONCE).map((file) => `${deps.log.table}/${file.path}`);
    await deps.store.delete(paths);
  }
  return { ...plan, files: dead, bytes: bytesOf(dead) };
}

/** Plans a vacuum. Throws if the options could break a reader or a derived table, unless forced. */
async function planVacuum(deps: VacuumDeps, options: VacuumOptions): Promise<VacuumReport | undefined> {
  const { log, store, nowMs } = deps;
  const state = await log.load({ tombstones: true });
  if (state === undefined) return undefined;
  const { snapshot, replay } = state;
  const promisedMs = fileRetentionMs(snapshot.metaData);
  const retentionMs = options.retentionMs ?? promisedMs;
  checkRetention(log.table, retentionMs, promisedMs, options.force === true);

  const cutoffMs = nowMs - retentionMs;
  const files: VacuumFile[] = [];
  for await (const { key, sizeBytes, modifiedMs } of store.list(`${log.table}/`)) {
    const path = key.slice(log.table.length + 1);
    if (isHidden(path) || snapshot.file(path) !== undefined || modifiedMs >= cutoffMs) continue;
    const tombstone = replay.tombstones?.get(path);
    // Removed at or before the cut-off: no version that was current since then has it.
    if (tombstone !== undefined && tombstone.removedMs > cutoffMs) continue;
    files.push({ path, sizeBytes, reason: tombstone === undefined ? 'unreferenced' : 'removed' });
  }

  const oldest = (await log.span())?.oldest ?? 0;
  const keptFrom = (await lastNotLater(log, oldest, snapshot.version, cutoffMs)) ?? oldest;
  // An unreferenced file may have belonged to a version so old that its tombstone is gone, so any deletion counts.
  const oldestVersion = Math.max(files.length > 0 ? keptFrom : 0, oldestReadable(snapshot));
  if (files.length > 0 && options.force !== true) checkNeeded(log.table, oldestVersion, options.neededVersions ?? []);
  return { files, bytes: bytesOf(files), cutoffMs, oldestVersion, dryRun: options.dryRun === true };
}

async function recordOldest(deps: VacuumDeps, version: number): Promise<void> {
  await deps.write(async (base) => {
    if (base === undefined || oldestReadable(base) >= version) return undefined;
    return {
      operation: 'VACUUM START',
      add: [],
      remove: [],
      units: SessionSet.empty,
      dataChange: false,
      txns: new Map([[OLDEST_READABLE, version]]),
    };
  });
}

function checkRetention(table: string, retentionMs: number, promisedMs: number, force: boolean): void {
  if (!Number.isFinite(retentionMs) || retentionMs < 0) {
    throw new UsageError({
      code: 'lake-vacuum-retention',
      message: 'Retention must be a number of days, 0 or more',
      found: String(retentionMs / 86_400_000),
    });
  }
  if (retentionMs < RETENTION_MS_MIN && !force) {
    throw new UsageError({
      code: 'lake-vacuum-retention-short',
      message: 'A retention this short could delete files under a running reader or writer',
      found: daysText(retentionMs),
      allowed: `${daysText(RETENTION_MS_MIN)} or more`,
      action: 'Use --force if nothing else is using the lake',
    });
  }
  if (retentionMs > promisedMs) {
    // Beyond its own retention, the log no longer knows when a file was removed, so the request cannot be honored.
    throw new UsageError({
      code: 'lake-vacuum-retention-long',
      message: `Table ${table} itself retains removed files for less`,
      found: daysText(retentionMs),
      allowed: `at most ${daysText(promisedMs)} (delta.deletedFileRetentionDuration)`,
    });
  }
}

function checkNeeded(table: string, oldestVersion: number, needed: readonly NeededVersion[]): void {
  const behind = needed.filter(({ version }) => version < oldestVersion);
  if (behind.length === 0) return;
  throw new CondvestError({
    code: 'lake-vacuum-needed',
    kind: 'permanent',
    message: `Tables derived from ${table} have not caught up with the versions that this would delete`,
    found: behind.map(({ by, version }) => `${by} is at version ${version}`).join(', '),
    allowed: `version ${oldestVersion} or later`,
    action: 'Run "condvest resample" first, or use --force and do a full rebuild afterwards',
  });
}

/** Folders of Delta itself and of tools; a partition folder may begin with an underscore, too. */
function isHidden(path: string): boolean {
  if (path.startsWith(`${LOG_FOLDER}/`)) return true;
  return path.split('/').some((name) => /^[_.]/.test(name) && !name.includes('='));
}

function bytesOf(files: readonly VacuumFile[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0);
}

function daysText(ms: number): string {
  return `${Number((ms / 86_400_000).toFixed(2))} days`;
}
