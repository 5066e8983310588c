import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SessionSet } from '#market/session-set.ts';

import { type CommitActions, type CommitInfo, decodePath, isOurs, type Remove } from './actions.ts';
import { uncancelable } from './cancellation.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { checkIntact } from './checksums.ts';
import { type CleanOptions, type CleanReport, cleanLog } from './clean-log.ts';
import { writeTable } from './commit.ts';
import { type Compaction, type CompactOptions, type CompactRules, compactTable } from './compact.ts';
import { changedUnits, changesData } from './conflict.ts';
import { type DataFileRequest, writeDataFile } from './data-file.ts';
import { DataFile, type NewFile } from './files.ts';
import { type HistoryEntry, historyOf } from './history.ts';
import type { LakeDeps } from './lake-deps.ts';
import { DeltaLog } from './log.ts';
import { CREATING_NAME } from './log-files.ts';
import { checkpointInterval } from './protocol.ts';
import { discardStaged, type HeldFile, heldFiles, type PutRequest, type StagedPut, stagePut } from './put.ts';
import { type Restoration, type RestorePoint, restoreTable } from './restore.ts';
import { selectInOrder } from './scan.sql.ts';
import { type ScanOptions, scanSql } from './scan.ts';
import type { TableDefinition } from './schema.ts';
import { nextTimestamp, type Snapshot } from './snapshot.ts';
import { oldestReadable, tooOld, versionAsOf, versionChecked } from './time-travel.ts';
import { type VacuumOptions, type VacuumReport, vacuum } from './vacuum.ts';
import type { Committed, Planner } from './write-plan.ts';

/** Record of one commit. */
export interface CommitRecord {
  readonly version: number;
  readonly timestampMs: InstantMs;
  readonly operation: string;
  /** False for the commits of other programs. */
  readonly ours: boolean;
  /** False where rows were only moved between files. */
  readonly dataChange: boolean;
  /** The units whose data changed; undefined: it may be any. */
  readonly units: SessionSet | undefined;
  readonly added: readonly DataFile[];
  readonly removed: readonly RemovedFile[];
  readonly txns: ReadonlyMap<string, number>;
  readonly info: CommitInfo;
}

export interface RemovedFile {
  readonly path: string;
  readonly remove: Remove;
}

/** Old versions kept in memory, for repeated questions about the same instant. */
const OLD_SNAPSHOTS_MAX = 4;

/** One Delta table: its versions, and the ways to make the next one. */
export class Table {
  readonly def: TableDefinition;
  readonly #deps: LakeDeps;
  readonly #log: DeltaLog;
  readonly #old = new Map<number, Snapshot>();
  #records: { readonly snapshot: Snapshot; readonly rows: Promise<unknown[]> } | undefined;
  #head: Snapshot | undefined;
  /** The newest checkpoint of the log that this process knows of. */
  #checkpointVersion: number | undefined;

  constructor(deps: LakeDeps, definition: TableDefinition) {
    this.def = definition;
    this.#deps = deps;
    this.#log = new DeltaLog(deps, definition.name, definition.unitColumn);
  }

