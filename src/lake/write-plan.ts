import type { InstantMs } from '#base/dates.ts';
import type { CondvestError } from '#base/errors.ts';
import type { SessionSet } from '#market/session-set.ts';

import type { DataFile, NewFile } from './files.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Provenance of a commit beyond its operation, for the history: flat, since other programs' readers expect scalars.
 * Foreign text in it is bounded and printable.
 */
export type OperationParameters = Readonly<Record<string, string | number | null>>;

/** The changes of one commit, planned against one version of a table. */
export interface WritePlan {
  /** For the history, in Delta's terms: `WRITE`, `OPTIMIZE`. */
  readonly operation: string;
  readonly add: readonly NewFile[];
  /**
   * Files of an earlier version that become part of the table again, as the log describes them. Earlier versions need
   * them, so the write loop never deletes them.
   */
  readonly restore?: readonly DataFile[];
  /** Files of the version planned against that the commit removes. */
  readonly remove: readonly DataFile[];
  /** Files whose rows the plan depends on, beyond those it removes. */
  readonly read?: readonly DataFile[];
  /** True if the plan stands on the version planned against alone: after any other commit it is made again. */
  readonly isExclusive?: boolean;
  /**
   * The units whose data the plan writes, or, for a rearrangement, whose files it moves. Empty in tables without units.
   */
  readonly units: SessionSet;
  /** False if the plan only rearranges rows: the same rows before and after. */
  readonly dataChange: boolean;
  /** Checkpoints of inputs, advanced in this same commit. */
  readonly txns?: ReadonlyMap<string, number>;
  readonly operationParameters?: OperationParameters;
  readonly operationMetrics?: Readonly<Record<string, number | string>>;
}

/**
 * Plans a write against a version; returns undefined if there is nothing to do. Called again after a conflict, with the
 * newer version. Once it returns, the write loop owns the files it staged and deletes those that no commit uses.
 */
export type Planner = (base: Snapshot | undefined) => Promise<WritePlan | undefined>;

export interface Committed {
  readonly version: number;
  readonly timestampMs: InstantMs;
  /** Number of commit attempts of this write; 1 without concurrent writers. */
  readonly attempts: number;
  /** Why a due log checkpoint could not be written. The commit stands; a later write retries. */
  readonly checkpointFailure?: CondvestError;
}
