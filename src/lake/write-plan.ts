import type { InstantMs } from '#base/dates.ts';
import type { CondvestError } from '#base/errors.ts';
import type { SessionSet } from '#market/session-set.ts';

import type { DataFile, NewFile } from './files.ts';
import type { Snapshot } from './snapshot.ts';

/** What one commit is to do to a table, as planned against one version of it. */
export interface WritePlan {
  /** For the history, in Delta's manner: `WRITE`, `OPTIMIZE`. */
  readonly operation: string;
  readonly add: readonly NewFile[];
  /** Files of the version planned against that the next one shall not have. */
  readonly remove: readonly DataFile[];
  /** Files whose rows the plan rests on, beyond those it removes. */
  readonly read?: readonly DataFile[];
  /** The units whose data the plan writes; for a rearrangement, whose files it moves. Empty in tables without units. */
  readonly units: SessionSet;
  /** False where the plan only rearranges rows: the same rows before and after. */
  readonly dataChange: boolean;
  /** Checkpoints of inputs, moved in this same commit. */
  readonly txns?: ReadonlyMap<string, number>;
  readonly operationMetrics?: Readonly<Record<string, number | string>>;
}

/**
 * Plans a write against a version; undefined where there is nothing to do. Called again after a conflict, with the newer
 * version. The files it stages belong to the write loop once it has returned: those that no commit takes are deleted.
 */
export type Planner = (base: Snapshot | undefined) => Promise<WritePlan | undefined>;

export interface Committed {
  readonly version: number;
  readonly timestampMs: InstantMs;
  /** Times a commit was put, by this write; 1 where nobody was in the way. */
  readonly attempts: number;
  /** Why the log's checkpoint that was due could not be written. The commit stands; a later write tries again. */
  readonly checkpointFailure?: CondvestError;
}
