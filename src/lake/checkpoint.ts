import { assert } from '#base/assert.ts';
import { CondvestError } from '#base/errors.ts';

import { CREATE_LINES, copyCheckpoint, INSERT_LINES } from './checkpoint.sql.ts';
import type { LakeDeps } from './lake-deps.ts';
import type { DeltaLog } from './log.ts';
import { checkpointName, LAST_CHECKPOINT_NAME } from './log-files.ts';
import { fileRetentionMs } from './protocol.ts';
import type { Replay, Snapshot } from './snapshot.ts';

/** Lines of JSON passed to DuckDB at once. */
const LINES_AT_ONCE = 2000;

/**
 * Writes the checkpoint of a version (default: the newest) and points `_last_checkpoint` to it. Returns its version, or
 * undefined if there is no table. Two processes may do this at once: the first file wins, and both hold the same state.
 */
export async function writeCheckpoint(deps: LakeDeps, log: DeltaLog, version?: number): Promise<number | undefined> {
  const { store, clock } = deps;
  const state = await log.load(version === undefined ? { tombstones: true } : { version, tombstones: true });
  if (state === undefined) return undefined;
  const { snapshot, replay } = state;
  const key = log.key(checkpointName(snapshot.version));
  const present = await store.head(key);
  let sizeInBytes = present?.sizeBytes;
  const lines = linesOf(snapshot, replay, clock.nowMs());
  if (sizeInBytes === undefined) {
    const localPath = await writeParquet(deps, lines);
    try {
      sizeInBytes = (await store.publish(localPath, key)).sizeBytes;
    } catch (cause) {
      if (!(cause instanceof CondvestError) || cause.code !== 'store-object-exists') throw cause;
    }
  }
  // Only a hint: whichever writer comes last, readers list from there and find the newest.
  if (((await log.lastCheckpointHint())?.version ?? -1) < snapshot.version) {
    const hint = { version: snapshot.version, size: lines.length, sizeInBytes, numOfAddFiles: snapshot.fileCount };
    await store.put(log.key(LAST_CHECKPOINT_NAME), Buffer.from(JSON.stringify(hint), 'utf8'));
  }
  return snapshot.version;
}

/** Yields the actions that make up a state, one JSON object per line, in an order that depends only on the state. */
function linesOf(snapshot: Snapshot, replay: Replay, nowMs: number): string[] {
  const { protocol, metaData } = snapshot;
  const lines = [JSON.stringify({ protocol }), JSON.stringify({ metaData })];
  for (const [, txn] of [...replay.txnActions].sort(byKey)) lines.push(JSON.stringify({ txn }));
  // A tombstone is needed for as long as the table promises to retain the file; after that, nobody can read it.
  const keptFromMs = nowMs - fileRetentionMs(metaData);
  for (const [, { remove, removedMs }] of [...(replay.tombstones ?? [])].sort(byKey)) {
    if (removedMs < keptFromMs) continue;
    const deletionTimestamp = Number.isFinite(removedMs) ? removedMs : undefined;
    lines.push(JSON.stringify({ remove: { ...remove, deletionTimestamp, dataChange: false } }));
  }
  for (const { add } of snapshot.files) lines.push(JSON.stringify({ add: { ...add, dataChange: false } }));
  return lines;
}

async function writeParquet(deps: LakeDeps, lines: readonly string[]): Promise<string> {
  const localPath = await deps.store.scratchPath('.parquet');
  using session = await deps.engine.session();
  await session.run(CREATE_LINES);
  for (let start = 0; start < lines.length; start += LINES_AT_ONCE) {
    await session.run(INSERT_LINES, [start, lines.slice(start, start + LINES_AT_ONCE).join('\n')]);
  }
  const [copied] = await session.rows<{ Count: number }>(copyCheckpoint(localPath));
  assert(copied?.Count === lines.length, `a checkpoint of ${lines.length} actions has ${copied?.Count} rows`);
  return localPath;
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
