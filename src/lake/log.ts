import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import { type CommitActions, isOurs, parseCommit } from './actions.ts';
import { type CheckpointActions, readCheckpoint } from './checkpoint-file.ts';
import type { Engine } from './engine.ts';
import {
  CREATING_NAME,
  checkpointNames,
  commitName,
  firstNameOf,
  LAST_CHECKPOINT_NAME,
  LOG_FOLDER,
  logKey,
  parseLogName,
} from './log-files.ts';
import { nextTimestamp, Replay, type Snapshot } from './snapshot.ts';

/** Number of commit files read concurrently. */
const PARALLEL_READS = 32;
/** Maximum number of checkpoint parts that a hint may claim; the listing is trusted without a bound. */
const PARTS_MAX = 1000;
/** Number of times a read restarts because a cleanup removed a file that had just been listed. */
const LOAD_ATTEMPTS_MAX = 5;

/**
 * Number of times that data files are seen without a log and without a mark before the log counts as lost. Another process
 * may be creating the table: a second listing shows its mark, and the log after that its first commit.
 */
const LEFTOVERS_MIN = 2;

/** Contents of a table's log folder. */
export interface LogListing {
  /** Versions with a commit file, ascending. */
  readonly commits: readonly number[];
  /** Complete checkpoints, ascending by version. */
  readonly checkpoints: readonly LogCheckpoint[];
}

export interface LogCheckpoint {
  readonly version: number;
  readonly parts: number;
}

/** Reads the log of one table: its commits, its checkpoints, and the state at a version. Writes nothing. */
export class DeltaLog {
  readonly table: string;
  readonly #store: ObjectStore;
  readonly #engine: Engine;
  readonly #unitColumn: string | undefined;
  readonly #timestamps = new Map<number, InstantMs>();

  constructor(
    deps: { readonly store: ObjectStore; readonly engine: Engine },
    table: string,
    unitColumn: string | undefined,
  ) {
    this.#store = deps.store;
    this.#engine = deps.engine;
    this.table = table;
    this.#unitColumn = unitColumn;
  }

  key(name: string): string {
    return logKey(this.table, name);
  }

  async commit(version: number): Promise<CommitActions | undefined> {
    const key = this.key(commitName(version));
    const bytes = await this.#store.get(key);
    return bytes === undefined ? undefined : parseCommit(bytes, key);
  }

  /** Returns the commits of versions `from` to `to`, in order, each undefined if its file is gone. */
  async commits(from: number, to: number): Promise<(CommitActions | undefined)[]> {
    const found: (CommitActions | undefined)[] = [];
    for (let start = from; start <= to; start += PARALLEL_READS) {
      const count = Math.min(PARALLEL_READS, to - start + 1);
      found.push(...(await Promise.all(Array.from({ length: count }, (_, i) => this.commit(start + i)))));
    }
    return found;
  }

  /** Lists the log folder from `fromVersion` on. */
  async listing(fromVersion = 0): Promise<LogListing> {
    const commits: number[] = [];
    const parts = new Map<string, number>();
    const checkpoints: LogCheckpoint[] = [];
    const folder = `${this.table}/${LOG_FOLDER}/`;
    // Commit and checkpoint names begin with a digit; `_` and anything else in the folder sorts elsewhere.
    for await (const { key } of this.#store.list(folder, { startAfter: folder + firstNameOf(fromVersion) })) {
      const file = parseLogName(key.slice(folder.length));
      if (file?.kind === 'commit') commits.push(file.version);
      if (file?.kind !== 'checkpoint') continue;
      const id = `${file.version}/${file.parts}`;
      const seen = (parts.get(id) ?? 0) + 1;
      parts.set(id, seen);
      if (seen === file.parts) checkpoints.push({ version: file.version, parts: file.parts });
    }
    return { commits, checkpoints };
  }

