import type { IsoDate } from '#base/dates.ts';

import type { Dataset } from './columns.ts';

/** Result of an import or a dry run. Counts are rows unless named otherwise. */
export interface ImportReport {
  readonly dryRun: boolean;
  /** False: everything was there already, and nothing was written. */
  readonly changed: boolean;
  readonly files: readonly FileReport[];
  readonly datasets: readonly DatasetReport[];
}

export interface FileReport {
  readonly path: string;
  readonly dataset: Dataset;
  /** The dataset was guessed from the columns. */
  readonly guessed: boolean;
  readonly sizeBytes: number;
  /** SHA-256, hex. */
  readonly digest: string;
  readonly rows: number;
  readonly quarantined: number;
  /** Columns of the file that the dataset has no field for. */
  readonly ignoredColumns: readonly string[];
}

export interface DatasetReport {
  readonly dataset: Dataset;
  readonly source: string;
  readonly rows: number;
  readonly inserted: number;
  readonly replaced: number;
  readonly unchanged: number;
  /** Rows that differ from what a source of higher rank gave. Nothing was changed by them. */
  readonly conflicts: number;
  /** The first of them. */
  readonly conflictExamples: readonly ConflictExample[];
  /** Equal rows that occurred more than once in the files; each counted beyond the first. */
  readonly duplicates: number;
  readonly quarantined: number;
  readonly quarantinedByReason: Readonly<Record<string, number>>;
  /** Rows in quarantine that were not there before. */
  readonly newlyQuarantined: number;
  /** Rows that were kept and are worth a look, by kind. */
  readonly warnings: Readonly<Record<string, number>>;
  readonly warningExamples: readonly WarningExample[];
  /** Daily bars only: the sessions in the files, and their states after. */
  readonly sessions?: SessionsReport;
  /** Version of the table after, where one was written. */
  readonly version?: number;
}

export interface ConflictExample {
  readonly symbol: string;
  readonly date: IsoDate;
  readonly storedSource: string | null;
  /** JSON text of the values. */
  readonly stored: string;
  readonly incoming: string;
}

export interface WarningExample {
  readonly kind: string;
  readonly symbol: string;
  readonly date: IsoDate;
  readonly detail: string;
}

export interface SessionsReport {
  readonly count: number;
  readonly first: IsoDate;
  readonly last: IsoDate;
  readonly byState: Readonly<Record<string, number>>;
  /** Stored bars of these sessions that the files did not bring. They were kept. */
  readonly kept: number;
}