  /** The newest version; undefined where the table was not created yet. Reads only what is new since the last call. */
  async head(): Promise<Snapshot | undefined> {
    const known = this.#head;
    const loaded = known === undefined ? (await this.#log.load())?.snapshot : (await this.#log.advance(known)).snapshot;
    return this.#keepHead(loaded);
  }

  /**
   * The version of a number, or the last one that is not later than an instant; undefined where there was no table yet.
   */
  async at(point: { readonly version: number } | { readonly asOfMs: InstantMs }): Promise<Snapshot | undefined> {
    const head = await this.head();
    if (head === undefined) return undefined;
    const version =
      'version' in point
        ? await versionChecked(this.#log, head, point.version)
        : await versionAsOf(this.#log, head, point.asOfMs);
    if (version === undefined) return undefined;
    if (version === head.version) return head;
    const known = this.#old.get(version);
    if (known !== undefined) return known;
    const snapshot = (await this.#log.load({ version }))?.snapshot;
    if (snapshot === undefined) throw await tooOld(this.#log, head, `version ${version}`);
    this.#old.set(version, snapshot);
    for (const oldest of this.#old.keys()) if (this.#old.size > OLD_SNAPSHOTS_MAX) this.#old.delete(oldest);
    return snapshot;
  }

  /** Returns the oldest version that can be read, with its instant if that is known; undefined without a table. */
  async oldest(): Promise<{ readonly version: number; readonly timestampMs: InstantMs | undefined } | undefined> {
    const head = await this.head();
    if (head === undefined) return undefined;
    const version = Math.max((await this.#log.span())?.oldest ?? 0, oldestReadable(head));
    return { version, timestampMs: await this.#log.timestampOf(version) };
  }

  /** Plans and commits one version, whoever else is writing. Undefined where the planner finds nothing to do. */
  async write(planner: Planner): Promise<Committed | undefined> {
    const deps = { ...this.#deps, log: this.#log, definition: this.def };
    const written = await writeTable(deps, () => this.head(), planner);
    if (written === undefined) return undefined;
    const { snapshot, attempts } = written;
    this.#keepHead(snapshot);
    if (snapshot.version === 0) await this.#unmarkCreation();
    const checkpointFailure = await this.#checkpointIfDue(snapshot);
    const committed = { version: snapshot.version, timestampMs: snapshot.timestampMs, attempts };
    return checkpointFailure === undefined ? committed : { ...committed, checkpointFailure };
  }

  /** Returns the text of a SELECT over the rows of these files; see `scanSql`. */
  scanSql(files: readonly (DataFile | NewFile)[], options?: ScanOptions): Promise<string> {
    return scanSql(this.#deps, this.def, files, options);
  }

  /**
   * Returns the text of a SELECT of all rows of a version; of no rows if the table does not exist yet. For small tables:
   * their files are compared with their checksums first.
   */
  async rowsSql(snapshot: Snapshot | undefined): Promise<string> {
    const files = snapshot?.files ?? [];
    await this.checkIntact(files);
    return this.scanSql(files);
  }

  /**
   * Returns all rows of a version in the table's order, named as `Engine.records` names them. For small tables: the
   * rows of the last version asked for stay in memory, since the steps of a run ask for them a dozen times.
   */
  async records<T>(snapshot: Snapshot | undefined): Promise<readonly T[]> {
    if (snapshot === undefined) return [];
    if (this.#records?.snapshot !== snapshot) {
      const read = async (): Promise<unknown[]> =>
        this.#deps.engine.records(selectInOrder(await this.rowsSql(snapshot), this.def.sortBy));
      const records = { snapshot, rows: uncancelable(read) };
      this.#records = records;
      records.rows.catch(() => {
        if (this.#records === records) this.#records = undefined;
      });
    }
    return this.#records.rows as Promise<T[]>;
  }

  /** Returns the files with the units that each of them holds. */
  heldFiles(files: readonly DataFile[]): Promise<HeldFile[]> {
    return heldFiles(this.#deps, this.def, files);
  }

  /** Returns the local path of a file, to be read by DuckDB. */
  localPath(file: DataFile): Promise<string> {
    return this.#deps.store.localPath(`${this.def.name}/${file.path}`);
  }

  /** Returns the size of a file in the store; undefined where the store does not have it. */
  async storedSize({ path }: { readonly path: string }): Promise<number | undefined> {
    return (await this.#deps.store.head(`${this.def.name}/${path}`))?.sizeBytes;
  }

  /** Throws unless these files have the bytes that were written; see `checkIntact`. For rows that are to be written again. */
  checkIntact(files: readonly DataFile[]): Promise<void> {
    return checkIntact(this.#deps, this.def, files);
  }

  /** Returns the SHA-256 of a file's bytes in the store; undefined where the store does not have it. */
  storedSha256({ path }: { readonly path: string }): Promise<string | undefined> {
    return this.#deps.store.sha256(`${this.def.name}/${path}`);
  }

  /** Writes one data file for a plan to name; see `writeDataFile`. */
  async writeDataFile(request: DataFileRequest): Promise<NewFile | undefined> {
    await this.#markCreation();
    return writeDataFile(this.#deps, this.def, request);
  }

  /** Writes the files of a put for a plan to name; see `stagePut`. */
  async stagePut(base: Snapshot | undefined, request: PutRequest): Promise<StagedPut> {
    await this.#markCreation();
    return stagePut(this.#deps, this.def, base, request);
  }

  /** Deletes staged files that no commit names. */
  discardStaged(files: readonly NewFile[]): Promise<void> {
    return discardStaged(this.#deps, this.def, files);
  }

  /** Merges files, one commit per year; see `compactTable`. */
  compact(rules: CompactRules, options?: CompactOptions): Promise<Compaction[]> {
    return compactTable(this.#deps, this, rules, options);
  }

  /** Commits a version with the rows of an earlier one; see `restoreTable`. */
  restore(point: RestorePoint, options?: { readonly dryRun?: boolean }): Promise<Restoration> {
    return restoreTable({ ...this.#deps, log: this.#log }, this, point, options);
  }

  /**
   * The commits of versions `from` to `to`, both included, in order. Throws `lake-commit-missing` where one is gone.
   */
  async *commits(from: number, to: number): AsyncIterable<CommitRecord> {
    let previousMs = from > 0 ? await this.#log.timestampOf(from - 1) : undefined;
    for (let start = from; start <= to; start += COMMITS_AT_ONCE) {
      const batch = await this.#log.commits(start, Math.min(to, start + COMMITS_AT_ONCE - 1));
      for (const [i, actions] of batch.entries()) {
        const version = start + i;
        if (actions === undefined) throw commitMissing(this.def.name, version);
        const timestampMs = nextTimestamp(previousMs ?? Number.NEGATIVE_INFINITY, actions.commitInfo?.timestamp);
        previousMs = timestampMs;
        yield this.#record(version, timestampMs, actions);
      }
    }
  }

  /** The newest versions, newest first. */
  async history(limit = 100): Promise<HistoryEntry[]> {
    const head = await this.head();
    return head === undefined ? [] : historyOf(this.#log, head, limit);
  }

  /** Writes a checkpoint of the newest version now; commits do so by themselves every so often. */
  async checkpoint(): Promise<number | undefined> {
    this.#checkpointVersion = await writeCheckpoint(this.#deps, this.#log);
    return this.#checkpointVersion;
  }

  /** Deletes the part of the log that is older than the table's log retention. Undefined: no table. */
  async cleanLog(options: CleanOptions = {}): Promise<CleanReport | undefined> {
    const head = await this.head();
    if (head === undefined) return undefined;
    const { store, clock } = this.#deps;
    return cleanLog({ store, nowMs: clock.nowMs() }, this.#log, head, options);
  }

  /** Deletes data files that no version inside the retention needs. Undefined: no table. */
  async vacuum(options: VacuumOptions = {}): Promise<VacuumReport | undefined> {
    const { store, clock } = this.#deps;
    const write = (planner: Planner): Promise<unknown> => this.write(planner);
    return vacuum({ store, log: this.#log, nowMs: clock.nowMs(), write }, options);
  }

  /** Says that the first data files of the table precede its log; see `CREATING_NAME`. */
  async #markCreation(): Promise<void> {
    if (this.#head !== undefined || (await this.head()) !== undefined) return;
    await this.#deps.store.put(`${this.def.name}/${CREATING_NAME}`, new Uint8Array());
  }

  /** After the first commit, which stands: a mark that could not be deleted only keeps a lost log from being noticed. */
  async #unmarkCreation(): Promise<void> {
    try {
      await this.#deps.store.delete([`${this.def.name}/${CREATING_NAME}`]);
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
    }
  }

  #record(version: number, timestampMs: InstantMs, actions: CommitActions): CommitRecord {
    const { unitColumn } = this.def;
    return {
      version,
      timestampMs,
      operation: actions.commitInfo?.operation ?? 'unknown',
      ours: isOurs(actions.commitInfo),
      dataChange: changesData(actions),
      units: changedUnits(actions, unitColumn),
      added: actions.adds.map((add) => new DataFile(decodePath(add.path), add, unitColumn)),
      removed: actions.removes.map((remove) => ({ path: decodePath(remove.path), remove })),
      txns: new Map(actions.txns.map((txn) => [txn.appId, txn.version])),
      info: actions.commitInfo ?? {},
    };
  }

  /** Calls overlap; the newest version that any of them has seen stays. */
  #keepHead(seen: Snapshot | undefined): Snapshot | undefined {
    if (seen !== undefined && (this.#head === undefined || seen.version > this.#head.version)) this.#head = seen;
    return this.#head;
  }

  /**
   * After a commit, which stands whatever happens here: a checkpoint only makes opening quick. One that failed is due
   * still at the next commit.
   */
  async #checkpointIfDue(snapshot: Snapshot): Promise<CondvestError | undefined> {
    const interval = checkpointInterval(snapshot.metaData);
    if (snapshot.version - (this.#checkpointVersion ?? 0) < interval) return undefined;
    try {
      // Another process may have written one since this one last looked.
      this.#checkpointVersion = (await this.#log.lastCheckpointHint())?.version;
      if (snapshot.version - (this.#checkpointVersion ?? 0) < interval) return undefined;
      this.#checkpointVersion = await writeCheckpoint(this.#deps, this.#log, snapshot.version);
      return undefined;
    } catch (cause) {
      if (cause instanceof CondvestError) return cause;
      throw cause;
    }
  }
}

const COMMITS_AT_ONCE = 32;

function commitMissing(table: string, version: number): CondvestError {
  return new CondvestError({
    code: 'lake-commit-missing',
    kind: 'permanent',
    message: `Commit ${version} of table ${table} is no longer in its log`,
    action: 'What was derived from this table must be rebuilt in full',
  });
}
