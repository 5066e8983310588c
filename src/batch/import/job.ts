import type { InstantMs } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';

import { checkBound } from './bound.ts';
import { firstRejectedSql } from './quarantine.sql.ts';
import type { RejectedRows } from './quarantine.ts';
import { type Normalise, rejectedSql, type SourceReading } from './read.sql.ts';
import type { DatasetReport } from './report.ts';

/** One dataset's part of an import. */
export interface ImportJob {
  /** Of this one dataset. */
  readonly readings: readonly SourceReading[];
  /** SHA-256 of the reading's file. */
  readonly digestOf: (reading: SourceReading) => string;
  readonly source: string;
  readonly seenAtMs: InstantMs;
  readonly replace: boolean;
  readonly dryRun: boolean;
  readonly quarantineBound: number;
  readonly onStep: (step: string) => void;
}

/** Rows that were read and judged, and proved to be under the bound; nothing of them is written yet. */
export interface PreparedImport extends AsyncDisposable {
  /** By place of the file among the readings. */
  readonly fileCounts: readonly FileCounts[];
  /** Writes quarantine, rows and what follows from them. Running it again changes nothing. */
  commit(): Promise<CommittedImport>;
}

export interface CommittedImport {
  readonly report: DatasetReport;
  /** Something was written. */
  readonly changed: boolean;
}

export interface FileCounts {
  readonly rows: number;
  readonly rejected: number;
}

/** Rows of one file that met one reason; null: accepted. */
export interface ReasonCount {
  readonly file_index: number;
  readonly reason: string | null;
  readonly rows: number;
}

/** Rows and refused rows of each file, and refused rows by reason; throws where they are over the bound. */
export async function validateCounts(
  lake: Lake,
  job: ImportJob,
  counts: readonly ReasonCount[],
  reason: string,
  normalise?: Normalise,
): Promise<{ fileCounts: FileCounts[]; byReason: Record<string, number>; rows: number }> {
  const fileCounts = job.readings.map(() => ({ rows: 0, rejected: 0 }));
  const byReason: Record<string, number> = {};
  let rows = 0;
  for (const count of counts) {
    rows += count.rows;
    const file = fileCounts[count.file_index];
    if (file !== undefined) file.rows += count.rows;
    if (count.reason === null) continue;
    if (file !== undefined) file.rejected += count.rows;
    byReason[count.reason] = (byReason[count.reason] ?? 0) + count.rows;
  }
  const bound = job.quarantineBound;
  const rejected = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  if (rejected > bound * rows)
    checkBound({ rows, byReason, bound }, await firstRejected(lake, job, fileCounts, reason, normalise));
  return { fileCounts, byReason, rows };
}

async function firstRejected(
  lake: Lake,
  job: ImportJob,
  fileCounts: readonly FileCounts[],
  reason: string,
  normalise: Normalise | undefined,
): Promise<string | undefined> {
  const reading = job.readings.find((_, index) => (fileCounts[index]?.rejected ?? 0) > 0);
  if (reading === undefined) return undefined;
  const [row] = await lake.rows<{ row_number: number; reason: string; row: string }>(
    firstRejectedSql(rejectedSql(reading, reason, normalise)),
  );
  return row === undefined ? undefined : `row ${row.row_number} of ${reading.file.path}, ${row.reason}: ${row.row}`;
}

/** The refused rows of the files that have any, for quarantine. */
export function rejectedRows(
  job: ImportJob,
  fileCounts: readonly FileCounts[],
  reason: string,
  normalise?: Normalise,
): RejectedRows[] {
  return job.readings.flatMap((reading, index) =>
    (fileCounts[index]?.rejected ?? 0) === 0
      ? []
      : [
          {
            select: rejectedSql(reading, reason, normalise),
            dataset: reading.dataset,
            digest: job.digestOf(reading),
            source: job.source,
          },
        ],
  );
}
