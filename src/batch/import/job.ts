import type { InstantMs } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { OperationParameters } from '#lake/write-plan.ts';

import { importOrigin } from '../tables/origin.ts';
import { checkBound } from './bound.ts';
import type { Dataset } from './columns.ts';
import { firstRejectedSql } from './quarantine.sql.ts';
import { quarantine, type RejectedRows } from './quarantine.ts';
import { type Normalize, rejectedSql, type SourceReading } from './read.sql.ts';
import type { DatasetReport } from './report.ts';

/** The part of an import that concerns one dataset. */
export interface ImportJob {
  readonly dataset: Dataset;
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

/** Returns the provenance of the job's commits, for the history. To be called once the files are digested. */
export function originOf({ source, readings, digestOf }: ImportJob): OperationParameters {
  const [first] = readings;
  return importOrigin({
    source,
    files: readings.length,
    path: first?.file.path ?? '',
    digest: first === undefined ? '' : digestOf(first),
  });
}

/** Rows that were read, validated and found to be within the bound, but not written yet. */
export interface PreparedImport extends AsyncDisposable {
  /** In the order of the readings. */
  readonly fileCounts: readonly FileCounts[];
  /** Writes the quarantine and the rows. Running it again changes nothing. */
  commit(): Promise<CommittedImport>;
}

export interface CommittedImport {
  readonly report: DatasetReport;
  /** Whether anything was written. */
  readonly changed: boolean;
}

export interface FileCounts {
  readonly rows: number;
  readonly rejected: number;
}

/** Rows of one file that were rejected for one reason; null: accepted. */
export interface ReasonCount {
  readonly fileIndex: number;
  readonly reason: string | null;
  readonly rows: number;
}

/** Counts of validated rows, and how they were validated. */
export interface ValidatedCounts {
  readonly rows: number;
  readonly fileCounts: readonly FileCounts[];
  readonly byReason: Readonly<Record<string, number>>;
  /** SQL of the reason for rejecting a typed row. */
  readonly reason: string;
  readonly normalize: Normalize | undefined;
}

/** Sums counts by file and by reason. Throws `import-over-bound` if too many rows were rejected. */
export async function validateCounts(
  lake: Lake,
  job: ImportJob,
  counts: readonly ReasonCount[],
  reason: string,
  normalize?: Normalize,
): Promise<ValidatedCounts> {
  const fileCounts = job.readings.map(() => ({ rows: 0, rejected: 0 }));
  const byReason: Record<string, number> = {};
  for (const count of counts) {
    const file = fileCounts[count.fileIndex];
    if (file !== undefined) file.rows += count.rows;
    if (count.reason === null) continue;
    if (file !== undefined) file.rejected += count.rows;
    byReason[count.reason] = (byReason[count.reason] ?? 0) + count.rows;
  }
  const validated = {
    rows: counts.reduce((sum, { rows }) => sum + rows, 0),
    fileCounts,
    byReason,
    reason,
    normalize,
  };
  await checkBound(validated, job.quarantineBound, () => firstRejected(lake, job, validated));
  return validated;
}

export function rejectedTotal({ byReason }: Pick<ValidatedCounts, 'byReason'>): number {
  return Object.values(byReason).reduce((sum, rows) => sum + rows, 0);
}

/** The part of a dataset's report that its own rules fill. */
type WrittenRows = Omit<
  DatasetReport,
  'dataset' | 'source' | 'rows' | 'quarantined' | 'quarantinedByReason' | 'newlyQuarantined' | 'quarantineVersion'
>;

/** Returns an import whose `commit` quarantines rejected rows and calls `write`. It takes over the scratch files. */
export function preparedImport(
  lake: Lake,
  job: ImportJob,
  validated: ValidatedCounts,
  scratch: AsyncDisposableStack,
  write: () => Promise<WrittenRows & { readonly ledgerChanged?: boolean }>,
): PreparedImport {
  const kept = scratch.move();
  return {
    fileCounts: validated.fileCounts,
    commit: async () => {
      job.onStep('writing');
      const rejected = job.dryRun ? [] : rejectedRows(job, validated);
      const { added, version: quarantineVersion } = await quarantine(lake, rejected, job.seenAtMs, originOf(job));
      const { ledgerChanged = false, ...written } = await write();
      const report: DatasetReport = {
        dataset: job.dataset,
        source: job.source,
        rows: validated.rows,
        ...written,
        quarantined: rejectedTotal(validated),
        quarantinedByReason: validated.byReason,
        newlyQuarantined: added,
        ...(quarantineVersion === undefined ? {} : { quarantineVersion }),
      };
      return { report, changed: written.version !== undefined || ledgerChanged || added > 0 };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function firstRejected(lake: Lake, job: ImportJob, validated: ValidatedCounts): Promise<string | undefined> {
  const reading = job.readings.find((_, index) => (validated.fileCounts[index]?.rejected ?? 0) > 0);
  if (reading === undefined) return undefined;
  const sql = firstRejectedSql(rejectedSql(reading, validated.reason, validated.normalize));
  const [first] = await lake.records<{ rowNumber: number; reason: string; row: string }>(sql);
  return first && `row ${first.rowNumber} of ${reading.file.path}, ${first.reason}: ${first.row}`;
}

/** Returns the rejected rows of the files that have any. */
function rejectedRows(job: ImportJob, { fileCounts, reason, normalize }: ValidatedCounts): RejectedRows[] {
  const { dataset, source } = job;
  return job.readings
    .filter((_, index) => (fileCounts[index]?.rejected ?? 0) > 0)
    .map((reading) => ({
      select: rejectedSql(reading, reason, normalize),
      dataset,
      digest: job.digestOf(reading),
      source,
    }));
}