  /** Reads `_last_checkpoint`, which is only a hint where to start listing. */
  async lastCheckpointHint(): Promise<LogCheckpoint | undefined> {
    const bytes = await this.#store.get(this.key(LAST_CHECKPOINT_NAME));
    if (bytes === undefined) return undefined;
    try {
      const hint: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
      if (!isRecord(hint)) return undefined;
      const { version, parts = 1 } = hint;
      return isCount(version) && isCount(parts) && parts <= PARTS_MAX ? { version, parts } : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Returns the state at `version`, or at the newest version. Undefined if the table does not exist, or if `version`
   * never existed or can no longer be reconstructed.
   * @throws CondvestError `lake-log-lost` if there are data files but no log, `lake-log-gap` if a commit is missing.
   */
  async load(options: { version?: number; tombstones?: boolean } = {}): Promise<LoadedState | undefined> {
    const leftovers: string[] = [];
    for (let attempt = 1; ; attempt += 1) {
      const state = await this.#tryLoad(options, attempt);
      if (state !== undefined && state !== 'gone') return state;
      if (state === undefined) {
        const [leftover] = leftovers;
        if (leftover !== undefined && leftovers.length >= LEFTOVERS_MIN) throw logLost(this.table, leftover);
        const found = options.version === undefined ? await this.#leftover() : undefined;
        if (found === undefined) return undefined;
        leftovers.push(found);
        continue;
      }
      if (attempt >= LOAD_ATTEMPTS_MAX) {
        throw logGap(this.table);
      }
    }
  }

  /** Returns the path of a file that a table without commits cannot have; undefined if there is none. */
  async #leftover(): Promise<string | undefined> {
    for await (const { key } of this.#store.list(`${this.table}/`)) {
      const path = key.slice(this.table.length + 1);
      if (!path.endsWith('.parquet') && !path.startsWith(`${LOG_FOLDER}/`)) continue;
      const mark = await this.#store.head(`${this.table}/${CREATING_NAME}`);
      return mark === undefined ? path : undefined;
    }
    return undefined;
  }

  async #tryLoad(
    options: { version?: number; tombstones?: boolean },
    attempt: number,
  ): Promise<LoadedState | undefined | 'gone'> {
    const { version, tombstones = false } = options;
    const hint = attempt === 1 ? await this.lastCheckpointHint() : undefined;
    const hinted = hint !== undefined && (version === undefined || hint.version <= version) ? hint : undefined;
    // The listing decides; the checkpoint that it will most likely find is read in the meantime.
    const early = hinted === undefined ? undefined : this.#checkpoint(hinted, tombstones);
    early?.catch(() => undefined);
    let listing = await this.listing(hinted?.version);
    if (hinted !== undefined && listing.checkpoints.length === 0) listing = await this.listing();

    const target = version ?? Math.max(listing.commits.at(-1) ?? -1, listing.checkpoints.at(-1)?.version ?? -1);
    if (target === -1) return undefined;
    const checkpoint = listing.checkpoints.findLast((c) => c.version <= target);
    const from = (checkpoint?.version ?? -1) + 1;
    const present = new Set(listing.commits);
    for (let v = from; v <= target; v += 1) {
      if (present.has(v)) continue;
      // A requested version that is missing on a second listing too either never existed or was cleaned up.
      return version === undefined || attempt < 2 ? 'gone' : undefined;
    }
    const isHinted = checkpoint !== undefined && checkpoint.version === hinted?.version;
    const [base, baseMs, commits] = await Promise.all([
      isHinted && checkpoint.parts === hinted?.parts ? early : checkpoint && this.#checkpoint(checkpoint, tombstones),
      checkpoint && this.timestampOf(checkpoint.version),
      this.commits(from, target),
    ]);
    const replay = new Replay(this.table, this.#unitColumn, { tombstones });
    if (checkpoint !== undefined) {
      if (base === undefined) return 'gone';
      replay.startFrom(checkpoint.version, baseMs ?? newestChangeOf(base), base);
    }
    for (const [i, actions] of commits.entries()) {
      if (actions === undefined) return 'gone';
      replay.apply(from + i, actions);
      this.#timestamps.set(from + i, replay.timestampMs);
    }
    return { snapshot: replay.snapshot(), replay, checkpointVersion: checkpoint?.version };
  }

  #checkpoint(checkpoint: LogCheckpoint, tombstones: boolean): Promise<CheckpointActions | undefined> {
    const keys = checkpointNames(checkpoint.version, checkpoint.parts).map((name) => this.key(name));
    return readCheckpoint({ store: this.#store, engine: this.#engine }, keys, { tombstones });
  }

  /** Returns the snapshot after the commits that follow `base`, or `base` itself if there are none. */
  async advance(base: Snapshot): Promise<{ snapshot: Snapshot; commits: readonly CommitActions[] }> {
    const commits: CommitActions[] = [];
    for (;;) {
      const next = await this.commit(base.version + commits.length + 1);
      if (next === undefined) break;
      commits.push(next);
    }
    if (commits.length === 0) return { snapshot: base, commits };
    return { snapshot: this.extend(base, commits), commits };
  }

  /** Returns `base` with the commits of later versions applied. */
  extend(base: Snapshot | undefined, commits: readonly CommitActions[]): Snapshot {
    const replay = new Replay(this.table, this.#unitColumn, base === undefined ? {} : { base });
    for (const actions of commits) {
      replay.apply(replay.version + 1, actions);
      this.#timestamps.set(replay.version, replay.timestampMs);
    }
    return replay.snapshot();
  }

  /**
   * Returns the instant of a version, like `Snapshot.timestampMs`; undefined if its commit file is gone. Our commits
   * carry their own instant; that of a foreign one follows from the commits before it, back to one of ours.
   */
  async timestampOf(version: number): Promise<InstantMs | undefined> {
    const run: (number | undefined)[] = [];
    let known = Number.NEGATIVE_INFINITY;
    for (let v = version; v >= 0; v -= 1) {
      const cached = this.#timestamps.get(v);
      if (cached !== undefined) {
        known = cached;
        break;
      }
      const actions = await this.commit(v);
      if (actions === undefined) break;
      run.push(actions.commitInfo?.timestamp);
      if (isOurs(actions.commitInfo)) break;
    }
    if (run.length === 0) return Number.isFinite(known) ? known : undefined;
    let timestampMs = known;
    for (const [i, own] of run.reverse().entries()) {
      timestampMs = nextTimestamp(timestampMs, own);
      this.#timestamps.set(version - run.length + 1 + i, timestampMs);
    }
    return timestampMs;
  }

  /** Returns the oldest version that can still be reconstructed, and the newest; undefined if there is no table. */
  async span(): Promise<{ oldest: number; newest: number } | undefined> {
    const { commits, checkpoints } = await this.listing();
    const newest = Math.max(commits.at(-1) ?? -1, checkpoints.at(-1)?.version ?? -1);
    if (newest === -1) return undefined;
    // Go back from the newest as far as the commits are complete.
    let first = newest + 1;
    for (let i = commits.length - 1; i >= 0 && commits[i] === first - 1; i -= 1) first -= 1;
    if (first === 0) return { oldest: 0, newest };
    const base = checkpoints.find((checkpoint) => checkpoint.version >= first - 1);
    if (base === undefined) throw logGap(this.table);
    return { oldest: base.version, newest };
  }
}

export interface LoadedState {
  readonly snapshot: Snapshot;
  readonly replay: Replay;
  /** The log checkpoint that it was read from. */
  readonly checkpointVersion: number | undefined;
}

function logGap(table: string): CondvestError {
  return new CondvestError({
    code: 'lake-log-gap',
    kind: 'corrupt',
    message: `The log of table ${table} has a missing commit`,
    action: 'Restore the file from a backup, or the whole folder: docs/how-to/recover.md',
  });
}

function logLost(table: string, leftover: string): CondvestError {
  return new CondvestError({
    code: 'lake-log-lost',
    kind: 'corrupt',
    message: `The log of table ${table} is gone, but files of the table are there`,
    found: leftover,
    action:
      'Restore its _delta_log folder from a backup. Without one, move the folder away and import or derive its rows again: docs/how-to/recover.md',
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/**
 * Substitute for the instant of a checkpoint whose own commit file was cleaned up by another program (ours retain it).
 */
function newestChangeOf({ adds, others }: CheckpointActions): InstantMs {
  let newestMs = others.metaData?.createdTime ?? 0;
  for (const add of adds) newestMs = Math.max(newestMs, add.read().modificationTime);
  for (const remove of others.removes) newestMs = Math.max(newestMs, remove.deletionTimestamp ?? 0);
  return newestMs;
}
