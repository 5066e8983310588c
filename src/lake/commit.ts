import { assert } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import type { Random } from '#ports/random.ts';

import {
  type Add,
  type CommitActions,
  ENGINE_NAME,
  encodePath,
  type MetaData,
  type Remove,
  serializeCommit,
} from './actions.ts';
import { conflictOf } from './conflict.ts';
import { schemaStringOf, schemaWithColumns } from './delta-schema.ts';
import { CHECKSUM_TAG, type DataFile, type NewFile, PROVED_TAG, UNITS_TAG } from './files.ts';
import type { DeltaLog } from './log.ts';
import { commitName } from './log-files.ts';
import { CONFIGURATION, checkWritable, isAppendOnly, PROTOCOL } from './protocol.ts';
import type { TableDefinition } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import type { Planner, WritePlan } from './write-plan.ts';

/** Time after which the write loop gives up. Long enough for eight writers whose plans take half a minute each. */
const WRITE_BOUND_MS = 10 * 60_000;
const BACKOFF_MS_FIRST = 4;
const BACKOFF_MS_MAX = 1000;

export interface WriteDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: DeltaLog;
  readonly definition: TableDefinition;
}

export interface Written {
  /** The version that the commit created. */
  readonly snapshot: Snapshot;
  readonly attempts: number;
}

/**
 * Plans a write and commits it as the next version of the table. If another writer takes that version first, the same
 * plan is retried on the following version, or planned again if `conflictOf` finds a reason.
 */
export async function writeTable(
  deps: WriteDeps,
  head: () => Promise<Snapshot | undefined>,
  planner: Planner,
): Promise<Written | undefined> {
  const attempt = new WriteAttempts(deps);
  let staged: readonly NewFile[] = [];
  try {
    let base = await head();
    for (;;) {
      const plan = await planner(base);
      const kept = new Set(plan?.add.map((file) => file.path));
      await discard(
        deps,
        staged.filter((file) => !kept.has(file.path)),
      );
      staged = plan?.add ?? [];
      if (plan === undefined) return undefined;
      checkPlan(plan, deps.definition, base);
      const result = await attempt.commit(plan, base);
      if (result.committed) return { snapshot: result.snapshot, attempts: attempt.count };
      base = result.snapshot;
    }
  } catch (cause) {
    // Only if the commit is certainly not ours. A failure here must not hide the original one.
    if (!attempt.inDoubt) await discard(deps, staged).catch(() => undefined);
    throw cause;
  }
}

class WriteAttempts {
  readonly #deps: WriteDeps;
  /** One id for the whole write: a commit with this id is ours, whichever attempt made it. */
  readonly #txnId: string;
  readonly #deadlineMs: InstantMs;
  #clashes = 0;
  /** Commits attempted so far. */
  count = 0;
  /** True while a commit of ours may be in the log without our knowing. */
  inDoubt = false;

  constructor(deps: WriteDeps) {
    this.#deps = deps;
    this.#txnId = deps.random.uuid();
    this.#deadlineMs = deps.clock.nowMs() + WRITE_BOUND_MS;
  }

  /** Commits the plan, or returns the newer version to plan against. */
  async commit(
    plan: WritePlan,
    base: Snapshot | undefined,
  ): Promise<{ committed: true; snapshot: Snapshot } | { committed: false; snapshot: Snapshot }> {
    const { log, definition, clock } = this.#deps;
    let onto = base;
    const winners: CommitActions[] = [];
    for (;;) {
      const timestampMs = onto === undefined ? clock.nowMs() : Math.max(clock.nowMs(), onto.timestampMs + 1);
      const actions = this.#actionsOf(plan, onto, timestampMs);
      const other = await this.#settle((onto?.version ?? -1) + 1, actions);
      if (other === undefined) return { committed: true, snapshot: log.extend(onto, [actions]) };

      winners.push(other);
      const advanced = await this.#persist(() => log.advance(log.extend(onto, [other])));
      onto = advanced.snapshot;
      winners.push(...advanced.commits);
      if (conflictOf(plan, definition, base, winners) !== undefined) return { committed: false, snapshot: onto };
    }
  }

