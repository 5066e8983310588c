import type { ObjectStore } from '#ports/object-store.ts';

import type { DeltaLog } from './log.ts';
import { LOG_FOLDER } from './log-files.ts';
import { logRetentionMs } from './protocol.ts';
import type { Snapshot } from './snapshot.ts';
import { lastNotLater } from './time-travel.ts';

export interface CleanOptions {
  readonly dryRun?: boolean;
  /** Versions from which derived tables still have to read commits; those stay, however old. */
  readonly neededVersions?: readonly NeededVersion[];
}

/** A version that a checkpoint refers to. */
export interface NeededVersion {
  readonly version: number;
  /** The table that needs it, for the message: `silver/bars_3d`. */
  readonly by: string;
}

export interface CleanReport {
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly bytes: number;
  /** The oldest version that can still be reconstructed afterwards. */
  readonly oldestVersion: number;
}

/**
 * Deletes the part of a table's log that is older than its retention: everything before the newest checkpoint at or
 * before the cut-off. The checkpoint's own commit file stays, because only it has the instant.
 */
export async function cleanLog(
  deps: { readonly store: ObjectStore; readonly nowMs: number },
  log: DeltaLog,
  head: Snapshot,
  options: CleanOptions,
): Promise<CleanReport> {
  const { store, nowMs } = deps;
  const oldest = (await log.span())?.oldest ?? 0;
  const cutoffMs = nowMs - logRetentionMs(head.metaData);
  const last = await lastNotLater(log, oldest, head.version, cutoffMs);
  const needed = options.neededVersions?.map(({ version }) => version) ?? [];
  const newestAllowed = Math.min(last ?? -1, ...needed);
  const { checkpoints } = await log.listing();
  const keptFrom = checkpoints.findLast((checkpoint) => checkpoint.version <= newestAllowed)?.version;
  if (keptFrom === undefined) return { files: [], bytes: 0, oldestVersion: oldest };

  const folder = `${log.table}/${LOG_FOLDER}/`;
  const files: { path: string; sizeBytes: number }[] = [];
  for await (const { key, sizeBytes } of store.list(folder)) {
    const version = /^(\d{20})\./.exec(key.slice(folder.length))?.[1];
    if (version !== undefined && Number(version) < keptFrom) files.push({ path: key, sizeBytes });
  }
  // Oldest first, so that after an interruption the rest is complete from some checkpoint on.
  if (options.dryRun !== true) await store.delete(files.map((file) => file.path));
  const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { files, bytes, oldestVersion: Math.max(oldest, keptFrom) };
}
