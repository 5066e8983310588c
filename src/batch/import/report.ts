import type { IsoDate } from '#base/dates.ts';
import type { WarningExample } from '#lake/reports.ts';

import type { UndoPoint } from '../tables/undo.ts';
import type { Dataset } from './columns.ts';

/** Result of an import, or of its dry run. Counts are rows unless named otherwise. */
export interface ImportReport {
  readonly dryRun: boolean;
  /** False if everything was stored already. */
  readonly changed: boolean;
  readonly files: readonly FileReport[];
  /** Files that were left out. */
  readonly refused: readonly { readonly path: string; readonly code: string; readonly reason: string }[];
  /** Files in folders that are not data by their names. */
  readonly otherFiles: number;
  readonly datasets: readonly DatasetReport[];
  /** The way back, for each table that was written. */
  readonly undo: readonly UndoPoint[];
}

export interface FileReport {
  readonly path: string;
  readonly dataset: Dataset;
  /** Whether the dataset was guessed from the columns. */
  readonly guessed: boolean;
  readonly sizeBytes: number;
  /** SHA-256, hex. */
  readonly digest: string;
  readonly rows: number;
  readonly quarantined: number;
  /** Rows whose symbol had spaces around it, which were removed. */
  readonly padded: number;
  /** Assumptions made in reading the file, which does not state them. */
  readonly notes: readonly string[];
  /** Columns that are no field of the dataset. */
  readonly ignoredColumns: readonly string[];
}

export interface DatasetReport {
  readonly dataset: Dataset;
  readonly source: string;
  readonly rows: number;
  readonly inserted: number;
  readonly replaced: number;
  readonly unchanged: number;
  /** Rows that differ from those of a source of higher rank. They changed nothing. */
  readonly conflicts: number;
  /** The first conflicts. */
  readonly conflictExamples: readonly ConflictExample[];
  /** Equal rows in the files beyond the first of each. */
  readonly duplicates: number;
  readonly quarantined: number;
  readonly quarantinedByReason: Readonly<Record<string, number>>;
  /** Rows added to the quarantine. */
  readonly newlyQuarantined: number;
  /** Version of the quarantine, if one was written. */
  readonly quarantineVersion?: number;
  /** Accepted rows that raised a warning, by kind. */
  readonly warnings: Readonly<Record<string, number>>;
  readonly warningExamples: readonly WarningExample[];
  /** Daily bars only: the sessions in the files, and their states afterwards. */
  readonly sessions?: SessionsReport;
  /** Version of the table, if one was written. */
  readonly version?: number;
}

export interface ConflictExample {
  readonly symbol: string;
  readonly date: IsoDate;
  readonly storedSource: string | null;
  /** Values as JSON text. */
  readonly stored: string;
  readonly incoming: string;
}

export interface SessionsReport {
  readonly count: number;
  readonly first: IsoDate;
  readonly last: IsoDate;
  readonly byState: Readonly<Record<string, number>>;
  /** Stored bars of these sessions that are not in the files. They were kept. */
  readonly kept: number;
}