  /**
   * The commit point: puts a version's file until its owner is known. Returns undefined if it is ours. Otherwise
   * returns the winner's actions; ours can then never become that version, because the first one wins.
   */
  async #settle(version: number, actions: CommitActions): Promise<CommitActions | undefined> {
    const { store, log } = this.#deps;
    const bytes = serializeCommit(actions);
    for (;;) {
      this.count += 1;
      const outcome = await this.#put(store, log.key(commitName(version)), bytes);
      if (outcome === 'stored') {
        this.inDoubt = false;
        return undefined;
      }
      if (outcome === 'unknown') this.inDoubt = true;
      if (outcome !== 'undecided') {
        const found = await this.#persist(() => log.commit(version));
        if (found !== undefined) {
          this.inDoubt = false;
          if (found.commitInfo?.txnId === this.#txnId) return undefined;
          await this.#backOff();
          return found;
        }
      }
      await this.#backOff();
    }
  }

  async #put(
    store: ObjectStore,
    key: string,
    bytes: Uint8Array,
  ): Promise<'stored' | 'exists' | 'undecided' | 'unknown'> {
    try {
      return await store.putIfAbsent(key, bytes);
    } catch (cause) {
      // The same call may succeed later, but this one may already have taken effect: its reply is lost.
      if (cause instanceof CondvestError && cause.kind === 'transient') return 'unknown';
      // It will not succeed. A read shows whether it took effect anyway; if that fails too, it stays in doubt.
      const doubtBefore = this.inDoubt;
      this.inDoubt = true;
      const found = await this.#deps.store.get(key).catch(() => null);
      if (found === undefined) this.inDoubt = doubtBefore;
      throw cause;
    }
  }

  /** Reads until the outcome is known: giving up earlier would leave the commit in doubt. */
  async #persist<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await read();
      } catch (cause) {
        if (!(cause instanceof CondvestError) || cause.kind !== 'transient') throw cause;
        await this.#backOff(cause);
      }
    }
  }

  /**
   * Waits for a random time that grows with each conflict, so that writers that collided do not collide again in
   * lockstep.
   */
  async #backOff(cause?: unknown): Promise<void> {
    const { clock, random, definition } = this.#deps;
    if (clock.nowMs() >= this.#deadlineMs) {
      throw new CondvestError({
        code: 'lake-write-contention',
        kind: 'transient',
        message: `Cannot write table ${definition.name}: too many concurrent writers, or the store did not respond`,
        found: `${this.count} attempts in ${WRITE_BOUND_MS / 60_000} minutes`,
        action: 'Run the command again when fewer writers are active',
        cause,
      });
    }
    const boundMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** Math.min(this.#clashes, 20));
    this.#clashes += 1;
    await clock.sleep(random.next() * boundMs);
  }

  #actionsOf(plan: WritePlan, onto: Snapshot | undefined, timestampMs: InstantMs): CommitActions {
    const { definition, random } = this.#deps;
    const protocol = onto === undefined ? PROTOCOL : undefined;
    const metaData =
      onto === undefined ? newMetaData(definition, random.uuid(), timestampMs) : widened(onto.metaData, definition);
    if (onto !== undefined) checkWritable(onto.protocol, metaData ?? onto.metaData, definition.name);
    const metrics = Object.entries(plan.operationMetrics ?? {});
    return {
      commitInfo: {
        timestamp: timestampMs,
        operation: plan.operation,
        operationParameters: plan.operationParameters ?? {},
        ...(onto === undefined ? {} : { readVersion: onto.version }),
        isBlindAppend: false,
        ...(plan.dataChange && definition.unitColumn !== undefined ? { sessions: plan.units.toString() } : {}),
        operationMetrics: Object.fromEntries(metrics.map(([name, value]) => [name, String(value)])),
        engineInfo: ENGINE_NAME,
        txnId: this.#txnId,
      },
      protocol,
      metaData,
      txns: [...(plan.txns ?? [])].map(([appId, version]) => ({ appId, version, lastUpdated: timestampMs })),
      removes: plan.remove.map((file) => toRemove(file, plan.dataChange, timestampMs)),
      adds: [
        ...plan.add.map((file) => toAdd(file, plan.dataChange)),
        ...(plan.restore ?? []).map((file) => ({ ...file.add, dataChange: plan.dataChange })),
      ],
    };
  }
}

