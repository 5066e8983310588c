import { assert, defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SessionSet } from '#market/session-set.ts';

import { type CommitActions, decodePath, type MetaData, type Protocol, type Remove, type Txn } from './actions.ts';
import type { CheckpointActions } from './checkpoint-file.ts';
import { columnsOf } from './delta-schema.ts';
import { DataFile } from './files.ts';
import { checkReadable } from './protocol.ts';
import type { Column } from './schema.ts';

/** A table at one version: its metadata and its files. Immutable. */
export class Snapshot {
  readonly version: number;
  /** When this version was committed: strictly increasing with the version, whatever other writers' clocks say. */
  readonly timestampMs: number;
  readonly protocol: Protocol;
  readonly metaData: MetaData;
  /** Last version recorded per application id: a derived table's checkpoints of its inputs. */
  readonly txns: ReadonlyMap<string, number>;
  /** Columns of the stored schema; a file may lack columns that were added after it was written. */
  readonly schema: readonly Column[];
  readonly #byPath: ReadonlyMap<string, DataFile>;
  #files: readonly DataFile[] | undefined;
  #unitRange: UnitRange | 'unknown' | undefined;

  constructor(parts: {
    version: number;
    timestampMs: number;
    protocol: Protocol;
    metaData: MetaData;
    txns: ReadonlyMap<string, number>;
    byPath: ReadonlyMap<string, DataFile>;
    schema: readonly Column[];
  }) {
    this.version = parts.version;
    this.timestampMs = parts.timestampMs;
    this.protocol = parts.protocol;
    this.metaData = parts.metaData;
    this.txns = parts.txns;
    this.schema = parts.schema;
    this.#byPath = parts.byPath;
  }

  /** The table's identity: with a new one, versions are not comparable with earlier ones. */
  get tableId(): string {
    return this.metaData.id;
  }

  get configuration(): Readonly<Record<string, string | undefined>> {
    return this.metaData.configuration;
  }

  /** All files, by path. */
  get files(): readonly DataFile[] {
    this.#files ??= [...this.#byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return this.#files;
  }

  /** The first and the last unit of which its files may have rows; undefined if that may be any, or without files. */
  get unitRange(): UnitRange | undefined {
    this.#unitRange ??= unitRangeOf(this.files) ?? 'unknown';
    return this.#unitRange === 'unknown' ? undefined : this.#unitRange;
  }

  get fileCount(): number {
    return this.#byPath.size;
  }

  copyOfFiles(): Map<string, DataFile> {
    return new Map(this.#byPath);
  }

  file(path: string): DataFile | undefined {
    return this.#byPath.get(path);
  }

  /** Returns the files that may contain rows of these units, by path. A file of which nothing is known always may. */
  filesTouching(units: SessionSet): DataFile[] {
    return this.files.filter((file) => file.units === undefined || file.units.intersects(units));
  }
}

export interface UnitRange {
  readonly first: IsoDate;
  readonly last: IsoDate;
}

function unitRangeOf(files: readonly DataFile[]): UnitRange | undefined {
  let range: UnitRange | undefined;
  for (const { units } of files) {
    if (units?.min === undefined || units.max === undefined) return undefined;
    const first = range === undefined || units.min < range.first ? units.min : range.first;
    const last = range === undefined || units.max > range.last ? units.max : range.last;
    range = { first, last };
  }
  return range;
}

/** A tombstone: a formerly live file, and the instant of its removal. */
export interface Tombstone {
  readonly remove: Remove;
  readonly removedMs: number;
}

/**
 * Replays actions into the state of a table (protocol, "Action Reconciliation"). Mutable: `snapshot` takes a copy.
 * Tombstones are collected only on request: reading needs none, checkpoints and vacuum do.
 */
export class Replay {
  readonly #table: string;
  readonly #unitColumn: string | undefined;
  #version = -1;
  #timestampMs = Number.NEGATIVE_INFINITY;
  #protocol: Protocol | undefined;
  #metaData: MetaData | undefined;
  #schema: readonly Column[] | undefined;
  readonly #files: Map<string, DataFile>;
  readonly #txns: Map<string, number>;
  readonly txnActions: Map<string, Txn> = new Map();
  readonly tombstones: Map<string, Tombstone> | undefined;

