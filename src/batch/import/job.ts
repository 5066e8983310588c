import { defined } from '#base/assert.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { OperationParameters } from '#lake/write-plan.ts';

import { importOrigin } from '../tables/origin.ts';
import { percent, rejectedMax } from './bound.ts';
import { contradictionOfRows } from './check-rows.ts';
import type { Dataset } from './columns.ts';
import { emptyFile, FileProblems } from './file-problems.ts';
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
  /** Accepts bars that are as far apart as weekly or monthly ones. */
  readonly sparse: boolean;
  readonly adjusted: 'none' | 'split' | undefined;
  readonly adjustedThrough: IsoDate | undefined;
  /** The stored splits are complete from this day on; by default from the first of them. */
  readonly splitsFrom: IsoDate | undefined;
  /** SQL of the splits of the same import, which are not stored yet. */
  readonly splits: string | undefined;
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
  /** SQL of the accepted splits, which explain the prices of the same import. */
  readonly splits?: string;
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
  /** Rows whose symbol had spaces around it, which were removed. */
  readonly padded: number;
}

/** Rows of one file that were rejected for one reason; null: accepted. */
export interface ReasonCount {
  readonly fileIndex: number;
  readonly reason: string | null;
  readonly rows: number;
  readonly padded?: number;
  readonly firstSymbol?: string | null;
  readonly lastSymbol?: string | null;
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

/**
 * Sums counts by file and by reason.
 * @throws FileProblems for files that are empty, that contradict what is stated about them, or too many of whose rows were
 * rejected.
 */
export async function validateCounts(
  lake: Lake,
  job: ImportJob,
  counts: readonly ReasonCount[],
  reason: string,
  normalize?: Normalize,
): Promise<ValidatedCounts> {
  const fileCounts = job.readings.map(() => ({
    rows: 0,
    rejected: 0,
    padded: 0,
    byReason: {} as Record<string, number>,
  }));
  const byReason: Record<string, number> = {};
  for (const count of counts) {
    const file = defined(fileCounts[count.fileIndex], 'counts are of files of the job');
    file.rows += count.rows;
    file.padded += count.padded ?? 0;
    if (count.reason === null) continue;
    file.rejected += count.rows;
    for (const sums of [file.byReason, byReason]) sums[count.reason] = (sums[count.reason] ?? 0) + count.rows;
  }
  const rows = counts.reduce((sum, count) => sum + count.rows, 0);
  const validated = { rows, fileCounts, byReason, reason, normalize };
  const problems = new FileProblems();
  const byFile = Map.groupBy(counts, ({ fileIndex }) => fileIndex);
  for (const [index, reading] of job.readings.entries()) {
    const file = defined(fileCounts[index], 'each file is counted');
    const contradiction = contradictionOfRows(reading, byFile.get(index) ?? []);
    if (file.rows === 0) problems.add(reading.file.path, emptyFile(reading.file.path));
    else if (contradiction !== undefined) problems.add(reading.file.path, contradiction);
    else if (file.rejected > rejectedMax(file.rows, job.quarantineBound))
      problems.add(reading.file.path, await overBound(lake, job, reading, file, validated));
  }
  problems.throwIfAny();
  return validated;
}

async function overBound(
  lake: Lake,
  { quarantineBound }: ImportJob,
  reading: SourceReading,
  file: { readonly rows: number; readonly rejected: number; readonly byReason: Readonly<Record<string, number>> },
  validated: ValidatedCounts,
): Promise<CondvestError> {
  const sql = firstRejectedSql(rejectedSql(reading, validated.reason, validated.normalize));
  const [first] = await lake.records<{ rowNumber: number; reason: string; row: string }>(sql);
  const example = first && `; first: row ${first.rowNumber}, ${first.reason}: ${first.row.slice(0, ROW_CHARS_MAX)}`;
  const reasons = Object.entries(file.byReason).map(([name, count]) => `${count} × ${name}`);
  return new CondvestError({
    code: 'import-over-bound',
    kind: 'permanent',
    message: `${file.rejected} of ${file.rows} rows of ${reading.file.path} were rejected, so none was imported`,
    found: `${reasons.join(', ')}${example ?? ''}`,
    allowed: `${percent(quarantineBound)} of the rows${quarantineBound === 0 ? '' : ', or one row'}`,
    action: 'Fix the file, or raise the bound (--quarantine-bound) to quarantine these rows and import the others',
  });
}

const ROW_CHARS_MAX = 500;

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