function checkPlan(plan: WritePlan, definition: TableDefinition, base: Snapshot | undefined): void {
  const { add, restore = [], remove, units, dataChange } = plan;
  for (const file of remove)
    assert(base?.file(file.path) !== undefined, `${file.path} is not in the version planned against`);
  for (const file of [...add, ...restore])
    assert(base?.file(file.path) === undefined, `${file.path} is in the table already`);
  const paths = [...add, ...restore].map((file) => file.path);
  assert(new Set(paths).size === paths.length, 'a file is added twice');
  assert(
    definition.unitColumn === undefined ||
      !dataChange ||
      paths.length + remove.length === 0 ||
      units.size > 0 ||
      // Rows that another program wrote without a unit may be all that a restore takes away.
      plan.isExclusive === true,
    'a change of data names the units it changes',
  );
  if (base === undefined || !dataChange || remove.length === 0 || !isAppendOnly(base.metaData)) return;
  throw new CondvestError({
    code: 'lake-append-only',
    kind: 'permanent',
    message: `Table ${definition.name} was set to append-only by another program, so its rows cannot be corrected`,
    found: 'delta.appendOnly = true',
    action: 'Unset this property of the table',
  });
}

function newMetaData(definition: TableDefinition, id: string, createdTime: InstantMs): MetaData {
  return {
    id,
    name: definition.name,
    description: definition.comment,
    format: { provider: 'parquet', options: {} },
    schemaString: schemaStringOf(definition.columns),
    partitionColumns: definition.partitionBy,
    configuration: CONFIGURATION,
    createdTime,
  };
}

/** Returns the table's metadata with the columns that a newer definition adds, or undefined if it has them all. */
function widened(metaData: MetaData, definition: TableDefinition): MetaData | undefined {
  const schemaString = schemaWithColumns(metaData.schemaString, definition.columns, definition.name);
  return schemaString === undefined ? undefined : { ...metaData, schemaString };
}

function toAdd(file: NewFile, dataChange: boolean): Add {
  return {
    path: encodePath(file.path),
    partitionValues: file.partitionValues,
    size: file.sizeBytes,
    modificationTime: file.modifiedMs,
    dataChange,
    stats: JSON.stringify(file.stats),
    tags: tagsOf(file),
  };
}

function tagsOf({ units, isProved, sha256 }: NewFile): Record<string, string> {
  return {
    ...(units === undefined ? {} : { [UNITS_TAG]: units.toString() }),
    ...(isProved === true ? { [PROVED_TAG]: 'merge' } : {}),
    [CHECKSUM_TAG]: sha256,
  };
}

function toRemove(file: DataFile, dataChange: boolean, timestampMs: InstantMs): Remove {
  return {
    path: file.add.path,
    deletionTimestamp: timestampMs,
    dataChange,
    extendedFileMetadata: true,
    partitionValues: file.partitionValues,
    size: file.sizeBytes,
    ...(file.add.tags === undefined ? {} : { tags: file.add.tags }),
  };
}

async function discard(deps: WriteDeps, files: readonly NewFile[]): Promise<void> {
  if (files.length > 0) await deps.store.delete(files.map((file) => `${deps.definition.name}/${file.path}`));
}