  constructor(table: string, unitColumn: string | undefined, options: { base?: Snapshot; tombstones?: boolean } = {}) {
    const { base, tombstones = false } = options;
    assert(base === undefined || !tombstones, 'a snapshot has no tombstones to start from');
    this.#table = table;
    this.#unitColumn = unitColumn;
    this.#files = base?.copyOfFiles() ?? new Map();
    this.#txns = new Map(base?.txns);
    this.tombstones = tombstones ? new Map() : undefined;
    if (base !== undefined) {
      this.#version = base.version;
      this.#timestampMs = base.timestampMs;
      this.#protocol = base.protocol;
      this.#metaData = base.metaData;
      this.#schema = base.schema;
    }
  }

  get version(): number {
    return this.#version;
  }

  get timestampMs(): number {
    return this.#timestampMs;
  }

  /** Loads the state of a log checkpoint. */
  startFrom(version: number, timestampMs: number, checkpoint: CheckpointActions): void {
    assert(this.#version === -1, 'a checkpoint comes before any commit');
    this.#apply(checkpoint.others, undefined);
    for (const { path: encoded, read } of checkpoint.adds) {
      const path = decodePath(encoded);
      this.#files.set(path, new DataFile(path, read, this.#unitColumn));
    }
    this.#version = version;
    this.#timestampMs = timestampMs;
  }

  apply(version: number, actions: CommitActions): void {
    assert(version === this.#version + 1, `version ${version} does not follow ${this.#version}`);
    this.#version = version;
    this.#timestampMs = nextTimestamp(this.#timestampMs, actions.commitInfo?.timestamp);
    this.#apply(actions, this.#timestampMs);
  }

  snapshot(): Snapshot {
    const { metaData, protocol } = this.#definition();
    checkReadable(protocol, metaData, this.#table);
    this.#schema ??= columnsOf(metaData.schemaString, this.#table);
    return new Snapshot({
      version: this.#version,
      timestampMs: this.#timestampMs,
      protocol,
      metaData,
      schema: this.#schema,
      txns: new Map(this.#txns),
      byPath: new Map(this.#files),
    });
  }

  #apply(actions: CommitActions, commitMs: number | undefined): void {
    if (actions.protocol !== undefined) this.#protocol = actions.protocol;
    if (actions.metaData !== undefined) {
      this.#metaData = actions.metaData;
      this.#schema = undefined;
    }
    // Before any path is interpreted: it may mean something else in a newer protocol.
    const { protocol, metaData } = this.#definition();
    if (actions.protocol !== undefined || actions.metaData !== undefined) {
      checkReadable(protocol, metaData, this.#table);
    }
    for (const txn of actions.txns) {
      this.#txns.set(txn.appId, txn.version);
      this.txnActions.set(txn.appId, txn);
    }
    for (const remove of actions.removes) {
      const path = decodePath(remove.path);
      this.#files.delete(path);
      const removedMs = commitMs ?? remove.deletionTimestamp ?? Number.POSITIVE_INFINITY;
      this.tombstones?.set(path, { remove, removedMs });
    }
    for (const add of actions.adds) {
      const path = decodePath(add.path);
      this.#files.set(path, new DataFile(path, add, this.#unitColumn));
      this.tombstones?.delete(path);
    }
  }

  #definition(): { protocol: Protocol; metaData: MetaData } {
    if (this.#protocol === undefined || this.#metaData === undefined) {
      throw new CondvestError({
        code: 'lake-log-corrupt',
        kind: 'corrupt',
        message: `The log of table ${this.#table} does not begin with a protocol and metadata`,
      });
    }
    return { protocol: defined(this.#protocol, 'protocol'), metaData: defined(this.#metaData, 'metadata') };
  }
}

/**
 * Returns the instant of a version, from that of the previous version and the commit's own. Ours are already strictly
 * increasing; other writers' clocks may be behind, or they may give no instant at all.
 */
export function nextTimestamp(previousMs: number, ownMs: number | undefined): number {
  if (previousMs === Number.NEGATIVE_INFINITY) return ownMs ?? 0;
  return Math.max(previousMs + 1, ownMs ?? 0);
}
